import { randomFillSync } from 'node:crypto';
import { TypeID } from 'typeid-js';

const idBytes = 16;
/** Taken from the system for 256 ids at once: for each by itself it would be most of what an id costs. */
const random = Buffer.alloc(256 * idBytes);
let used = random.length;

/** A new TypeID (UUIDv7, RFC 9562): the moment in its first 48 bits, 74 random bits after it. */
export function newId<Prefix extends string>(prefix: Prefix, nowMs: number): `${Prefix}_${string}` {
  const bytes = randomBytes();
  bytes.writeUIntBE(nowMs, 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const suffix = TypeID.fromUUIDBytes(prefix, bytes).getSuffix();
  return `${prefix}_${suffix}`;
}

/** Never the same ones twice. */
function randomBytes(): Buffer {
  if (used === random.length) {
    randomFillSync(random);
    used = 0;
  }
  const bytes = Buffer.from(random.subarray(used, used + idBytes));
  used += idBytes;
  return bytes;
}

/** The moment that an id was made, milliseconds since the epoch. The id must be one of ours. */
export const timeOfId = (id: string): number => Buffer.from(TypeID.fromString(id).toUUIDBytes()).readUIntBE(0, 6);
