"""A second verifier of proof bundles, written from the design page (section 4) and docs/keys.md, sharing no code.

`problems(bundle bytes, verifier key of the log or None)` returns a sentence for everything that does not hold, an
empty list for a good bundle, and raises ValueError for a file that is none. P-256 proofs are not read here.
"""

import base64
import hashlib
import json
import re
from itertools import chain
from typing import Any, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
ZERO = "0" * 64
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def sha(data: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(data).digest()


def jcs(value: Any) -> str:
    """RFC 8785."""
    if isinstance(value, dict):
        named = cast("dict[str, Any]", value)
        names = sorted(named, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(f"{jcs(name)}:{jcs(named[name])}" for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(jcs, value)) + "]"  # pyright: ignore[reportUnknownArgumentType]  # JSON
    if isinstance(value, float):
        if value.is_integer() and abs(value) < 1e21:
            return str(int(value))
        text = repr(value)
        if "e-05" in text or "e-06" in text:
            return f"{value:.20f}".rstrip("0")
        return re.sub(r"e([+-])0*", r"e\1", text)
    return json.dumps(value, ensure_ascii=False)


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object that names a member twice."""
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


def multibase(text: str) -> bytes:
    """Base58btc after a `z`."""
    number = 0
    if not text.startswith("z"):
        raise ValueError("not base58btc")
    for character in text[1:]:
        number = number * 58 + ALPHABET.index(character)
    zeros = len(text) - 1 - len(text[1:].lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def unbase64(text: str) -> bytes:
    """Base64 in its one spelling."""
    raw = base64.b64decode(text, validate=True)
    if base64.b64encode(raw).decode() != text:
        raise ValueError("base64")
    return raw


def leaf(entry: bytes) -> bytes:
    """RFC 6962 leaf hash."""
    return sha(b"\x00" + entry)


def root_from(index: int, size: int, hashed: bytes, proof: list[bytes]) -> bytes:
    """RFC 9162 2.1.3.2: the root that an inclusion proof leads to."""
    if not 0 <= index < size:
        raise ValueError("index beyond the tree")
    at, last = index, size - 1
    for node in proof:
        if last == 0:
            raise ValueError("proof too long")
        if at % 2 or at == last:
            hashed = sha(b"\x01" + node + hashed)
            while at and not at % 2:
                at, last = at >> 1, last >> 1
        else:
            hashed = sha(b"\x01" + hashed + node)
        at, last = at >> 1, last >> 1
    if last:
        raise ValueError("proof too short")
    return hashed


def key_of(method: str) -> str:
    """The key id in `did:web:<host>:keys:<key id>#<key id>`."""
    found = re.fullmatch(r"did:web:[A-Za-z0-9.%-]+:keys:([A-Z0-9]+)#\1", method)
    if not found:
        raise ValueError("verification method")
    return found[1]


def check_proof(statement: dict[str, Any], public: bytes) -> None:
    """One Data Integrity proof, eddsa-jcs-2022."""
    proof = dict(statement["proof"])
    document = {name: member for name, member in statement.items() if name != "proof"}
    value = proof.pop("proofValue")
    if (proof["type"], proof["cryptosuite"]) != ("DataIntegrityProof", "eddsa-jcs-2022"):
        raise ValueError("cryptosuite")
    if proof["proofPurpose"] != "assertionMethod" or proof.get("@context") != document.get("@context"):
        raise ValueError("proof purpose or context")
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", proof["created"]):
        raise ValueError("created")
    signed = sha(jcs(proof).encode()) + sha(jcs(document).encode())
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(multibase(value), signed)
    except InvalidSignature:
        raise ValueError("signature") from None


def check_note(note: str, vkey: str | None, origin: str) -> tuple[int, bytes]:
    """C2SP tlog-checkpoint: size and root, signed by the log's key where one is given."""
    form = re.fullmatch(r"(([^\n]+)\n(0|[1-9][0-9]*)\n([A-Za-z0-9+/=]+)\n)\n((?:— \S+ [A-Za-z0-9+/=]+\n)+)", note)
    if not form or form[2] != origin:
        raise ValueError("checkpoint")
    if vkey is not None:
        name, key_id, encoded = vkey.split("+", 2)
        public = Ed25519PublicKey.from_public_bytes(unbase64(encoded)[1:])
        signatures = [line.split(" ")[1:] for line in form[5].splitlines()]
        mine = [
            raw[4:] for signer, blob in signatures if (raw := unbase64(blob))[:4].hex() == key_id and signer == name
        ]
        try:
            public.verify(mine[0] if mine else b"", form[1].encode())
        except InvalidSignature:
            raise ValueError("checkpoint is not signed by the log") from None
    return int(form[3]), unbase64(form[4])


class Checker:
    """Collects what does not hold."""

    def __init__(self, data: bytes, vkey: str | None) -> None:
        bundle = json.loads(data, object_pairs_hook=unique)
        if not isinstance(bundle, dict) or cast("dict[str, Any]", bundle).get("format") != "shangeng-bundle/1":
            raise ValueError("not a bundle")
        self.bundle = cast("dict[str, Any]", bundle)
        self.vkey = vkey
        self.problems: list[str] = []
        self.statements = {sha(jcs(one).encode()).hex(): one for one in self.bundle["statements"]}
        self.entries: list[tuple[int, bytes, dict[str, Any]]] = []

    def attempt(self, where: str, check: Any, *arguments: Any) -> Any:
        """Run one check and keep its trouble."""
        try:
            return check(*arguments)
        except (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError) as trouble:
            self.problems.append(f"{where}: {trouble}")
            return None

    def run(self) -> list[str]:
        """Check everything."""
        head = self.attempt("checkpoint", check_note, self.bundle["checkpoint"], self.vkey, self.bundle["origin"])
        for number, item in enumerate(self.bundle["entries"]):
            self.attempt(f"entry #{number}", self.entry, item, head)
        recorded = {entry["digest"] for _, _, entry in self.entries}
        self.problems += [f"stray {stray}" for stray in {*self.statements, *self.bundle["withheld"]} - recorded]
        self.keys()
        self.chains()
        return self.problems

    def entry(self, item: dict[str, Any], head: tuple[int, bytes] | None) -> None:
        """Canonical, of this log, in order, in the tree, with its statement."""
        raw = unbase64(item["bytes"])
        index = item["index"]
        entry = json.loads(raw, object_pairs_hook=unique)
        again = {name: entry[name] for name in ("v", "origin", "kind", "digest", "time", "chains")}
        if jcs(again).encode() != raw or entry["v"] != 1:
            raise ValueError("not canonical")
        if any(set(link) != {"id", "seq", "prev"} for link in entry["chains"]):
            raise ValueError("chains")
        if entry["kind"] not in ("event", "credential", "status", "key", "run"):
            raise ValueError("kind")
        if not re.fullmatch(TIME, entry["time"]):
            raise ValueError("time")
        if entry["origin"] != self.bundle["origin"] or type(index) is not int:
            raise ValueError("origin or index")
        if self.entries and index <= self.entries[-1][0]:
            self.problems.append(f"entry {index}: order")
        if entry["digest"] not in self.statements and entry["digest"] not in self.bundle["withheld"]:
            self.problems.append(f"entry {index}: no statement")
        self.entries.append((index, raw, entry))
        if head is None:
            return
        if root_from(index, head[0], leaf(raw), [unbase64(node) for node in item["inclusion"]]) != head[1]:
            raise ValueError("not in the tree")

    def keys(self) -> None:
        """Key statements are judged where they stand, all others by every revocation that the file holds."""
        known: dict[str, dict[str, Any]] = {}
        for index, _, entry in self.entries:
            statement = self.statements.get(entry["digest"])
            if entry["kind"] == "key" and statement is not None:
                take = self.revoke if statement.get("type") == "shangeng:KeyRevocation" else self.register
                self.attempt(f"entry {index}", take, index, entry, statement, known)
        if not any(key["index"] == 0 for key in known.values()):
            self.problems.append("entry 0 is missing")
        for index, _, entry in self.entries:
            if (statement := self.statements.get(entry["digest"])) is not None:
                self.attempt(f"entry {index}", self.signed, index, entry, statement, known)

    def register(self, index: int, entry: dict[str, Any], statement: dict[str, Any], known: Any) -> None:
        """Take a key as known from here on."""
        key, whose = statement["shangeng:key"], statement["shangeng:controller"]
        raw, expires = multibase(key["publicKeyMultibase"]), statement.get("shangeng:expires", "9")
        if raw[:2] != b"\xed\x01" or len(raw) != 34:
            raise ValueError("public key")
        if statement["type"] != "shangeng:KeyRegistration" or key["id"] in known:
            raise ValueError("registered twice")
        if expires != "9" and not re.fullmatch(TIME, expires):
            raise ValueError("expires")
        if "shangeng:holder" in statement and statement["shangeng:holder"]["type"] not in ("person", "device"):
            raise ValueError("holder")
        self.stands_in(entry, key["id"], whose["id"])
        if index == 0:
            if key_of(statement["proof"]["verificationMethod"]) != key["id"]:
                raise ValueError("entry 0 registers another key than its own")
        elif self.signer(index, entry, statement, known)["kind"] != "platform":
            raise ValueError("who registers")
        known[key["id"]] = {
            "index": index,
            "public": raw[2:],
            "kind": whose["kind"],
            "of": whose["id"],
            "expires": expires,
            "last": float("inf"),
        }

    def revoke(self, index: int, entry: dict[str, Any], statement: dict[str, Any], known: Any) -> None:
        """Let a key count no longer than is said; what another revocation took away stays away."""
        named, last = statement["shangeng:key"]["id"], statement.get("shangeng:lastValidIndex", index - 1)
        key, by = known[named], self.signer(index, entry, statement, known)
        if statement["shangeng:reason"] not in ("rotated", "lost", "compromised", "left", "other"):
            raise ValueError("reason")
        if type(last) is not int or not 0 <= last < index:
            raise ValueError("lastValidIndex")
        self.stands_in(entry, named, key["of"])
        own, platforms = by["of"] == key["of"], key["kind"] == "platform"
        if last < index - 1:
            if by["kind"] != "body" or own or platforms:
                raise ValueError("who may reach back")
        elif not own and by["kind"] != "platform" and (by["kind"] != "body" or platforms):
            raise ValueError("who may revoke")
        key["last"] = min(key["last"], last)

    def stands_in(self, entry: dict[str, Any], key: str, member: str) -> None:
        """A key statement stands in the key's chain and in that of whose key it is."""
        if [link["id"] for link in entry["chains"]] != [f"key:{key}", f"member:{member}"]:
            raise ValueError("chains")

    def signer(self, index: int, entry: dict[str, Any], statement: dict[str, Any], known: Any) -> Any:
        """Return the key that signs, if it was registered before and counts here by what is known."""
        key = self.named(index, statement, known)
        if index > key["last"] or entry["time"] >= key["expires"]:
            raise ValueError("signed by a key that no longer counts")
        return key

    def named(self, index: int, statement: dict[str, Any], known: Any) -> Any:
        """Return the key that a statement names, which was registered before."""
        key = known[key_of(statement["proof"]["verificationMethod"])]
        if index and key["index"] >= index:
            raise ValueError("signed before its key was registered")
        return key

    def signed(self, index: int, entry: dict[str, Any], statement: dict[str, Any], known: Any) -> None:
        """By a key registered before, which counts here; of key statements that was seen as they were taken."""
        is_key = entry["kind"] == "key"
        key = self.named(index, statement, known) if is_key else self.signer(index, entry, statement, known)
        check_proof(statement, key["public"])

    def chains(self) -> None:
        """The chains of the batch, of what it was made from, of keys and credentials have no gap."""
        links: dict[str, list[tuple[int, str, bytes]]] = {}
        parents: dict[str, set[str]] = {}
        for index, raw, entry in self.entries:
            for link in entry["chains"]:
                links.setdefault(link["id"], []).append((link["seq"], link["prev"], raw))
            if entry["kind"] == "event" and (event := self.statements.get(entry["digest"])) is not None:
                self.attempt(f"entry {index}", self.lineage, entry, event, parents)
        whole, waiting = (
            {name for name in links if name.startswith(("key:", "certificate:", "licence:"))},
            [self.bundle["subject"]],
        )
        while waiting:
            name = waiting.pop()
            if name not in whole:
                whole.add(name)
                waiting += parents.get(name, ())
        for name in sorted(whole):
            prev = ZERO
            for expected, (seq, stated, raw) in enumerate(links.get(name) or [(-1, "", b"")]):
                if (seq, stated) != (expected, prev):
                    self.problems.append(f"chain {name} is broken at link {expected}")
                    break
                prev = leaf(raw).hex()

    def lineage(self, entry: dict[str, Any], event: dict[str, Any], parents: dict[str, set[str]]) -> None:
        """An event stands in the chains of the batches it names; its outputs descend from its inputs."""
        lists: list[list[str]] = [
            [re.sub("^urn:shangeng:(batch|packs):", "batch:", item["epcClass"]) for item in event.get(name, ())]
            for name in ("quantityList", "inputQuantityList", "outputQuantityList")
        ]
        if [link["id"] for link in entry["chains"]] != list(dict.fromkeys(chain(*lists))):
            raise ValueError("chains")
        for made in lists[2]:
            parents.setdefault(made, set()).update(lists[1])


def problems(data: bytes, vkey: str | None = None) -> list[str]:
    """Return what does not hold; raises ValueError where the file is no bundle."""
    try:
        checker = Checker(data, vkey)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as trouble:
        raise ValueError("unusable") from trouble
    return checker.run()
