import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';

// `curl` for machines that have nothing but Node: the flags that the documents use, and no other.
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    silent: { type: 'boolean', short: 's' },
    'show-error': { type: 'boolean', short: 'S' },
    request: { type: 'string', short: 'X' },
    header: { type: 'string', short: 'H', multiple: true },
    data: { type: 'string', short: 'd' },
  },
});
const [url = ''] = positionals;
const body = values.data === '-' ? await text(process.stdin) : values.data;

const headers = new Headers(
  (values.header ?? []).map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  }),
);
const response = await fetch(url, {
  method: values.request ?? (body === undefined ? 'GET' : 'POST'),
  headers,
  ...(body !== undefined && { body }),
});
process.stdout.write(await response.text());
