/** Settles at the first signal to stop; at a second one there is no more waiting. */
export const stopSignal = (hurry: () => void): Promise<void> =>
  new Promise((resolve) => {
    let isStopping = false;
    const onSignal = () => {
      if (isStopping) hurry();
      isStopping = true;
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, onSignal);
  });
