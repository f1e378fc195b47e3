/** What the bodies that are on their way to one listener may take of memory, all together: anybody may begin one. */
export function createBodyBudget(mostBytes: number) {
  let held = 0;

  return {
    /** For one body. */
    open() {
      let own = 0;
      return {
        /** Whether there is room for so many bytes more, which it holds then. */
        take(bytes: number): boolean {
          if (held + bytes > mostBytes) return false;
          own += bytes;
          held += bytes;
          return true;
        },
        /** Gives back all that it holds. */
        close(): void {
          held -= own;
          own = 0;
        },
      };
    },
  };
}

export type BodyBudget = ReturnType<typeof createBodyBudget>;
