// Public keys as the ledger names them, and the checking of signatures: WebCrypto where it can, our own Ed25519 where not.

import { unbase58 } from "./base58.js";
import { bigEndian, concat, littleEndian, toBigEndian, unhex } from "./bytes.js";
import { verifyEd25519 } from "./ed25519.js";
import { Failure } from "./failure.js";

const FIELD_25519 = 2n ** 255n - 19n;
const ORDER_8 = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;
// Heights of the points of order 1, 2, 4 and 8: under such a key a signature fits every message.
const SMALL_ORDER = [0n, 1n, FIELD_25519 - 1n, ORDER_8, FIELD_25519 - ORDER_8];

const FIELD_P256 = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const B_P256 = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;

const malformedKey = () => {
  throw new Failure("trace.key_malformed");
};

// A key is {algorithm, raw}: 32 octets of Ed25519, or a P-256 point compressed to 33.
export function ed25519Key(raw) {
  const height = raw.length === 32 ? littleEndian(raw) & (2n ** 255n - 1n) : FIELD_25519;
  if (height >= FIELD_25519 || SMALL_ORDER.includes(height)) malformedKey();
  return { algorithm: "Ed25519", raw };
}

function p256Key(raw) {
  if (raw.length !== 33) malformedKey();
  return { algorithm: "P-256", raw, point: uncompressed(raw) };
}

// WebCrypto need not read compressed points (SEC 1 2.3.4): the other coordinate is computed here.
function uncompressed(raw) {
  const x = bigEndian(raw.subarray(1));
  if ((raw[0] !== 2 && raw[0] !== 3) || x >= FIELD_P256) malformedKey();
  const square = (x * x * x - 3n * x + B_P256) % FIELD_P256;
  let y = 1n;
  for (const bit of ((FIELD_P256 + 1n) / 4n).toString(2)) {
    y = (y * y) % FIELD_P256;
    if (bit === "1") y = (y * square) % FIELD_P256;
  }
  if ((y * y - square) % FIELD_P256) malformedKey();
  if (Number(((y % FIELD_P256) + FIELD_P256) % FIELD_P256 & 1n) !== (raw[0] & 1)) y = -y;
  return concat([4], raw.subarray(1), toBigEndian(((y % FIELD_P256) + FIELD_P256) % FIELD_P256, 32));
}

// Reads a W3C Multikey, `z6Mk…` or `zDn…`.
export function readMultikey(text) {
  if (!text.startsWith("z")) malformedKey();
  const octets = unbase58(text.slice(1));
  if (octets[0] === 0xed && octets[1] === 0x01) return ed25519Key(octets.subarray(2));
  if (octets[0] === 0x80 && octets[1] === 0x24) return p256Key(octets.subarray(2));
  return malformedKey();
}

// Throws unless `signature` was made with `key` over `message`.
export async function checkSignature(key, signature, message) {
  const check = key.algorithm === "P-256" ? verifyP256 : (await nativeEd25519()) ? verifyNative : verifyHere;
  if (signature.length !== 64 || !(await check(key, signature, message))) throw new Failure("trace.signature_invalid");
}

const verifyHere = (key, signature, message) => verifyEd25519(key.raw, signature, message);

const verifyNative = (key, signature, message) => verifiedBy("Ed25519", "Ed25519", key, key.raw, signature, message);

function verifyP256(key, signature, message) {
  if (!globalThis.crypto?.subtle) throw new Failure("web.no_webcrypto");
  const curve = { name: "ECDSA", namedCurve: "P-256" };
  return verifiedBy(curve, { name: "ECDSA", hash: "SHA-256" }, key, key.point, signature, message);
}

async function verifiedBy(kind, way, key, octets, signature, message) {
  try {
    key.imported ??= await crypto.subtle.importKey("raw", octets, kind, false, ["verify"]);
  } catch {
    return false; // the browser knows the algorithm: these octets are no point of the curve
  }
  return crypto.subtle.verify(way, key.imported, signature, message);
}

// Whether this browser checks Ed25519, asked once with the first signature of RFC 8032 7.1.
let native;
export function nativeEd25519() {
  native ??= (async () => {
    const key = unhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    const signature = unhex(
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    );
    try {
      const imported = await crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]);
      return await crypto.subtle.verify("Ed25519", imported, signature, new Uint8Array());
    } catch {
      return false;
    }
  })();
  return native;
}
