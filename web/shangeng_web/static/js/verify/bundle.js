// Checking a proof bundle with nothing but the file and a trust policy, as `shangeng verify` does: the same six steps,
// the same codes, the same order. A step that fails names what fails, and the later ones still run.

import { hex, unbase64 } from "./bytes.js";
import { FIRST_PREV, readEntry, readLineage, readRegistration, readRevocation } from "./entry.js";
import { Failure } from "./failure.js";
import { canonical, isObject, parse } from "./jcs.js";
import { leafHash, verifyInclusion } from "./merkle.js";
import { parseCheckpoint, splitNote } from "./note.js";
import { verifyCheckpoint } from "./policy.js";
import { keyIdOf, verifyStatement } from "./proof.js";
import { sha256 } from "./sha.js";

const PARTS = {
  format: (value) => value === "shangeng-bundle/1",
  origin: (value) => typeof value === "string",
  subject: (value) => typeof value === "string",
  statements: Array.isArray,
  entries: Array.isArray,
  checkpoint: (value) => typeof value === "string",
  withheld: Array.isArray,
};

// Returns the report; `problems` is empty where all holds, `trusted` says that the policy was met. `onStep(name,
// problems, report)` is awaited after each step. Throws `trace.bundle_unusable` where the file is no bundle at all.
export async function verifyBundle(octets, policy, onStep = () => {}) {
  const bundle = openBundle(octets);
  const report = { subject: bundle.subject, origin: bundle.origin, statements: bundle.statements.length };
  Object.assign(report, { trusted: false, witnessed: new Map(), authors: new Map(), problems: [] });
  let items, head, keys;
  const steps = {
    contents: async (run) => {
      items = await readContents(bundle, run);
      report.entries = items.length;
      report.withheld = items.filter((item) => !item.document).length;
    },
    checkpoint: async (run) => {
      head = await run("checkpoint", () => readCheckpoint(bundle, policy, report));
    },
    inclusion: async (run) => {
      for (const item of head ? items : []) {
        await run(`entry ${item.index}`, () =>
          verifyInclusion({ ...item, index: BigInt(item.index), size: head.size, root: head.root }),
        );
      }
    },
    keys: async (run) => {
      keys = await collectKeys(items, run);
      report.keys = keys.size;
    },
    signatures: async (run) => {
      for (const item of items) if (item.document) await run(`entry ${item.index}`, () => checkSigned(item, keys, report));
    },
    chains: async (run) => {
      report.chains = await checkChains(bundle.subject, items, run);
    },
  };
  for (const [step, check] of Object.entries(steps)) {
    const problems = [];
    await check(async (where, work) => {
      try {
        return await work();
      } catch (failure) {
        if (!(failure instanceof Failure)) throw failure;
        problems.push({ step, where, failure });
      }
    });
    report.problems.push(...problems);
    await onStep(step, problems, report);
  }
  return report;
}

function openBundle(octets) {
  let bundle;
  try {
    // A statement may be 64 deep, and stands inside the bundle's own members.
    bundle = parse(octets, { limit: 64 << 20, depth: 72 });
  } catch (failure) {
    if (failure instanceof Failure) throw new Failure("trace.bundle_unusable", { what: failure });
    throw failure;
  }
  for (const [name, fits] of Object.entries(PARTS)) {
    if (!isObject(bundle) || !fits(bundle[name])) throw new Failure("trace.bundle_unusable", { what: name });
  }
  return bundle;
}

async function readContents(bundle, run) {
  const documents = new Map();
  for (const [number, document] of bundle.statements.entries()) {
    await run(`statement ${number}`, async () => {
      if (!isObject(document)) throw new Failure("trace.bundle_unusable", { what: "statement" });
      documents.set(hex(await sha256(canonical(document))), document);
    });
  }
  const withheld = new Set(bundle.withheld.filter((value) => typeof value === "string"));
  const items = [];
  for (const [number, value] of bundle.entries.entries()) {
    const item = await run(`entry #${number}`, () => readItem(value, bundle.origin, documents));
    if (!item) continue;
    const { index } = item;
    const note = (code, parts) =>
      run(`entry ${index}`, () => {
        throw new Failure(code, { index, ...parts });
      });
    if (items.length && index <= items.at(-1).index) await note("trace.entry_wrong", { what: "order" });
    if (!item.document && !withheld.has(item.entry.digest)) await note("trace.statement_missing");
    items.push(item);
  }
  const recorded = new Set(items.map((item) => item.entry.digest));
  const strays = [...new Set([...documents.keys(), ...withheld])].filter((digest) => !recorded.has(digest)).sort();
  for (const digest of strays) {
    await run(`statement ${digest}`, () => {
      throw new Failure("trace.statement_stray", { digest });
    });
  }
  for (const item of items) {
    if (item.entry.kind === "event" && item.document) {
      item.lineage = await run(`entry ${item.index}`, () => checkLineage(item));
    }
  }
  return items;
}

async function readItem(value, origin, documents) {
  const { index, bytes, inclusion } = Object(value);
  if (!Number.isSafeInteger(index) || typeof bytes !== "string" || !Array.isArray(inclusion)) {
    throw new Failure("malformed", { what: "entry" });
  }
  const octets = unbase64(bytes, "base64");
  const entry = readEntry(octets);
  if (entry.origin !== origin) throw new Failure("trace.entry_wrong", { index, what: "origin" });
  const proof = inclusion.map((hash) => {
    if (typeof hash !== "string") throw new Failure("malformed", { what: "base64" });
    return unbase64(hash, "base64");
  });
  return { index, entry, leaf: await leafHash(octets), proof, document: documents.get(entry.digest) };
}

