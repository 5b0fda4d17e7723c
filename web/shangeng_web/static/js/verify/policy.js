// Trust policies (C2SP tlog-policy): which logs are known, which witnesses, and how many of them must agree.

import { Failure, malformed } from "./failure.js";
import { COSIGNATURE, LOG_SIGNATURE, openNote, parseCheckpoint, parseVkey, readDecimal, splitNote } from "./note.js";

const REFUSED = /[\x00-\x08\x0b-\x1f\x7f]/;
const WORD = /^[^\x00-\x20\x7f]+$/;
const NONE = "none";
const ML_DSA_44 = 6;

// Returns {logs, witnesses, groups, quorum}; throws for a line that breaks the rules or names what none before defined.
export async function parsePolicy(text) {
  if (REFUSED.test(text)) malformed("policy");
  const policy = { logs: [], witnesses: [], groups: [], quorum: null };
  const defined = new Set([NONE]);
  const counted = new Set();
  const define = (name) => {
    if (defined.has(name) || !WORD.test(name)) malformed("name in the policy");
    defined.add(name);
  };
  for (const line of text.split("\n")) {
    const [first, ...words] = line.replace(/^[ \t]+|[ \t]+$/g, "").split(/[ \t]+/);
    if (!first || first.startsWith("#")) continue;
    if (first === "log" && (words.length === 1 || words.length === 2)) {
      policy.logs.push(await parseVkey(words[0]));
    } else if (first === "witness" && (words.length === 2 || words.length === 3)) {
      define(words[0]);
      policy.witnesses.push({ name: words[0], vkey: await parseVkey(words[1]) });
    } else if (first === "group" && words.length >= 2) {
      const [name, threshold, ...members] = words;
      for (const member of members) {
        if (member === NONE || !defined.has(member)) malformed("group with an unknown member");
        if (counted.has(member)) malformed("group member counted twice");
        counted.add(member);
      }
      define(name);
      policy.groups.push({ name, threshold: readThreshold(threshold, members.length), members });
    } else if (first === "quorum" && words.length === 1 && policy.quorum === null && defined.has(words[0])) {
      policy.quorum = words[0];
    } else {
      malformed("policy line");
    }
  }
  if (policy.quorum === null) malformed("policy without quorum");
  checkKeys(policy.logs, [LOG_SIGNATURE, ML_DSA_44]);
  checkKeys(policy.witnesses.map((witness) => witness.vkey), [COSIGNATURE, ML_DSA_44]);
  return policy;
}

function readThreshold(word, members) {
  const threshold = word === "any" ? 1n : word === "all" ? BigInt(members) : readDecimal(word, "threshold of a group");
  if (threshold < 1n || threshold > BigInt(members)) malformed("threshold of a group");
  return Number(threshold);
}

function checkKeys(vkeys, types) {
  if (vkeys.some((vkey) => !types.includes(vkey.type))) malformed("type of a key in the policy");
  if (new Set(vkeys.map((vkey) => vkey.key.join())).size < vkeys.length) malformed("key that stands twice in the policy");
}

// Checks a signed checkpoint of the log `origin` and returns {checkpoint, witnessed}, the witnesses' times by name.
export async function verifyCheckpoint(policy, note, origin) {
  const stated = parseCheckpoint(splitNote(note)[0]).origin;
  if (stated !== origin) throw new Failure("trace.wrong_origin");
  const logs = policy.logs.filter((vkey) => vkey.name === origin);
  if (!logs.length) throw new Failure("trace.log_not_known");
  const { text, signed } = await openNote(note, [...logs, ...policy.witnesses.map((witness) => witness.vkey)]);
  if (!signed.some((each) => each.by.type === LOG_SIGNATURE)) throw new Failure("trace.not_signed_by_log");
  const witnessed = new Map();
  for (const { name, vkey } of policy.witnesses) {
    const found = signed.find((each) => each.by.text === vkey.text);
    if (found?.time) witnessed.set(name, found.time);
  }
  if (!isQuorum(policy, witnessed)) throw new Failure("trace.quorum_not_met", { count: witnessed.size });
  return { checkpoint: parseCheckpoint(text), witnessed };
}

export function isQuorum(policy, witnessed) {
  const met = new Set([NONE, ...witnessed.keys()]);
  // A group stands after its members, so one pass settles nested ones.
  for (const group of policy.groups) {
    if (group.members.filter((member) => met.has(member)).length >= group.threshold) met.add(group.name);
  }
  return met.has(policy.quorum);
}
