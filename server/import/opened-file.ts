import { type FileHandle, open } from 'node:fs/promises';
import { ImportError } from './record.ts';

/** A regular file of text, ready to be read once. */
export interface OpenedFile {
  readonly path: string;
  /** Its first characters. */
  readonly head: string;
  readonly chunks: AsyncIterable<Buffer>;
  /** From 0 to 1: how much of `chunks` was taken. */
  readonly fraction: () => number;
  readonly close: () => Promise<void>;
}

const headBytes = 65_536;

/** Throws an ImportError for whatever is no file of UTF-8 text. */
export async function openFile(path: string): Promise<OpenedFile> {
  const handle = await open(path).catch((error: NodeJS.ErrnoException) => {
    throw new ImportError(`${path} ${refusals[error.code ?? ''] ?? 'cannot be opened'}.`);
  });
  try {
    const { size } = await statOf(handle, path);
    const head = await headOf(handle, path, size);
    let bytesRead = 0;
    async function* chunks(): AsyncGenerator<Buffer> {
      for await (const chunk of handle.createReadStream({ start: 0, autoClose: false, highWaterMark: headBytes })) {
        bytesRead += (chunk as Buffer).length;
        yield chunk as Buffer;
      }
    }
    return {
      path,
      head,
      chunks: chunks(),
      fraction: () => Math.min(1, bytesRead / size),
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

const refusals: Readonly<Record<string, string>> = {
  ENOENT: 'is not there',
  ENOTDIR: 'is not there',
  EACCES: 'may not be read by this user',
  EPERM: 'may not be read by this user',
  EISDIR: 'is a directory, not a file',
};

async function statOf(handle: FileHandle, path: string) {
  const stat = await handle.stat();
  if (stat.isDirectory()) throw new ImportError(`${path} is a directory, not a file.`);
  if (!stat.isFile()) throw new ImportError(`${path} is not a file.`);
  return stat;
}

async function headOf(handle: FileHandle, path: string, size: number): Promise<string> {
  const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(headBytes), position: 0 });
  // As a stream when more follows: the last character may be cut.
  const head = decode(buffer.subarray(0, bytesRead), { stream: size > bytesRead });
  if (head === undefined || head.includes('\0')) throw new ImportError(`${path} is not a text file in UTF-8.`);
  if (head.trim() === '') throw new ImportError(`${path} is empty.`);
  return head;
}

function decode(bytes: Buffer, options: TextDecodeOptions): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, options);
  } catch {
    return undefined;
  }
}
