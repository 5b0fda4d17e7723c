// The Merkle tree of RFC 6962 2.1: leaf and node hashes, inclusion and consistency. Numbers are BigInt.

import { concat, hex, same } from "./bytes.js";
import { Failure } from "./failure.js";
import { sha256 } from "./sha.js";

export const EMPTY_ROOT = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

const BEYOND = 2n ** 64n;

export const leafHash = (entry) => sha256(concat([0], entry));

export const nodeHash = (left, right) => sha256(concat([1], left, right));

const bitLength = (number) => (number ? number.toString(2).length : 0);
const bitCount = (number) => number.toString(2).replaceAll("0", "").length;
const trailingZeros = (number) => bitLength(number & -number) - 1;
const bit = (number, at) => (number >> BigInt(at)) & 1n;

export async function verifyInclusion({ leaf, index, size, root, proof }) {
  const fail = (what) => {
    throw new Failure("trace.inclusion_invalid", { what });
  };
  if (index < 0n || index >= size || size >= BEYOND) fail("index outside the tree");
  const [inner, border] = shape(index, size);
  if (proof.length !== inner + border) fail("length of the proof");
  if ([leaf, root, ...proof].some((hash) => hash.length !== 32)) fail("length of a hash");
  if (!same(await fold(leaf, index, proof, inner), root)) fail("another root");
}

// Throws unless the tree of `newRoot` begins with the whole tree of `oldRoot` (RFC 9162 2.1.4.2).
export async function verifyConsistency({ oldSize, newSize, oldRoot, newRoot, proof }) {
  const fail = (what) => {
    throw new Failure("trace.consistency_invalid", { what });
  };
  if (oldSize < 0n || oldSize > newSize || newSize >= BEYOND) fail("sizes out of order");
  if ([oldRoot, newRoot, ...proof].some((hash) => hash.length !== 32)) fail("length of a hash");
  const wrongEmpty = (size, root) => size === 0n && hex(root) !== EMPTY_ROOT;
  if (wrongEmpty(oldSize, oldRoot) || wrongEmpty(newSize, newRoot)) fail("root of the empty tree");
  if (oldSize === 0n || oldSize === newSize) {
    if (proof.length) fail("length of the proof");
    if (oldSize === newSize && !same(oldRoot, newRoot)) fail("one size, two roots");
    return;
  }
  const level = BigInt(trailingZeros(oldSize));
  const index = (oldSize >> level) - 1n;
  const seeds = index === 0n ? 0 : 1;
  const [inner, border] = shape(index, ((newSize - 1n) >> level) + 1n);
  if (proof.length !== seeds + inner + border) fail("length of the proof");
  // A power of two is one perfect subtree: our own old root stands there, never a received one.
  const start = seeds ? proof[0] : oldRoot;
  const path = proof.slice(seeds);
  const inOld = path.filter((_, rise) => rise >= inner || bit(index, rise));
  if (!same(await fold(start, -1n, inOld, inOld.length), oldRoot)) fail("another old root");
  if (!same(await fold(start, index, path, inner), newRoot)) fail("another new root");
}

// How many siblings of leaf `index` lie below the tree's right border, and how many on it.
function shape(index, size) {
  const inner = bitLength(index ^ (size - 1n));
  return [inner, bitCount(index >> BigInt(inner))];
}

async function fold(start, index, path, inner) {
  let hashed = start;
  for (const [rise, sibling] of path.entries()) {
    const left = rise >= inner || bit(index, rise);
    hashed = await (left ? nodeHash(sibling, hashed) : nodeHash(hashed, sibling));
  }
  return hashed;
}

// The proof that the tree of `size` begins with the tree of `old`, from `node(level, index)`: the root of the perfect
// subtree of 2**level leaves that starts at index * 2**level.
export async function consistencyProof(old, size, node) {
  if (old === 0n || old === size) return [];
  const level = trailingZeros(old);
  const index = (old >> BigInt(level)) - 1n;
  const proof = await siblings(level, index, size, node);
  return index === 0n ? proof : [await node(level, index), ...proof];
}

async function siblings(level, index, size, node) {
  const last = (size - 1n) >> BigInt(level);
  const inner = bitLength(index ^ last);
  const found = [];
  for (let rise = 0; rise < inner; rise++) {
    const beside = (index >> BigInt(rise)) ^ 1n;
    const atEdge = beside === last >> BigInt(rise);
    found.push(await (atEdge ? edge(level + rise, beside, size, node) : node(level + rise, beside)));
  }
  for (let rise = inner; rise < bitLength(index); rise++) {
    if (bit(index, rise)) found.push(await node(level + rise, (index >> BigInt(rise)) - 1n));
  }
  return found;
}

// The root of the subtree at the right edge, which may be cut short by `size`.
async function edge(level, index, size, node) {
  const width = size - (index << BigInt(level));
  let end = size;
  let hashed;
  for (let rise = 0; rise < bitLength(width); rise++) {
    if (!bit(width, rise)) continue;
    const perfect = await node(rise, (end >> BigInt(rise)) - 1n);
    hashed = hashed ? await nodeHash(perfect, hashed) : perfect;
    end -= 1n << BigInt(rise);
  }
  return hashed;
}
