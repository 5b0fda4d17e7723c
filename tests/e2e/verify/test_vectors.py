"""The published vectors, in the browser's own hands: with WebCrypto, without its Ed25519, and without it altogether."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from shangeng_trace import base58
from shangeng_trace.errors import ShangengError
from shangeng_trace.keys import Algorithm, SigningKey, VerifyKey
from shangeng_trace.note import SignatureType, parse_vkey
from shangeng_trace.proofs import verify_statement
from tests.e2e.verify.laboratory import Laboratory
from tests.vectors import vectors


def read(path: Path, member: str = "cases") -> list[Any]:
    found: list[Any] = json.loads(path.read_text("utf-8"))[member]
    assert found
    return found


def key_in_did(method: str) -> VerifyKey:
    return VerifyKey.from_multikey(method.partition("#")[2])


def test_the_modules_load_and_know_where_they_are(anywhere: Laboratory) -> None:
    said = anywhere.run("return [Boolean(globalThis.crypto.subtle), await (await load('keys')).nativeEd25519()]")
    assert said == [anywhere.kind != "without-webcrypto", anywhere.kind == "webcrypto"]


def test_hashes(anywhere: Laboratory) -> None:
    texts = [bytes(range(256))[:length] * times for length, times in [(n, 1) for n in range(0, 250, 3)] + [(200, 20)]]
    got = anywhere.run(
        """const { sha256, sha512 } = await load("sha");
           return Promise.all(given.map(async (text) => [hex(await sha256(unhex(text))), hex(await sha512(unhex(text)))]))""",
        [text.hex() for text in texts],
    )
    assert got == [[hashlib.sha256(text).hexdigest(), hashlib.sha512(text).hexdigest()] for text in texts]


def test_canonical_numbers(modern: Laboratory) -> None:
    lines = (vectors("jcs") / "es6-numbers.csv").read_text("ascii").split()
    pairs = [line.partition(",")[::2] for line in lines]
    got = modern.run(
        """const { canonical } = await load("jcs");
           const number = (bits) => new DataView(unhex(bits.padStart(16, "0")).buffer).getFloat64(0);
           return given.map((bits) => new TextDecoder().decode(canonical(number(bits))))""",
        [bits for bits, _ in pairs],
    )
    assert len(got) > 6000
    assert got == [expected for _, expected in pairs]


def test_canonical_documents(modern: Laboratory) -> None:
    published = [json.loads(path.read_text("utf-8")) for path in sorted(vectors("jcs").glob("cyberphone-*.json"))]
    own = json.loads((vectors("jcs") / "own.json").read_text("utf-8"))
    pairs = [(each["inputText"], each["outputHex"].replace(" ", "")) for each in published]
    pairs += [(each["input"], each["outputUtf8Hex"]) for each in own["valid"]]
    body = """const { parse, canonical } = await load("jcs");
      const limits = { limit: 1 << 20, depth: 64 };
      return Promise.all(given.map((text) => %s));"""
    got = modern.run(body % "hex(canonical(parse(unhex(text), limits)))", [text.encode().hex() for text, _ in pairs])
    assert got == [expected for _, expected in pairs]
    refused = [each["input"].encode(errors="surrogatepass") for each in own["must_refuse"]]
    refused += [b"", b"{", b"[1,]", b'{"a" 1}', b"01", b"1.", b"+1", b"tru", b"[]]", b'"\x01"', b'"\\x"', b"\xff"]
    refused += [b"1e999", b"9" * 401, b"[" * 65 + b"]" * 65, b" " * (1 << 20) + b"1", b"nul", b"-", b'{"a":1 "b":2}']
    codes = modern.run(body % "failed(() => parse(unhex(text), limits))", [text.hex() for text in refused])
    assert None not in codes, codes
    assert {"trace.duplicate_name", "trace.broken_text", "trace.too_deep", "trace.too_large"} <= set(codes)


def test_wycheproof_ed25519(anywhere: Laboratory) -> None:
    groups = read(vectors("tlog/upstream") / "wycheproof_ed25519.json", "testGroups")
    cases = [
        {"key": group["publicKey"]["pk"], "msg": test["msg"], "sig": test["sig"], "good": test["result"] == "valid"}
        for group in groups
        for test in group["tests"]
    ]
    assert len(cases) > 140
    got = anywhere.run(
        """const { ed25519Key, checkSignature } = await load("keys");
           const { verifyEd25519 } = await load("ed25519");
           const out = [];
           for (const { key, msg, sig } of given) out.push([
             !(await failed(() => checkSignature(ed25519Key(unhex(key)), unhex(sig), unhex(msg)))),
             await verifyEd25519(unhex(key), unhex(sig), unhex(msg)),
           ]);
           return out;""",
        cases,
    )
    assert got == [[case["good"], case["good"]] for case in cases]


def test_multikeys(anywhere: Laboratory) -> None:
    keys = [
        SigningKey.from_bytes(algorithm, bytes([7] * 31 + [n])).public for algorithm in Algorithm for n in (1, 2, 3)
    ]
    got = anywhere.run(
        """const { readMultikey } = await load("keys");
           return given.map((text) => { const { algorithm, raw } = readMultikey(text); return [algorithm, hex(raw)] })""",
        [key.multikey for key in keys],
    )
    assert got == [[key.algorithm.value, key.raw.hex()] for key in keys]
    bad = ["", "m123", "z", "z0", "zI", "z" + "1" * 200, "z6Mk", keys[0].multikey[:-1], keys[0].multikey + "1"]
    small = [bytes(32), b"\x01" + bytes(31), b"\xff" * 32, bytes.fromhex("ec" + "ff" * 30 + "7f")]
    bad += ["z" + base58.encode(b"\xed\x01" + raw) for raw in small]
    codes = anywhere.run(
        "const { readMultikey } = await load('keys'); return Promise.all(given.map((t) => failed(() => readMultikey(t))))",
        bad,
    )
    assert set(codes) == {"trace.key_malformed", "trace.not_base58"}


def test_statements(anywhere: Laboratory) -> None:
    folder = vectors("eddsa-jcs-2022")
    documents = [json.loads(path.read_text("utf-8"))["expected"] for path in sorted(folder.glob("sign-*.json"))]
    documents = [each.get("securedDocument", each) for each in documents]
    signed = len(documents)
    documents += [
        json.loads(path.read_text("utf-8"))["securedDocument"] for path in sorted(folder.glob("verify-*.json"))
    ]
    got = anywhere.run(
        """const { parse } = await load("jcs"), { verifyStatement } = await load("proof"), { readMultikey } = await load("keys");
           const out = [];
           for (const text of given) {
             const document = parse(utf8(text), { limit: 1 << 20, depth: 64 });
             const method = [document.proof].flat()[0].verificationMethod;
             out.push(await failed(() => verifyStatement(document, readMultikey(method.split("#")[1]))));
           }
           return out;""",
        [json.dumps(each) for each in documents],
    )
    assert got[:signed] == [None] * signed
    assert got == [_refused(each) for each in documents]


def _refused(document: dict[str, Any]) -> str | None:
    try:
        verify_statement(document, key_in_did)
    except ShangengError as error:
        return error.code
    return None


def test_inclusion_and_consistency(modern: Laboratory) -> None:
    ours, upstream = vectors("tlog/merkle"), vectors("tlog/upstream")
    inclusion: list[dict[str, Any]] = [
        {
            "leaf": case["leaf_hash"],
            "index": str(case["index"]),
            "size": str(case["size"]),
            "root": case["root"],
            "proof": case["proof"] or [],
            "good": case["expect"] == "accept",
        }
        for case in read(ours / "inclusion.json")
    ]
    inclusion += [
        {
            "leaf": _hex(case["leafHash"]),
            "index": str(case["leafIdx"]),
            "size": str(case["treeSize"]),
            "root": _hex(case["root"]),
            "proof": _hexes(case["proof"]),
            "good": not case["wantErr"],
        }
        for case in read(upstream / "merkle_inclusion.json")
    ]
    consistency: list[dict[str, Any]] = [
        {
            "oldSize": str(case["old_size"]),
            "newSize": str(case["new_size"]),
            "oldRoot": case["old_root"],
            "newRoot": case["new_root"],
            "proof": case["proof"] or [],
            "good": case["expect"] != "reject",
        }
        for case in read(ours / "consistency.json")
    ]
    consistency += [
        {
            "oldSize": str(case["size1"]),
            "newSize": str(case["size2"]),
            "oldRoot": _hex(case["root1"]),
            "newRoot": _hex(case["root2"]),
            "proof": _hexes(case["proof"]),
            # Upstream compares two equal 12-octet placeholders there; a hash has 32 octets here.
            "good": not case["wantErr"] and len(_hex(case["root1"])) == len(_hex(case["root2"])) == 64,
        }
        for case in read(upstream / "merkle_consistency.json")
    ]
    got = modern.run(
        """const { verifyInclusion, verifyConsistency } = await load("merkle");
           const read = ({ proof, ...rest }) => ({
             ...Object.fromEntries(Object.entries(rest).map(([name, value]) =>
               [name, /size|index/i.test(name) ? BigInt(value) : typeof value === "string" ? unhex(value) : value])),
             proof: proof.map(unhex),
           });
           const all = (check, cases) => Promise.all(cases.map((each) => failed(() => check(read(each)))));
           return [await all(verifyInclusion, given[0]), await all(verifyConsistency, given[1])];""",
        [inclusion, consistency],
    )
    assert [code is None for code in got[0]] == [case["good"] for case in inclusion]
    assert [code is None for code in got[1]] == [case["good"] for case in consistency]
    assert set(got[0]) | set(got[1]) == {None, "trace.inclusion_invalid", "trace.consistency_invalid"}


def _hex(text: str | None) -> str:
    return base64.b64decode(text or "").hex()


def _hexes(proof: list[str] | None) -> list[str]:
    return [_hex(each) for each in proof or []]


def test_notes_and_their_keys(anywhere: Laboratory) -> None:
    cases = read(vectors("tlog/note") / "notes.json")
    given: list[Any] = [[base64.b64decode(case["note_b64"]).hex(), case["trusted"]] for case in cases]
    upstream = read(vectors("tlog/upstream") / "notes.json")
    given += [[case["note"].encode().hex(), case["trusted"]] for case in upstream]
    got = anywhere.run(
        """const { openNote, parseVkey } = await load("note");
           const out = [];
           for (const [note, trusted] of given) {
             let signed = null;
             const code = await failed(async () => {
               // Notes arrive inside of JSON: what is no UTF-8 never gets here.
               let text;
               try { text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(unhex(note)) }
               catch { return signed = [] }
               const opened = await openNote(text, await Promise.all(trusted.map(parseVkey)));
               signed = opened.signed.map(({ by }) => `${by.name}+${by.id}`);
             });
             out.push(code ? code : signed);
           }
           return out;""",
        given,
    )
    expected = [case["verified"] if case["expect"] == "accept" else None for case in cases]
    for case, found, wanted in zip(cases, got, expected, strict=False):
        if wanted is None:
            assert found == [] or isinstance(found, str), case["desc"]
        else:
            assert found == wanted, case["desc"]
    for case, found in zip(upstream, got[len(cases) :], strict=True):
        assert isinstance(found, list) is (case["expect"] == "accept"), case["desc"]
    bad = [case["vkey"] for case in read(vectors("tlog/note") / "vkeys_bad.json")]
    good = [case["vkey"] for case in read(vectors("tlog/note") / "keys.json")]
    codes = anywhere.run(
        "const { parseVkey } = await load('note'); return Promise.all(given.map((text) => failed(() => parseVkey(text))))",
        [*bad, *good],
    )
    assert codes == ["trace.log_text_malformed"] * len(bad) + [None] * len(good)


def test_checkpoints(anywhere: Laboratory) -> None:
    bodies = read(vectors("tlog/checkpoint") / "bodies.json")
    got = anywhere.run(
        """const { parseCheckpoint, formatCheckpoint } = await load("note");
           const text = (body) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(unhex(body));
           return Promise.all(given.map((body) => failed(() => {
             if (formatCheckpoint(parseCheckpoint(text(body))) !== text(body)) throw new Error(text(body));
           })))""",
        [base64.b64decode(case["body_b64"]).hex() for case in bodies],
    )
    assert [code is None for code in got] == [case["expect"] == "accept" for case in bodies]
    signed = [case for case in read(vectors("tlog/checkpoint") / "signed.json") if case["expect"] != "either"]
    got = anywhere.run(
        """const { parseVkey } = await load("note"), { verifyCheckpoint } = await load("policy");
           const out = [];
           for (const { note, trusted, origin } of given) {
             const keys = await Promise.all(trusted.map(parseVkey));
             const policy = {
               // A policy knows a log by the name of its key.
               logs: keys.filter((key) => key.type === 1 && key.name === origin),
               witnesses: keys.filter((key) => key.type === 4).map((vkey) => ({ name: `${vkey.name}+${vkey.id}`, vkey })),
               groups: [], quorum: "none",
             };
             let times = null;
             const code = await failed(async () => {
               const { witnessed } = await verifyCheckpoint(policy, note, origin);
               times = Object.fromEntries([...witnessed].map(([name, time]) => [name, Number(time)]));
             });
             out.push(code ?? times);
           }
           return out;""",
        [
            {
                "note": base64.b64decode(case["note_b64"]).decode(),
                "trusted": case["trusted"],
                "origin": case["expected_origin"],
            }
            for case in signed
        ],
    )
    for case, found in zip(signed, got, strict=True):
        if case["expect"] == "reject":
            assert isinstance(found, str), case["desc"]
        else:
            # ML-DSA-44 cosignatures are ignored for now; a time of 0 states none.
            keys = [parse_vkey(each) for each in case["trusted"]]
            checked = {f"{key.name}+{key.id.hex()}" for key in keys if key.type is SignatureType.COSIGNATURE}
            assert found == {name: time for name, time in case["times"].items() if name in checked and time}, case


def test_policies(modern: Laboratory) -> None:
    cases = read(vectors("tlog/policy") / "policies.json")
    got = modern.run(
        """const { parsePolicy, isQuorum } = await load("policy");
           const out = [];
           for (const { policy, evaluate } of given) {
             let answers = null;
             const code = await failed(async () => {
               const parsed = await parsePolicy(policy);
               answers = (evaluate ?? []).map(({ cosigned_by }) => isQuorum(parsed, new Map(cosigned_by.map((name) => [name, 1n]))));
             });
             out.push(code ?? answers);
           }
           return out;""",
        cases,
    )
    assert got == [
        [each["satisfied"] for each in case["evaluate"]] if case["expect"] == "accept" else "trace.log_text_malformed"
        for case in cases
    ]
