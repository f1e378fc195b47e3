const source = `import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
process.on('SIGUSR2', () => collect());`;

/** A process that is started with this collects its garbage at SIGUSR2: what is left then is what it needs, or leaks. */
export const collectingAtSignal = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(source)}` };
