"""What keeps an audit's memory flat: chains' ends in a file, tables read side by side, statements examined elsewhere."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shangeng_trace.audit_statements import Claim, Examiners, Verdict, examine, key_in
from shangeng_trace.canonical import canonical
from shangeng_trace.chain_heads import ChainHeads
from shangeng_trace.clock import now
from shangeng_trace.ids import new_id
from shangeng_trace.keys import SigningKey
from shangeng_trace.merging import in_step
from shangeng_trace.statements import Signer, seal
from tests.observing import in_store

CHAINS = st.text("abc茶", min_size=1, max_size=2)


@given(st.lists(st.lists(CHAINS, max_size=4)), st.integers(0, 5))
def test_the_ends_of_chains_are_the_same_near_and_far(windows: list[list[str]], most: int) -> None:
    heads, known = ChainHeads(most), dict[str, tuple[int, bytes]]()
    for number, window in enumerate(windows):
        heads.tidy()
        heads.bring_near(window)
        for chain in window:
            assert heads.get(chain) == known.get(chain)
            length = known.get(chain, (0, b""))[0] + 1
            known[chain] = length, bytes([number % 256]) * 32
            heads.move(chain, *known[chain])
    assert list(heads) == sorted(known.items())
    heads.close()


@given(st.dictionaries(CHAINS, st.integers()), st.dictionaries(CHAINS, st.integers()))
def test_two_sides_in_step_are_what_both_hold(left: dict[str, int], right: dict[str, int]) -> None:
    stepped = list(in_step(sorted(left.items()), sorted(right.items())))
    assert stepped == [(key, left.get(key), right.get(key)) for key in sorted(left | right)]


def test_an_unread_event_is_read_where_it_is_examined() -> None:
    key = SigningKey.generate()
    signer = Signer.of("example.org", "0123456789ABCDEF", key)
    event = in_store(new_id(), now(), {"store_place": "冷库", "temp_c": 4})
    sealed = seal(event.document(), signer, created=now())
    named, public = key_in(sealed.body), key.public.multikey
    assert named == sealed.key_id
    assert examine(Claim(sealed.body, public, named=named)) == Verdict(is_signed=True, event=event)
    assert examine(Claim(sealed.body, None, "no such key", named)) == Verdict(is_signed=False, flaws=("no such key",))
    for body in (b"{", b"[]", sealed.body.replace(b'"action"', b'"type"'), b'{"a": 1.2345678901234567}'):
        verdict = examine(Claim(body, public, named=named))
        assert not verdict.is_signed
        assert verdict.flaws, body
    assert not examine(Claim(sealed.body, public, named="FEDCBA9876543210")).is_signed, "another key than it names"
    no_event = seal({**event.document(), "bizStep": 7}, signer, created=now())
    verdict = examine(Claim(no_event.body, public, named=named))
    assert (verdict.is_signed, verdict.flaws, verdict.event) == (True, (), None)
    assert "bizStep" in verdict.unreadable


@pytest.mark.parametrize(
    "change",
    [
        {"shangeng:record": {"verificationMethod": "did:web:example.org:keys:AAAAAAAAAAAAAAAA#AAAAAAAAAAAAAAAA"}},
        {"proof": {"verificationMethod": "elsewhere"}},
        {"proof": {"verificationMethod": 7}},
        {"proof": {}},
    ],
)
def test_a_key_that_cannot_be_seen_at_once_is_looked_for(change: dict[str, Any]) -> None:
    method = "did:web:example.org:keys:0123456789ABCDEF#0123456789ABCDEF"
    plain = {"note": '"verificationMethod":"did:web:example.org:keys:B#B"', "proof": {"verificationMethod": method}}
    assert key_in(canonical(plain)) == "0123456789ABCDEF", "what stands in a text is no member"
    assert key_in(canonical(plain | change)) is None


def test_examiners_elsewhere_say_the_same() -> None:
    key, other = SigningKey.generate(), SigningKey.generate()
    signer = Signer.of("example.org", "0123456789ABCDEF", key)
    sealed = [seal({"n": number}, signer, created=now()) for number in range(30)]
    public = key.public.multikey
    claims = [Claim(each.body, public) for each in sealed]
    claims[3] = Claim(sealed[3].body, other.public.multikey)
    claims[7] = Claim(sealed[7].body, None, "no key")
    claims[9] = Claim(sealed[9].body + b" ", public)
    claims[11] = Claim(canonical({**sealed[11].document, "n": 12}), public)
    claims[13] = Claim(canonical({"n": 13}), public)
    event = seal(in_store(new_id(), now(), {"store_place": "冷库"}).document(), signer, created=now())
    claims[15] = Claim(event.body, public, named=event.key_id)
    here, elsewhere = Examiners(), Examiners(2)
    lists = [claims[at : at + 7] for at in range(0, len(claims), 7)]
    said = [[hand_in() for hand_in in [each.hand_in(some) for some in lists]] for each in (here, elsewhere)]
    here.close()
    elsewhere.close()
    assert said[0] == said[1]
    verdicts = [verdict for some in said[0] for verdict in some]
    assert {at for at, verdict in enumerate(verdicts) if verdict != Verdict(is_signed=True)} == {3, 7, 9, 11, 13, 15}
    assert verdicts[7] == Verdict(is_signed=False, flaws=("no key",))
    assert verdicts[9] == Verdict(is_signed=True, flaws=("not in canonical form",))
    assert not verdicts[11].is_signed
    assert verdicts[15].event is not None
