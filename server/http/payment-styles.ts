import { Html } from './html.ts';

const text = `
:root { color-scheme: light dark; --ink: #1a1f36; --soft: #5a6278; --line: #e3e6ee; --page: #f6f7fb; --card: #fff; --act: #4f46e5; --on-act: #fff; --bad: #b42318; }
@media (prefers-color-scheme: dark) { :root { --ink: #eef0f6; --soft: #a4acc0; --line: #313749; --page: #12151f; --card: #1b2030; --act: #8b85ff; --on-act: #12151f; --bad: #ffa39a; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 2rem 1rem; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 26rem; margin: 1rem auto; padding: 2rem; background: var(--card); border: 1px solid var(--line); border-radius: 1rem; }
.badge { text-align: center; margin: 0; color: var(--soft); font-size: .875rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 1.25rem; } h1 small { font-size: 1rem; font-weight: 400; color: var(--soft); }
h2 { font-size: 1.125rem; margin: 2rem 0 .5rem; }
.muted { color: var(--soft); margin: 0 0 .25rem; }
label { display: block; font-weight: 600; margin-bottom: .375rem; }
input { width: 100%; padding: .75rem; font: inherit; color: inherit; background: var(--page); border: 1px solid var(--soft); border-radius: .5rem; }
button { width: 100%; margin-top: 1rem; padding: .75rem; font: inherit; font-weight: 600; color: var(--on-act); background: var(--act); border: 1px solid var(--act); border-radius: .5rem; cursor: pointer; }
button.quiet { color: var(--ink); background: none; border-color: var(--line); }
:focus-visible { outline: 3px solid var(--act); outline-offset: 2px; }
a { color: var(--act); }
.alert { padding: .75rem 1rem; border: 1px solid var(--bad); border-radius: .5rem; color: var(--bad); }
details { margin-top: 1rem; color: var(--soft); font-size: .875rem; } dl { margin: .5rem 0 0; } dl div { display: flex; justify-content: space-between; gap: 1rem; } dt { font-family: ui-monospace, monospace; white-space: nowrap; } dd { margin: 0; text-align: end; }
.line { display: flex; justify-content: space-between; gap: 1rem; padding: .625rem 0; border-top: 1px solid var(--line); }
`;

/** The look of the test pages; its text is what the content security policy allows. */
export const paymentStyles = { text, element: new Html(`<style>${text}</style>`) };
