// Ed25519 (RFC 8032 5.1) for browsers without it: verification only, so nothing here is secret.
// Cofactorless, S below the order, R compared as octets: the answers are those of OpenSSL and of the browsers.

import { concat, littleEndian, same, toBigEndian } from "./bytes.js";
import { sha512 } from "./sha.js";

const P = 2n ** 255n - 19n;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const LOW_255 = 2n ** 255n - 1n;

const mod = (number) => ((number % P) + P) % P;

function power(base, exponent) {
  let result = 1n;
  for (const bit of exponent.toString(2)) {
    result = (result * result) % P;
    if (bit === "1") result = (result * base) % P;
  }
  return result;
}

const D = mod(-121665n * power(121666n, P - 2n));
const ROOT_OF_MINUS_ONE = power(2n, (P - 1n) / 4n);

// Points are (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z; the sums hold for every two points of the curve.
const NEUTRAL = [0n, 1n, 1n, 0n];

function add([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = ((y1 - x1) * (y2 - x2)) % P;
  const b = ((y1 + x1) * (y2 + x2)) % P;
  const c = (((2n * t1 * t2) % P) * D) % P;
  const d = (2n * z1 * z2) % P;
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [(e * f) % P, (g * h) % P, (f * g) % P, (e * h) % P];
}

function double([x, y, z]) {
  const a = (x * x) % P;
  const b = (y * y) % P;
  const c = (2n * z * z) % P;
  const h = a + b;
  const e = h - (((x + y) * (x + y)) % P);
  const g = a - b;
  const f = c + g;
  return [(e * f) % P, (g * h) % P, (f * g) % P, (e * h) % P];
}

function decode(octets) {
  const number = littleEndian(octets);
  const y = number & LOW_255;
  if (y >= P) return null;
  const u = mod(y * y - 1n);
  const v = mod(D * y * y + 1n);
  const v3 = (v * v * v) % P;
  let x = (((u * v3) % P) * power((u * v3 * v3 * v) % P, (P - 5n) / 8n)) % P;
  const check = (v * x * x) % P;
  if (check === mod(-u)) x = (x * ROOT_OF_MINUS_ONE) % P;
  else if (check !== u) return null;
  if ((x & 1n) !== number >> 255n) x = mod(-x);
  return [x, y, 1n, (x * y) % P];
}

function encode([x, y, z]) {
  const inverse = power(mod(z), P - 2n);
  const sign = mod(x * inverse) & 1n;
  return toBigEndian(mod(y * inverse) | (sign << 255n), 32).reverse();
}

// The first 16 multiples of a point: a scalar is then worked off four bits at a time.
function multiples(point) {
  const table = [NEUTRAL];
  while (table.length < 16) table.push(add(table.at(-1), point));
  return table;
}

const negative = ([x, y, z, t]) => [-x, y, z, -t];

let baseMultiples;
const keyMultiples = new Map();

export async function verifyEd25519(key, signature, message) {
  if (key.length !== 32 || signature.length !== 64) return false;
  baseMultiples ??= multiples(decode(toBigEndian((4n * power(5n, P - 2n)) % P, 32).reverse()));
  const name = key.join();
  if (!keyMultiples.has(name)) {
    const point = decode(key);
    keyMultiples.set(name, point && multiples(negative(point)));
  }
  const table = keyMultiples.get(name);
  const scalar = littleEndian(signature.subarray(32));
  if (!table || scalar >= ORDER) return false;
  const hash = littleEndian(await sha512(concat(signature.subarray(0, 32), key, message))) % ORDER;
  let sum = NEUTRAL;
  for (let shift = 252n; shift >= 0n; shift -= 4n) {
    for (let times = 0; times < 4; times++) sum = double(sum);
    sum = add(sum, baseMultiples[Number((scalar >> shift) & 15n)]);
    sum = add(sum, table[Number((hash >> shift) & 15n)]);
  }
  return same(encode(sum), signature.subarray(0, 32));
}