// An event stands in the chain of every batch it names, and in no other.
function checkLineage({ index, entry, document }) {
  const lineage = readLineage(document);
  checkLinks(index, entry, lineage.named);
  return lineage;
}

function checkLinks(index, entry, chains) {
  const stated = entry.links.map((link) => link.id);
  if (stated.join(" ") !== chains.join(" ")) throw new Failure("trace.entry_wrong", { index, what: "chains" });
}

async function readCheckpoint(bundle, policy, report) {
  let head;
  if (policy) {
    const { checkpoint, witnessed } = await verifyCheckpoint(policy, bundle.checkpoint, bundle.origin);
    head = checkpoint;
    Object.assign(report, { trusted: true, witnessed });
  } else {
    head = parseCheckpoint(splitNote(bundle.checkpoint)[0]);
    if (head.origin !== bundle.origin) throw new Failure("verification_failed", { what: "checkpoint origin" });
  }
  Object.assign(report, { size: head.size, head: { ...head, note: bundle.checkpoint } });
  return head;
}

// The keys in log order. A key statement is judged by what was known before it; what a revocation did is never undone.
async function collectKeys(items, run) {
  const known = new Map();
  for (const item of items) {
    if (item.entry.kind !== "key" || !item.document) continue;
    const take = item.document.type === "shangeng:KeyRevocation" ? revoke : register;
    await run(`entry ${item.index}`, () => take(item, known));
  }
  if (items.length && ![...known.values()].some((key) => key.index === 0)) {
    await run("entry 0", () => {
      throw new Failure("trace.key_not_registered", { index: items[0].index, key: "entry 0" });
    });
  }
  return known;
}

// Only the platform registers keys, and its own is entry 0.
function register({ index, entry, document }, known) {
  const found = readRegistration(document);
  const by = keyIdOf(document);
  if (known.has(found.keyId) || (index === 0 && by !== found.keyId)) {
    throw new Failure("trace.entry_wrong", { index, what: "key registration" });
  }
  checkLinks(index, entry, [`key:${found.keyId}`, `member:${found.controller}`]);
  if (index !== 0) {
    const registrar = findRegistered(index, document, known);
    if (registrar.kind !== "platform") throw new Failure("trace.key_not_registered", { index, key: by });
    checkCounts(registrar, index, entry);
  }
  known.set(found.keyId, { ...found, index });
}

// Its own organisation and the platform end a key from here on; only another certification body reaches back, and
// never over the platform.
function revoke({ index, entry, document }, known) {
  const { id, last } = readRevocation(document, index);
  const key = known.get(id);
  if (!key) throw new Failure("trace.key_not_registered", { index, key: id });
  checkLinks(index, entry, [`key:${id}`, `member:${key.controller}`]);
  if (last < 0 || last >= index) throw new Failure("trace.entry_wrong", { index, what: "lastValidIndex" });
  const by = findRegistered(index, document, known);
  checkCounts(by, index, entry);
  const isOwn = by.controller === key.controller;
  const isBodys = by.kind === "body" && !isOwn && key.kind !== "platform";
  if (!isBodys && (last < index - 1 || !(isOwn || by.kind === "platform"))) {
    throw new Failure("trace.revocation_not_allowed", { index, key: id });
  }
  key.last = Math.min(key.last, last);
}

function findRegistered(index, document, known) {
  const id = keyIdOf(document);
  const key = known.get(id);
  if (!key || (key.index >= index && index !== 0)) throw new Failure("trace.key_not_registered", { index, key: id });
  return key;
}

// Times are written in one way only, so that they compare as text.
function checkCounts(key, index, { time }) {
  if (index > key.last || time >= key.expires) throw new Failure("trace.key_not_valid", { index, key: key.keyId });
}

async function checkSigned({ index, entry, document }, keys, report) {
  const key = findRegistered(index, document, keys);
  // Of a key statement this was seen as it was taken: a key may have ended itself by it.
  if (entry.kind !== "key") checkCounts(key, index, entry);
  await verifyStatement(document, key.public);
  report.authors.set(key.controller, key.name);
}

// Checks that the chains of the batch, of what it was made from, and of keys and permissions have no gap.
async function checkChains(subject, items, run) {
  const chains = new Map();
  const sources = new Map();
  const collect = (map, name, more) => (map.get(name) ?? map.set(name, []).get(name)).push(...more);
  for (const { entry, leaf, lineage } of items) {
    for (const link of entry.links) collect(chains, link.id, [{ ...link, leaf }]);
    for (const made of lineage?.made ?? []) collect(sources, made, lineage.consumed);
  }
  const whole = new Set([...chains.keys()].filter((chain) => /^(key|certificate|licence):/.test(chain)));
  for (const waiting = [subject]; waiting.length; ) {
    const chain = waiting.pop();
    waiting.push(...(whole.has(chain) ? [] : (sources.get(chain) ?? [])));
    whole.add(chain);
  }
  for (const chain of [...whole].sort()) {
    await run(`chain ${chain}`, () => {
      let prev = FIRST_PREV;
      for (const [seq, link] of (chains.get(chain) ?? [{}]).entries()) {
        if (link.seq !== seq || link.prev !== prev) throw new Failure("trace.chain_broken", { chain, seq });
        prev = hex(link.leaf);
      }
    });
  }
  return whole.size;
}
