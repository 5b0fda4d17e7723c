// What the log holds: entries in their one form, key registrations, and of an event which batches it is about.

import { hex } from "./bytes.js";
import { Failure } from "./failure.js";
import { canonical, parse } from "./jcs.js";
import { readMultikey } from "./keys.js";
import { isMoment, sameJson } from "./proof.js";

const KINDS = ["event", "credential", "status", "key", "run"];
const HASH = /^[0-9a-f]{64}$/;
const CHAIN = /^(batch|certificate|licence|member|key|run):[!-~]{1,80}$/;
const TIME = /^[1-9]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

export const FIRST_PREV = "0".repeat(64);

// A pattern would turn a list of one text into that text; only text is text here.
const fits = (pattern, value) => typeof value === "string" && pattern.test(value);

// Reads an entry; throws unless `octets` are exactly the canonical form of what they say, version 1.
export function readEntry(octets) {
  const refuse = (what) => {
    throw new Failure("trace.entry_malformed", { what });
  };
  let value;
  try {
    value = parse(octets, { limit: 1 << 20, depth: 64 });
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure;
    refuse("entry time or kind");
  }
  const { v, origin, kind, digest, time, chains } = Object(value);
  const areTexts = [origin, kind, time].every((text) => typeof text === "string");
  if (v !== 1 || !areTexts || !fits(HASH, digest) || !Array.isArray(chains)) refuse("entry members");
  const links = chains.map((link) => {
    const { id, seq, prev } = Object(link);
    if (!fits(CHAIN, id) || !fits(HASH, prev) || !Number.isSafeInteger(seq) || seq < 0) refuse("entry chain");
    return { id, seq, prev };
  });
  if (!KINDS.includes(kind) || !TIME.test(time) || !isMoment(time.slice(0, 19))) refuse("entry time or kind");
  if (hex(canonical({ v, origin, kind, digest, time, chains: links })) !== hex(octets)) {
    refuse("entry is not in canonical form");
  }
  return { origin, kind, digest, time, links };
}

const isInstant = (text) => fits(TIME, text) && isMoment(text.slice(0, 19));

// Reads a key's registration: whose key it makes known, and until when it counts.
export function readRegistration(document) {
  const key = Object(document["shangeng:key"]);
  const controller = Object(document["shangeng:controller"]);
  const holder = "shangeng:holder" in document ? Object(document["shangeng:holder"]) : { type: "person", id: "" };
  const { "shangeng:replaces": replaces = "", "shangeng:expires": expires } = document;
  const texts = [key.id, key.algorithm, key.publicKeyMultibase, controller.id, controller.kind, controller.number];
  if (
    document.type !== "shangeng:KeyRegistration" ||
    ![...texts, holder.id, replaces].every((text) => typeof text === "string") ||
    !["Ed25519", "P-256"].includes(key.algorithm) ||
    !["server", "external"].includes(key.custody) ||
    !["person", "device"].includes(holder.type) ||
    !(expires === undefined || isInstant(expires))
  ) {
    throw new Failure("trace.key_registration_malformed", { what: "key registration" });
  }
  return {
    keyId: key.id,
    public: readMultikey(key.publicKeyMultibase),
    controller: controller.id,
    kind: controller.kind,
    name: controller.name || controller.number,
    expires,
    last: Infinity,
  };
}

const REASONS = ["rotated", "lost", "compromised", "left", "other"];

// Reads a key's revocation, which stands at `index`: the last index for which the key counts.
export function readRevocation(document, index) {
  const { id } = Object(document["shangeng:key"]);
  const { "shangeng:lastValidIndex": last = index - 1 } = document;
  if (typeof id !== "string" || !REASONS.includes(document["shangeng:reason"]) || !Number.isInteger(last)) {
    throw new Failure("trace.key_revocation_malformed", { what: "key revocation" });
  }
  return { id, last };
}

const EPCIS_CONTEXT = [
  "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
  { shangeng: "urn:shangeng:vocab:" },
];
const QUANTITIES = { ObjectEvent: ["quantityList"], TransformationEvent: ["inputQuantityList", "outputQuantityList"] };
const EVENT_ID = /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const PORTION = /^urn:shangeng:(batch|packs):[0-9A-HJKMNP-TV-Z]{16}$/;
const MOST_PORTIONS = 200;

// Reads of an event what lineage needs: the chains of the batches it names, and of those it consumes and makes.
export function readLineage(document) {
  const refuse = (what) => {
    throw new Failure("trace.event_malformed", { what });
  };
  const lists = Object.hasOwn(QUANTITIES, document.type) ? QUANTITIES[document.type] : refuse("type");
  if (!sameJson(document["@context"] ?? null, EPCIS_CONTEXT)) refuse("@context");
  const [first, made = []] = lists.map((name) => {
    const elements = document[name];
    if (!Array.isArray(elements) || !elements.length || elements.length > MOST_PORTIONS) refuse(name);
    return elements.map((element) => {
      const { epcClass } = Object(element);
      return fits(PORTION, epcClass) ? `batch:${epcClass.slice(-16)}` : refuse(name);
    });
  });
  if (!fits(EVENT_ID, document.eventID)) refuse("eventID");
  return { named: [...new Set([...first, ...made])], consumed: first, made };
}
