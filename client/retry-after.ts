/** What `Retry-After` asks for. Only seconds are read: a date would be compared with a clock that may be wrong. */
export function retryAfterSecondsOf(response: Response | undefined): number | undefined {
  const header = response?.headers.get('retry-after');
  return header && /^\d{1,6}$/.test(header) ? Number(header) : undefined;
}
