export async function movedAndWritten(..._: unknown[]): Promise<number> {
  return 0;
}
