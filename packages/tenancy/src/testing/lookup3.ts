/** 32-bit words; all arithmetic is modulo 2^32. */
type State = [a: number, b: number, c: number];

const rotate = (x: number, bits: number) => (x << bits) | (x >>> (32 - bits));
const BLOCK = 12; // bytes

/**
 * A printable text that begins with `prefix` and whose `hashtextextended(text collate "C", 0)` is `hash`: Postgres's hash (Bob Jenkins's lookup3,
 * hash_bytes_extended with seed 0) keeps no secret, and each of its steps can be undone. So the last block can be computed from the hash; the
 * one word that the hash does not hold is tried until the block is printable, some 100,000 times.
 */
export function collidingText(prefix: string, hash: bigint): string {
  const padded = Buffer.from(prefix.padEnd(Math.ceil(prefix.length / BLOCK) * BLOCK, "x"), "latin1");
  const before = absorbed(padded, padded.length + BLOCK);
  const bits = BigInt.asUintN(64, hash);
  const [b, c] = [Number(bits >> 32n) | 0, Number(bits & 0xffff_ffffn) | 0];
  const block = Buffer.alloc(BLOCK);
  for (let a = 0; a < 2 ** 32; a++) {
    const after = unmixed(unfinished([a | 0, b, c]));
    for (const at of [0, 1, 2] as const) block.writeInt32LE((after[at] - before[at]) | 0, 4 * at);
    if (block.every((byte) => byte > 0x20 && byte < 0x7f)) return padded.toString("latin1") + block.toString("latin1");
  }
  throw new Error("No text has this hash.");
}

function absorbed(bytes: Buffer, length: number): State {
  const start = (0x9e3779b9 + length + 3923095) | 0;
  let state: State = [start, start, start];
  for (let at = 0; at < bytes.length; at += BLOCK) {
    const [a, b, c] = state;
    state = mixed([(a + bytes.readInt32LE(at)) | 0, (b + bytes.readInt32LE(at + 4)) | 0, (c + bytes.readInt32LE(at + 8)) | 0]);
  }
  return state;
}

const MIX: readonly [bits: number][] = [[4], [6], [8], [16], [19], [4]];

/** Six times: a -= c, a ^= c rotated, c += b; then the words change places. */
function mixed([a, b, c]: State): State {
  for (const [bits] of MIX) {
    a = ((a - c) | 0) ^ rotate(c, bits);
    c = (c + b) | 0;
    [a, b, c] = [b, c, a];
  }
  return [a, b, c];
}

function unmixed([a, b, c]: State): State {
  for (const [bits] of [...MIX].reverse()) {
    [a, b, c] = [c, a, b];
    c = (c - b) | 0;
    a = ((a ^ rotate(c, bits)) + c) | 0;
  }
  return [a, b, c];
}

const FINISH: readonly [of: 0 | 1 | 2, by: 0 | 1 | 2, bits: number][] = [
  [2, 1, 14],
  [0, 2, 11],
  [1, 0, 25],
  [2, 1, 16],
  [0, 2, 4],
  [1, 0, 14],
  [2, 1, 24],
];

/** Undoes: x ^= y, x -= y rotated. */
function unfinished(state: State): State {
  for (const [of, by, bits] of [...FINISH].reverse()) state[of] = ((state[of] + rotate(state[by], bits)) | 0) ^ state[by];
  return state;
}
