// Octets: text, hexadecimal, and base64 in its one canonical spelling.

import { malformed } from "./failure.js";

export const utf8 = (text) => new TextEncoder().encode(text);

export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export const same = (one, other) => one.length === other.length && one.every((octet, at) => octet === other[at]);

export const hex = (octets) => Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");

export const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

export function base64(octets) {
  let text = "";
  for (const octet of octets) text += String.fromCharCode(octet);
  return btoa(text);
}

// `atob` forgives blanks, missing padding and unused bits; one proof must not have two spellings.
export function unbase64(text, what) {
  let binary;
  try {
    binary = atob(text);
  } catch {
    malformed(what);
  }
  if (btoa(binary) !== text) malformed(what);
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

// A number in octets, the last one counting most (`little`) or least.
export const littleEndian = (octets) => bigEndian(Uint8Array.from(octets).reverse());

export const bigEndian = (octets) => BigInt(`0x${hex(octets) || "0"}`);

export const toBigEndian = (number, length) => unhex(number.toString(16).padStart(2 * length, "0"));
