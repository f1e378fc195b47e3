/** What `Retry-After` asks for. Only seconds are read: a date would be compared with a clock that may be wrong. */
export function retryAfterSecondsOf(headers: Headers | undefined): number | undefined {
  const value = headers?.get('retry-after');
  return value && /^\d{1,6}$/.test(value) ? Number(value) : undefined;
}
