// Base58 with Bitcoin's alphabet, as Multibase `z` and Multikey use it: short values, one text per value.

import { concat, toBigEndian } from "./bytes.js";
import { Failure } from "./failure.js";

const DIGITS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const LONGEST = 128;

export function unbase58(text) {
  if (text.length > LONGEST || !/^[1-9A-HJ-NP-Za-km-z]*$/.test(text)) throw new Failure("trace.not_base58");
  let number = 0n;
  for (const digit of text) number = number * 58n + BigInt(DIGITS.indexOf(digit));
  const zeros = new Uint8Array(text.match(/^1*/)[0].length);
  return number ? concat(zeros, toBigEndian(number, Math.ceil(number.toString(16).length / 2))) : zeros;
}
