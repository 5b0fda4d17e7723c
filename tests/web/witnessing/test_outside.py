"""Whoever hangs, drips, floods or babbles: the answer is an error, and it comes in time."""

import time

import pytest

from shangeng_web.outside import LARGEST_ANSWER, OutsideUnreachable, ask
from tests.web.witnessing.network import Manner, bad_witness, drips, floods, free_port, garbles, hangs, says


@pytest.mark.parametrize("manner", [hangs, drips, floods, garbles, says("200 OK", b"x" * (LARGEST_ANSWER + 1))])
def test_no_bad_answer_takes_longer_than_its_time(manner: Manner) -> None:
    port = free_port()
    with bad_witness(port, manner):
        start = time.monotonic()
        with pytest.raises(OutsideUnreachable):
            ask(f"http://127.0.0.1:{port}/", body=b"old 0\n", seconds=0.5)
        assert time.monotonic() - start < 15  # the bad answers themselves go on for as long as one listens


def test_a_good_answer_is_returned_whatever_its_status() -> None:
    port = free_port()
    with bad_witness(port, says("409 Conflict", b"7\n")):
        answer = ask(f"http://127.0.0.1:{port}/x")
    assert (answer.status, answer.body) == (409, b"7\n")


@pytest.mark.parametrize("url", ["ftp://x/", "http://", "http://127.0.0.1:99999/", "nonsense", "http://127.0.0.1:1/"])
def test_an_address_that_leads_nowhere_is_unreachable(url: str) -> None:
    with pytest.raises(OutsideUnreachable):
        ask(url)
