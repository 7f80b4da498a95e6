/**
 * For commands that go over a whole root. They last a second or less, and by default V8 optimises functions that are
 * then hardly called any more, which took a third of all processor time (npm run bench). What does run long is still
 * optimised, a little later.
 */
export async function optimiseLater(): Promise<void> {
  const { setFlagsFromString } = await import('node:v8'); // 10 ms, which `flix tree` of one program does not pay
  setFlagsFromString('--interrupt-budget=1000000');
}
