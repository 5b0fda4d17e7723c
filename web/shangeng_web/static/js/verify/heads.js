// The heads of logs that this browser has seen. A log that shows two readers, or one reader on two days, different
// pasts is caught by comparing what they saw.

import { base64, unbase64 } from "./bytes.js";
import { Failure } from "./failure.js";
import { consistencyProof, nodeHash, verifyConsistency } from "./merkle.js";

const WIDTH = 256n;
const HASH_SIZE = 32;
const kept = (origin) => `shangeng log head ${origin}`;

// Returns {size, root, note}, or null where this browser has none of this log, or may keep nothing.
export function recallHead(origin) {
  try {
    const { size, root, note } = JSON.parse(localStorage.getItem(kept(origin)));
    return { size: BigInt(size), root: unbase64(root, "root"), note: String(note) };
  } catch {
    return null;
  }
}

// Returns whether it was kept.
export function rememberHead({ origin, size, root, note }) {
  try {
    localStorage.setItem(kept(origin), JSON.stringify({ size: String(size), root: base64(root), note }));
    return true;
  } catch {
    return false;
  }
}

// Throws `trace.consistency_invalid` unless the larger head's tree begins with the smaller one's, and
// `web.not_compared` where the tiles to prove it cannot be had. `fetchTile(path)` returns octets or null.
export async function compareHeads(one, other, fetchTile) {
  const [old, now] = one.size <= other.size ? [one, other] : [other, one];
  const proof = await consistencyProof(old.size, now.size, nodeReader(now.size, fetchTile));
  await verifyConsistency({ oldSize: old.size, newSize: now.size, oldRoot: old.root, newRoot: now.root, proof });
}

// Reads nodes of the tree of `size` leaves from its tiles (C2SP tlog-tiles), each tile once.
function nodeReader(size, fetchTile) {
  const tiles = new Map();
  return async function node(level, index) {
    if (level % 8) return nodeHash(await node(level - 1, 2n * index), await node(level - 1, 2n * index + 1n));
    const path = tilePath(level / 8, index / WIDTH, size);
    if (!tiles.has(path)) tiles.set(path, await readTile(path, fetchTile));
    const at = Number(index % WIDTH) * HASH_SIZE;
    const hash = tiles.get(path).slice(at, at + HASH_SIZE);
    if (hash.length < HASH_SIZE) throw new Failure("web.not_compared");
    return hash;
  };
}

export function tilePath(level, number, size) {
  const width = (size >> BigInt(8 * level)) - number * WIDTH;
  const digits = String(number);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, "0").match(/.../g);
  const last = groups.pop();
  return `tile/${level}/${groups.map((group) => `x${group}/`).join("")}${last}${width < WIDTH ? `.p/${width}` : ""}`;
}

// A partial tile may be gone once the full one exists, which begins with it.
async function readTile(path, fetchTile) {
  const tile = (await fetchTile(path)) ?? (await fetchTile(path.replace(/\.p\/\d+$/, "")));
  if (!tile) throw new Failure("web.not_compared");
  return tile;
}
