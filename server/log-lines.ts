interface Destination {
  write(text: string): unknown;
}

/** Writes the lines of one turn of the event loop together: under load, each write of its own costs as much as an answer. */
export function createLogLines(destination: Destination) {
  let waiting = '';

  function flush(): void {
    const text = waiting;
    waiting = '';
    try {
      if (text !== '') destination.write(text);
    } catch {
      // What cannot be written costs the lines, not the process.
    }
  }

  return {
    write(line: string): void {
      if (waiting === '') setImmediate(flush);
      waiting += line;
    },
    /** Writes at once what still waits: a process that ends has no further turn. */
    flush,
  };
}
