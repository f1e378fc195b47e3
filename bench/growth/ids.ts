const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const timeCharacters = 10;
const bitsPerCharacter = 5;

/**
 * SQL for an id like ours (a TypeID, see `server/id.ts`): ten characters of the millisecond, then version, variant and what
 * is random in real ones, here of a hash, so that the same number gives the same id again.
 */
export function idSql(prefix: string, millisecondsSql: string, numberSql: string): string {
  const time = Array.from({ length: timeCharacters }, (_none, index) => {
    const shift = (timeCharacters - 1 - index) * bitsPerCharacter;
    return `substr('${alphabet}', (((${millisecondsSql}) >> ${shift}) & 31)::int + 1, 1)`;
  }).join(' || ');
  const hash = `md5('${prefix}' || ${numberSql})`;
  return `'${prefix}_' || ${time} || 'e' || substr(${hash}, 1, 2) || 'a' || substr(${hash}, 4, 12)`;
}
