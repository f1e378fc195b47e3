// Loaded before a server of which memory is measured: it collects garbage when told to. Needs --expose-gc.
process.on('SIGUSR2', () => globalThis.gc?.());
