// Strict JSON in (RFC 8259 within RFC 7493), canonical JSON out (RFC 8785).
// JSON.parse lets a name stand twice and a surrogate stand alone, so that two readers could see two documents.

import { utf8 } from "./bytes.js";
import { Failure } from "./failure.js";

const LONGEST_LITERAL = 400;
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/y;
const CONSTANT = /-?Infinity|NaN/y;
const PLAIN = /[^"\\\x00-\x1f]*/y;
const BLANK = /[ \t\n\r]*/y;
const ESCAPES = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

export const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

// Returns the value; objects have no prototype. `limit` counts octets, `depth` objects and arrays inside one another.
export function parse(octets, { limit, depth }) {
  if (octets.length > limit) throw new Failure("trace.too_large", { limit });
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(octets);
  } catch {
    throw new Failure("trace.broken_text");
  }
  let at = 0;

  function wrong() {
    const lines = text.slice(0, at).split("\n");
    throw new Failure("trace.not_json", { line: lines.length, column: lines.at(-1).length + 1 });
  }

  function match(pattern) {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found) at = pattern.lastIndex;
    return found;
  }

  function accept(character) {
    match(BLANK);
    if (text[at] !== character) return false;
    at++;
    return true;
  }

  function string() {
    if (text[at] !== '"') wrong();
    at++;
    let out = "";
    for (;;) {
      out += match(PLAIN)[0];
      const next = text[at];
      if (next === '"') break;
      if (next !== "\\") wrong();
      const letter = text[at + 1];
      const code = letter === "u" && /^[0-9a-fA-F]{4}$/.test(text.slice(at + 2, at + 6));
      if (!code && !Object.hasOwn(ESCAPES, letter)) wrong();
      out += code ? String.fromCharCode(parseInt(text.slice(at + 2, at + 6), 16)) : ESCAPES[letter];
      at += code ? 6 : 2;
    }
    at++;
    return out;
  }

  function number() {
    const found = match(NUMBER);
    if (!found) {
      const constant = match(CONSTANT);
      if (constant) throw new Failure("trace.not_json_value", { value: constant[0] });
      wrong();
    }
    const value = Number(found[0]);
    const isWhole = found[1] === undefined && found[2] === undefined;
    if (found[0].length > LONGEST_LITERAL || (!isWhole && !Number.isFinite(value))) {
      throw new Failure("trace.number_not_exact", { number: found[0].slice(0, 40) });
    }
    return value;
  }

  function object(level) {
    const members = Object.create(null);
    if (accept("}")) return members;
    do {
      match(BLANK);
      const name = string();
      if (name in members) throw new Failure("trace.duplicate_name", { name: name.slice(0, 40) });
      if (!accept(":")) wrong();
      members[name] = value(level);
    } while (accept(","));
    if (!accept("}")) wrong();
    return members;
  }

  function array(level) {
    const items = [];
    if (accept("]")) return items;
    do items.push(value(level));
    while (accept(","));
    if (!accept("]")) wrong();
    return items;
  }

  function value(level) {
    match(BLANK);
    const first = text[at];
    if (first === "{" || first === "[") {
      if (level === depth) throw new Failure("trace.too_deep", { limit: depth });
      at++;
      return first === "{" ? object(level + 1) : array(level + 1);
    }
    if (first === '"') return string();
    for (const [word, meaning] of [["true", true], ["false", false], ["null", null]]) {
      if (text.startsWith(word, at)) {
        at += word.length;
        return meaning;
      }
    }
    return number();
  }

  const whole = value(0);
  match(BLANK);
  if (at < text.length) wrong();
  // Pairs of surrogates were joined on the way; half of one has no UTF-8.
  if (/\\u[dD][89a-fA-F]/.test(text)) canonical(whole);
  return whole;
}

export const canonical = (value) => utf8(canonicalText(value));

// ECMAScript's own writing of numbers and text is what RFC 8785 asks for, and its sorting is by UTF-16 unit.
function canonicalText(value) {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(",")}]`;
  if (isObject(value)) {
    const names = Object.keys(value).sort();
    return `{${names.map((name) => `${canonicalText(name)}:${canonicalText(value[name])}`).join(",")}}`;
  }
  if (typeof value === "string" && /\p{Cs}/u.test(value)) throw new Failure("trace.broken_text");
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw new Failure("trace.not_json_value", { value: String(value) });
  }
  return JSON.stringify(value);
}
