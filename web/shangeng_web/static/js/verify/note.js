// Signed notes, verifier keys and checkpoints (C2SP signed-note, tlog-checkpoint, tlog-cosignature), read strictly.

import { base64, bigEndian, concat, hex, toBigEndian, unbase64, utf8 } from "./bytes.js";
import { Failure, malformed } from "./failure.js";
import { checkSignature, ed25519Key } from "./keys.js";
import { EMPTY_ROOT } from "./merkle.js";
import { sha256 } from "./sha.js";

const LARGEST = 2n ** 63n - 1n;
const MOST_SIGNATURES = 100;
const NAME = /^[^\p{White_Space}+]+$/u;
const LINE = /^— ([^\p{White_Space}+]+) ([A-Za-z0-9+/]+={0,2})$/u;
const CONTROL = /[\x00-\x09\x0b-\x1f]/;
const KEY_SIZES = { 1: 32, 4: 32, 6: 1312 };
const TYPES = [1, 2, 4, 5, 6, 255];
export const LOG_SIGNATURE = 1;
export const COSIGNATURE = 4;

export function readDecimal(text, what) {
  if (!/^(0|[1-9][0-9]{0,18})$/.test(text) || BigInt(text) > LARGEST) malformed(what);
  return BigInt(text);
}

// Reads `name+<key id in hex>+<base64 of type and key>`; `text` of the result is that one spelling.
export async function parseVkey(text) {
  const [, name, id, encoded] = /^([^+]*)\+([^+]*)\+(.*)$/s.exec(text) ?? malformed("verifier key");
  const octets = unbase64(encoded, "verifier key");
  const [type, key] = [octets[0], octets.subarray(1)];
  if (!TYPES.includes(type)) malformed("type of a verifier key");
  if (!NAME.test(name) || CONTROL.test(name)) malformed("key name");
  if (key.length !== (KEY_SIZES[type] ?? key.length)) malformed("length of a key");
  const named = type === 2 ? key : concat(utf8(`${name}\n`), octets);
  if (hex((await sha256(named)).subarray(0, 4)) !== id) malformed("id of a verifier key");
  return { name, id, type, key, text: `${name}+${id}+${encoded}` };
}

// Returns a note's text and its signature lines, none of them checked. The last empty line is the border.
export function splitNote(note) {
  if (CONTROL.test(note)) malformed("note");
  const border = note.lastIndexOf("\n\n");
  if (border < 0 || !note.endsWith("\n") || border + 2 === note.length) malformed("note without signatures");
  const lines = note.slice(border + 2, -1).split("\n");
  if (lines.length > MOST_SIGNATURES) malformed("note with too many signatures");
  return [note.slice(0, border + 1), lines.map(readLine)];
}

function readLine(line) {
  const [, name, encoded] = LINE.exec(line) ?? malformed("signature line");
  const octets = unbase64(encoded, "signature line");
  if (octets.length <= 4) malformed("signature line");
  return { name, id: hex(octets.subarray(0, 4)), signature: octets.subarray(4) };
}

// Checks a note against all known keys and returns its text and who signed it: each key once, with the time that a
// cosignature states. Lines by others are ignored; a known key whose signature fails makes the whole note void.
export async function openNote(note, verifiers) {
  const [text, lines] = splitNote(note);
  const known = new Map();
  for (const vkey of verifiers) {
    const pair = `${vkey.name}+${vkey.id}`;
    if (known.has(pair) && known.get(pair).text !== vkey.text) malformed("set of keys: two share a name and id");
    known.set(pair, vkey);
  }
  const signed = new Map();
  for (const line of lines) {
    const vkey = known.get(`${line.name}+${line.id}`);
    if (vkey?.type !== LOG_SIGNATURE && vkey?.type !== COSIGNATURE) continue;
    const time = await checkLine(vkey, text, line.signature);
    if (!signed.has(vkey.text) || time > signed.get(vkey.text).time) signed.set(vkey.text, { by: vkey, time });
  }
  if (!signed.size) throw new Failure("trace.no_signature_known");
  return { text, signed: [...signed.values()] };
}

async function checkLine(vkey, text, signature) {
  const message = utf8(text);
  try {
    const key = ed25519Key(vkey.key);
    if (vkey.type === LOG_SIGNATURE) {
      await checkSignature(key, signature, message);
      return 0n;
    }
    const time = bigEndian(signature.subarray(0, 8));
    if (signature.length !== 72 || time > LARGEST) throw new Failure("trace.cosignature_invalid");
    await checkSignature(key, signature.subarray(8), concat(utf8(`cosignature/v1\ntime ${time}\n`), message));
    return time;
  } catch (failure) {
    if (failure instanceof Failure) throw new Failure("trace.note_signature_invalid", { name: vkey.name });
    throw failure;
  }
}

// Reads the text of a checkpoint: origin, size, root, and lines of other logs' extensions.
export function parseCheckpoint(text) {
  const lines = text.split("\n");
  if (lines.length < 4 || lines.pop() !== "") malformed("checkpoint");
  const [origin, decimal, encoded, ...extensions] = lines;
  const size = readDecimal(decimal, "checkpoint size");
  const root = unbase64(encoded, "checkpoint root");
  if ([origin, ...extensions].some((line) => !line || CONTROL.test(line))) malformed("checkpoint line");
  if (root.length !== 32 || (size === 0n && hex(root) !== EMPTY_ROOT)) malformed("checkpoint root");
  return { origin, size, root, extensions };
}

export const formatCheckpoint = ({ origin, size, root, extensions }) =>
  [origin, size, base64(root), ...extensions, ""].join("\n");
