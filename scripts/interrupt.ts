/** Aborts at Ctrl-C or SIGTERM, so that what was started is killed before this process ends. */
export function interruptible(): AbortSignal {
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      process.exitCode = 130;
      interrupted.abort();
    });
  }
  return interrupted.signal;
}
