/// <reference types="vite/client" />
import 'billingos/react/styles.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { createJournal, JournalContext } from './journal.ts';
import { watchTraffic } from './traffic.ts';

const journal = createJournal();
watchTraffic(globalThis, journal);

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <JournalContext value={journal}>
        <App />
      </JournalContext>
    </StrictMode>,
  );
}
