import type { Page } from '../../session/host.ts';

/** Tells when the page is looked at again after it was hidden or left. @returns what stops it. */
export function onReturn(page: Page, listener: () => void): () => void {
  let wasAway = !page.isVisible();
  return page.onWake((wake) => {
    const isBack = page.isVisible() && (wasAway || wake === 'restored');
    wasAway = !page.isVisible();
    if (isBack) listener();
  });
}
