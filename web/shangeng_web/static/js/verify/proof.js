// W3C Data Integrity proofs of statements: eddsa-jcs-2022 and ecdsa-jcs-2019 (P-256), one to a statement.

import { unbase58 } from "./base58.js";
import { concat } from "./bytes.js";
import { Failure } from "./failure.js";
import { canonical, isObject } from "./jcs.js";
import { checkSignature } from "./keys.js";
import { sha256 } from "./sha.js";

const ALGORITHMS = { "eddsa-jcs-2022": "Ed25519", "ecdsa-jcs-2019": "P-256" };
const PROOF_MEMBERS = ["@context", "created", "cryptosuite", "proofPurpose", "proofValue", "type", "verificationMethod"];
const METHOD = /^did:web:[0-9A-Za-z.-]+(?:%3A\d+)?:keys:([0-9A-Za-z_-]+)#\1$/;
const CREATED = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|[+-]00:00)$/;

const refuse = (member) => {
  throw new Failure("trace.proof_malformed", { member });
};

// The id of the key that a statement names in its proof.
export function keyIdOf(document) {
  const method = isObject(document.proof) ? document.proof.verificationMethod : undefined;
  if (typeof method !== "string") throw new Failure("malformed", { what: "proof" });
  return METHOD.exec(method)?.[1] ?? refuse("verificationMethod");
}

// Throws unless the statement's proof was made with `key` over all the rest of it.
export async function verifyStatement(document, key) {
  const { proof, ...unsecured } = document;
  const { proofValue, ...options } = proof;
  const unknown = Object.keys(proof).filter((name) => !PROOF_MEMBERS.includes(name)).sort();
  if (options.type !== "DataIntegrityProof") refuse("type");
  if (options.proofPurpose !== "assertionMethod") refuse("proofPurpose");
  if (typeof options.cryptosuite !== "string" || !Object.hasOwn(ALGORITHMS, options.cryptosuite)) refuse("cryptosuite");
  if ("@context" in options && !sameJson(options["@context"], unsecured["@context"] ?? null)) {
    throw new Failure("trace.context_changed");
  }
  if (typeof proofValue !== "string" || !proofValue.startsWith("z")) refuse("proofValue");
  const signature = unbase58(proofValue.slice(1));
  if (unknown.length) refuse(unknown[0]);
  if (typeof options.created !== "string" || !isMoment(CREATED.exec(options.created)?.[1])) refuse("created");
  const signed = concat(await sha256(canonical(options)), await sha256(canonical(unsecured)));
  if (key.algorithm !== ALGORITHMS[options.cryptosuite]) throw new Failure("trace.key_mismatch");
  await checkSignature(key, signature, signed);
}

export const sameJson = (one, other) => String(canonical(one)) === String(canonical(other));

// Whether `2026-04-12T06:40:00` is a day and an hour that exist.
export function isMoment(text) {
  const date = new Date(`${text}Z`);
  return text > "0001" && !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}
