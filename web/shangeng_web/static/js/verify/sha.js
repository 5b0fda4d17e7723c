// SHA-256 and SHA-512 (FIPS 180-4): the browser's own, or slowly here where it has none (a page without https).

import { concat, toBigEndian } from "./bytes.js";

export const sha256 = (octets) => hashed("SHA-256", octets);

export const sha512 = (octets) => hashed("SHA-512", octets);

async function hashed(name, octets) {
  if (globalThis.crypto?.subtle) return new Uint8Array(await crypto.subtle.digest(name, octets));
  return sha2(octets, name === "SHA-256" ? NARROW : WIDE);
}

// The two differ in the size of a word and in how far words are turned; a negative number shifts.
const NARROW = { bits: 32n, rounds: 64, small: [[7, 18, -3], [17, 19, -10]], large: [[2, 13, 22], [6, 11, 25]] };
const WIDE = { bits: 64n, rounds: 80, small: [[1, 8, -7], [19, 61, -6]], large: [[28, 34, 39], [14, 18, 41]] };

let sha2Constants;

export function sha2(message, { bits, rounds, small, large }) {
  sha2Constants ??= fractions();
  const word = (number) => BigInt.asUintN(Number(bits), number);
  const mixed = (x, turns) =>
    turns.reduce((sum, by) => sum ^ (by < 0 ? x >> BigInt(-by) : word((x >> BigInt(by)) | (x << (bits - BigInt(by))))), 0n);
  const size = Number(bits) / 8;
  const k = sha2Constants.cubic.map((fraction) => fraction >> (64n - bits));
  let state = sha2Constants.square.map((fraction) => fraction >> (64n - bits));
  const zeros = (16 * size - ((message.length + 1 + 2 * size) % (16 * size))) % (16 * size);
  const padded = concat(message, [0x80], new Uint8Array(zeros), toBigEndian(8n * BigInt(message.length), 2 * size));
  for (let block = 0; block < padded.length; block += 16 * size) {
    const w = [];
    for (let i = 0; i < rounds; i++) {
      if (i < 16) {
        let read = 0n;
        for (const octet of padded.subarray(block + i * size, block + (i + 1) * size)) read = (read << 8n) | BigInt(octet);
        w.push(read);
      } else {
        w.push(word(w[i - 16] + mixed(w[i - 15], small[0]) + w[i - 7] + mixed(w[i - 2], small[1])));
      }
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < rounds; i++) {
      const one = h + mixed(e, large[1]) + ((e & f) ^ (~e & g)) + k[i] + w[i];
      const two = mixed(a, large[0]) + ((a & b) ^ (a & c) ^ (b & c));
      [a, b, c, d, e, f, g, h] = [word(one + two), a, b, c, word(d + one), e, f, g];
    }
    state = [a, b, c, d, e, f, g, h].map((value, i) => word(value + state[i]));
  }
  return concat(...state.map((value) => toBigEndian(value, size)));
}

// The constants are the first 64 bits of the fractions of roots of the first primes; 32 bits of them for SHA-256.
function fractions() {
  const primes = [];
  for (let n = 2n; primes.length < 80; n++) if (primes.every((prime) => n % prime)) primes.push(n);
  const fraction = (root) => BigInt.asUintN(64, root);
  return {
    square: primes.slice(0, 8).map((prime) => fraction(root(prime << 128n, 2n))),
    cubic: primes.map((prime) => fraction(root(prime << 192n, 3n))),
  };
}

// The largest integer whose power is not above `number`, by halving.
function root(number, power) {
  let low = 0n;
  let high = 1n << 80n;
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (middle ** power <= number) low = middle;
    else high = middle;
  }
  return low;
}
