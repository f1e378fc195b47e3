/** Where a page of the payment provider opens: in place of this page, or beside it. */
export type Opens = 'here' | 'tab';

/** Goes to the address that is asked for. The tab opens before the answer: a browser lets only a click open one. */
export async function visit(opens: Opens, ask: () => Promise<string>): Promise<void> {
  const tab = opens === 'tab' ? window.open('', '_blank') : null;
  try {
    const url = await ask();
    if (!tab) return window.location.assign(url);
    // The other page does not learn who opened it, and cannot send this one anywhere.
    tab.opener = null;
    tab.location.replace(url);
  } catch (error) {
    tab?.close();
    throw error;
  }
}
