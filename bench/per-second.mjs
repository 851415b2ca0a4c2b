/** Calls a second with so many out at any time. */
export async function perSecond(total, width, call) {
  const startedMs = performance.now();
  let left = total;
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (left-- > 0) await call();
    }),
  );
  return (total / (performance.now() - startedMs)) * 1_000;
}
