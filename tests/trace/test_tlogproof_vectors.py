import pytest

from shangeng_trace.errors import VerificationError
from shangeng_trace.tlogproof import format_proof, parse_proof, verify_proof
from tests.trace.logcases import Case, cases, keys, named
from tests.vectors import vectors

EMPTY_EXTRA = "extra line present but empty"


@pytest.mark.parametrize("case", cases(vectors("tlog/proof") / "tlog_proof.json"))
def test_proof_files(case: Case) -> None:
    entry, origin, verifiers = bytes.fromhex(case["entry_hex"]), case["expected_origin"], keys(case["trusted"])
    if case["expect"] == "reject":
        with pytest.raises(VerificationError):
            verify_proof(parse_proof(case["proof"]), entry=entry, origin=origin, verifiers=verifiers)
        return
    proof = parse_proof(case["proof"].encode())
    checkpoint = verify_proof(proof, entry=entry, origin=origin, verifiers=verifiers)
    assert format_proof(proof) == case["proof"]
    if case["desc"] == EMPTY_EXTRA:  # decided: extra data of no octets is extra data
        assert proof.extra == b""
        return
    assert (proof.index, checkpoint.size) == (case["index"], case["size"])
    assert [named(signed.by) for signed in checkpoint.cosigned] == case["witnesses"]
    assert (proof.extra and proof.extra.hex()) == case["extra_hex"]
