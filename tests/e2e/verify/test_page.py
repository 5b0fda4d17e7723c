"""The check as a reader meets it: on the batch's page, and kept on a disk."""

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Route

from shangeng_trace.checkpoint import parse_checkpoint
from shangeng_trace.merkle import root
from shangeng_trace.note import split_note
from shangeng_trace.policy import parse_policy
from shangeng_trace.verifying import problems_by_step
from tests.e2e.browsing import NARROW, PHONE, Visit
from tests.e2e.conftest import OpenWindow
from tests.e2e.looking import cut_off
from tests.e2e.server import Server
from tests.e2e.test_accessibility import grave_findings
from tests.e2e.verify.laboratory import WITHOUT_ED25519
from tests.e2e.verify.wrongs import ALTERED, FORGED, Given, forged, good, witnessed
from tests.trace.desk import Desk

STEPS = ["contents", "checkpoint", "inclusion", "keys", "signatures", "chains", "heads"]
GOOD = {"zh-CN": "核验通过", "en": "Everything holds"}
MOST_SHOWN = 10
BAD = {"zh-CN": "核验没有通过", "en": "The check has failed"}


def outcome(reader: Visit) -> str:
    """Wait for the end of the check and return how it ended."""
    check = reader.page.locator("#check[aria-busy=false]:not([data-outcome=running])")
    check.wait_for()
    return str(check.get_attribute("data-outcome"))


def shown(reader: Visit) -> dict[str, str]:
    """Return the steps to be seen, with what they say."""
    items = reader.page.locator("#steps > li:visible")
    return {str(each.get_attribute("data-step")): each.locator(".said").inner_text() for each in items.all()}


def states(reader: Visit) -> list[str]:
    return [str(each.get_attribute("class")) for each in reader.page.locator("#steps > li:visible").all()]


def assert_nothing_reassures(reader: Visit, language: str = "zh-CN") -> None:
    assert outcome(reader) == "bad"
    assert set(states(reader)) == {"stop"}
    assert reader.page.locator("#check .ok:visible, #states:visible").count() == 0
    said = reader.page.locator("#check").inner_text()
    assert BAD[language] in said
    assert GOOD[language] not in said


def assert_told(reader: Visit, given: Given, language: str) -> None:
    """The page says of each step what `shangeng verify` says, the first ten of it, in the same words."""
    said = shown(reader)
    told = {step: problems for step, problems in problems_by_step(given.report) if problems}
    assert list(said) == list(told)
    for step, problems in told.items():
        lines = said[step].split("\n")
        assert len(lines) == min(len(problems), MOST_SHOWN + 1)
        for line, problem in zip(lines, problems[:MOST_SHOWN], strict=False):
            assert line.endswith(problem.error.sentence(language)), (line, problem)


def remembered(reader: Visit) -> dict[str, Any]:
    found: list[str] = reader.page.evaluate("Object.keys(localStorage).map((name) => localStorage[name])")
    assert len(found) == 1
    head: dict[str, Any] = json.loads(found[0])
    return head


def remember(reader: Visit, size: int, hashed: bytes, note: str = "an older note\n") -> None:
    """Let the browser have seen another head."""
    reader.page.evaluate(
        "([size, root, note]) => { for (const name of Object.keys(localStorage))"
        " localStorage[name] = JSON.stringify({ size, root, note }) }",
        [str(size), b64encode(hashed).decode(), note],
    )


@pytest.fixture(scope="module")
def path(server: Server) -> str:
    return f"/b/{server.batch('good')}/verify"


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_good_batch_ticks_every_step(window: OpenWindow, path: str, language: str) -> None:
    reader = window(size=PHONE)
    reader.go(f"{path}?lang={language}")
    assert outcome(reader) == "good"
    assert list(shown(reader)) == STEPS
    assert states(reader) == ["ok"] * 7
    text = reader.page.locator("#check").inner_text()
    assert GOOD[language] in text
    assert "127.0.0.1/log" in text
    assert not re.search(r"\{\w+\}|web\.|trace\.|said-", text)
    if language == "en":
        assert not re.search(r"[一-鿿]", "".join(shown(reader).values()))
    assert not reader.messages
    for summary in reader.page.locator("#steps summary").all():
        summary.click()
    assert not cut_off(reader)
    assert not grave_findings(reader)
    assert not reader.context.cookies()


def test_the_steps_come_in_one_after_the_other(window: OpenWindow, path: str) -> None:
    reader = window(size=PHONE)
    reader.page.add_init_script(
        """addEventListener("DOMContentLoaded", () => {
             window.came = [];
             new MutationObserver((all) => { for (const { target } of all) if (target.classList.contains("ok")) came.push(target.dataset.step); })
               .observe(document.getElementById("steps"), { subtree: true, attributeFilter: ["class"] });
           })"""
    )
    reader.go(path)
    assert outcome(reader) == "good"
    assert list(dict.fromkeys(reader.page.evaluate("came"))) == STEPS


def test_without_ed25519_the_fallback_agrees(window: OpenWindow, path: str) -> None:
    modern, older = window(size=PHONE), window(size=PHONE)
    older.page.add_init_script(WITHOUT_ED25519)
    told: list[dict[str, str]] = []
    for reader in (modern, older):
        reader.go(path)
        assert outcome(reader) == "good"
        told.append(shown(reader))
    assert told[0] == told[1]


def test_without_script_the_page_explains_the_command(window: OpenWindow, path: str) -> None:
    reader = window(script=False)
    reader.go(path)
    assert reader.page.locator("#check").is_hidden()
    assert "shangeng verify" in reader.text


def leaves(server: Server, size: int) -> list[bytes]:
    """Return the first leaf hashes of the log, from its tile."""
    assert size <= 256
    tile = server.get(f"/log/tile/0/000.p/{size}" if size < 256 else "/log/tile/0/000")
    return [tile[at : at + 32] for at in range(0, len(tile), 32)]


def test_the_second_visit_proves_that_the_log_continues(window: OpenWindow, server: Server, path: str) -> None:
    reader = window(size=PHONE)
    reader.go(path)
    assert outcome(reader) == "good"
    head = remembered(reader)
    size = int(head["size"])
    checkpoint = parse_checkpoint(split_note(head["note"])[0])
    assert (checkpoint.size, b64encode(checkpoint.root).decode()) == (size, head["root"])
    hashes = leaves(server, size)
    assert b64encode(root(hashes)).decode() == head["root"]
    for old in (1, 64, 97, size - 1):
        remember(reader, old, root(hashes[:old]))
        reader.asked.clear()
        reader.page.reload()
        assert outcome(reader) == "good"
        assert str(old) in shown(reader)["heads"]
        assert [each for each in reader.asked if "/log/tile/0/000" in each]
        assert remembered(reader) == head
    assert not reader.messages


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_fork_is_a_stop_with_both_heads(window: OpenWindow, server: Server, path: str, language: str) -> None:
    reader = window(size=NARROW, permissions=["clipboard-read", "clipboard-write"])
    reader.go(f"{path}?lang={language}")
    assert outcome(reader) == "good"
    head = remembered(reader)
    size = int(head["size"])
    for old, hashed in ((size, bytes(32)), (97, bytes(32)), (97, root(leaves(server, size)[:96]))):
        remember(reader, old, hashed, "another past\n")
        reader.page.reload()
        assert_nothing_reassures(reader, language)
        assert list(shown(reader)) == ["heads"]
        assert reader.page.locator("#seen").inner_text().strip() == "another past"
        assert reader.page.locator("#now").inner_text().strip() == head["note"].strip()
        assert remembered(reader)["note"] == "another past\n"
    reader.page.locator("#copy").click()
    copied = reader.page.evaluate("navigator.clipboard.readText()")
    assert copied == f"another past\n\n{head['note']}"
    assert not cut_off(reader)
    assert not grave_findings(reader)


def test_a_log_that_hides_its_tiles_is_not_said_to_continue(window: OpenWindow, path: str) -> None:
    reader = window(size=PHONE)
    reader.go(path)
    assert outcome(reader) == "good"
    remember(reader, 97, bytes(32), "another past\n")
    reader.page.route("**/log/tile/**", lambda route: route.abort())
    reader.page.reload()
    assert outcome(reader) == "good"
    assert states(reader)[-1] == "mind"
    assert remembered(reader)["note"] == "another past\n"


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_changed_word_is_named_and_nothing_reassures(
    window: OpenWindow, server: Server, path: str, language: str
) -> None:
    reader = window(size=PHONE)
    bundle = json.loads(server.get(path.replace("verify", "bundle.json")))
    given = ALTERED["a-word-changed"][2](Given(bundle, parse_policy(server.get("/log/policy"))))
    reader.page.route("**/bundle.json", lambda route: route.fulfill(body=given.data, content_type="application/json"))
    reader.go(f"{path}?lang={language}")
    assert_nothing_reassures(reader, language)
    assert "contents" in shown(reader)
    assert_told(reader, given, language)
    assert reader.page.evaluate("localStorage.length") == 0
    assert not cut_off(reader)
    assert not grave_findings(reader)


def test_what_cannot_be_fetched_or_read_is_not_checked(window: OpenWindow, path: str) -> None:
    reader = window(size=PHONE)
    answers: Iterator[dict[str, Any]] = iter([{"status": 503}, {"body": "PK"}, {"body": "{}"}])
    reader.page.route("**/bundle.json", lambda route: route.fulfill(**next(answers)))
    for words in ("取不到证据包", "这不是证据包文件：数据不是规范的 JSON", "这不是证据包文件：format"):
        reader.go(path)
        assert outcome(reader) == "unusable"
        assert words in reader.page.locator("#outcome").inner_text()
        assert not shown(reader)


def test_the_reader_s_own_policy_decides(window: OpenWindow, server: Server, path: str, desk: Desk) -> None:
    reader = window(size=PHONE)
    reader.go(path)
    assert outcome(reader) == "good"
    assert "本站策略" in shown(reader)["checkpoint"]
    reader.page.get_by_text("用您自己的信任策略").click()

    def judge(policy: str) -> str:
        reader.page.evaluate("delete document.getElementById('check').dataset.outcome")
        reader.page.locator("#policy").fill(policy)
        reader.page.get_by_role("button", name="照这份策略核验").click()
        return outcome(reader)

    assert judge(f"# mine\n{server.get('/log/policy').decode()}") == "good"
    assert "您的策略" in shown(reader)["checkpoint"]
    assert judge(good(desk).policy_text) == "bad"
    assert list(shown(reader)) == ["checkpoint"]
    assert "这本账本不在信任名单里" in shown(reader)["checkpoint"]
    assert judge("log nonsense\nquorum none\n") == "unusable"
    assert judge("") == "alone"
    assert states(reader)[1] == "mind"
    assert "无从核对" in reader.page.locator("[data-state=witnessed]").inner_text()


@pytest.fixture(scope="module")
def kept(server: Server, path: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The page kept on a disk, in both languages."""
    folder = tmp_path_factory.mktemp("kept")
    pages: dict[str, Path] = {}
    for language in ("zh-CN", "en"):
        pages[language] = folder / f"verify-{language}.html"
        pages[language].write_bytes(server.get(f"{path}.html?lang={language}"))
    return pages


def _file(name: str, body: bytes) -> FilePayload:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": body}


def judge_from_disk(reader: Visit, page: Path, given: Given, *, trusting: bool = True) -> str:
    reader.go(page.as_uri())
    if trusting:
        reader.page.locator("#policy-file").set_input_files(_file("policy.txt", given.policy_text.encode()))
        reader.page.wait_for_function("document.getElementById('policy').value")
    reader.page.locator("#bundle-file").set_input_files(_file("bundle.json", given.data))
    return outcome(reader)


def test_the_kept_page_works_from_a_disk(window: OpenWindow, kept: dict[str, Path], desk: Desk) -> None:
    reader = window(size=PHONE)
    case = good(desk)
    assert judge_from_disk(reader, kept["zh-CN"], case) == "good"
    assert list(shown(reader)) == STEPS
    assert judge_from_disk(reader, kept["zh-CN"], case, trusting=False) == "alone"
    assert judge_from_disk(reader, kept["en"], witnessed(case)) == "good"
    assert "农科院 (" in reader.page.locator("[data-state=witnessed]").inner_text()
    assert not reader.messages
    assert {each.partition(":")[0] for each in reader.asked} == {"file"}
    assert not cut_off(reader)
    assert not grave_findings(reader)


def test_the_kept_page_may_ask_nobody_for_anything(window: OpenWindow, server: Server, kept: dict[str, Path]) -> None:
    reader = window(size=PHONE)
    reader.go(kept["zh-CN"].as_uri())
    assert reader.page.evaluate("(url) => fetch(url).then(() => 'sent', () => 'refused')", server.url) == "refused"
    assert reader.page.locator("#outcome").is_hidden()


@pytest.mark.parametrize("name", [*ALTERED, *FORGED])
def test_each_bad_bundle_shows_its_own_sentence(
    window: OpenWindow, kept: dict[str, Path], desk: Desk, name: str
) -> None:
    given = ALTERED[name][2](good(desk)) if name in ALTERED else forged(desk, name)
    step, code = (ALTERED[name][:2]) if name in ALTERED else FORGED[name]
    reader = window(size=PHONE)
    for language in ("zh-CN", "en"):
        judge_from_disk(reader, kept[language], given)
        assert_nothing_reassures(reader, language)
        assert_told(reader, given, language)
        first = next(each for each in given.report.problems if (each.step, each.error.code) == (step, code))
        assert first.error.sentence(language) in shown(reader)[step]
    assert not reader.messages


def test_the_kept_page_is_an_attachment(server: Server, path: str, window: OpenWindow) -> None:
    reader = window(size=PHONE)
    reader.go(path)
    with reader.page.expect_download() as download:
        reader.page.get_by_role("link", name="保存这一页").click()
    assert re.fullmatch(r"[\w-]+-verify\.html", download.value.suggested_filename)
    assert Path(download.value.path()).read_bytes() == server.get(f"{path}.html?lang=zh-CN")


def test_another_site_s_word_is_never_run(window: OpenWindow, path: str) -> None:
    """What a bundle says is shown as text."""
    reader = window(size=PHONE)
    evil: dict[str, Any] = {"format": "shangeng-bundle/1", "origin": "<img src=x onerror=alert(1)>", "subject": "<b>"}
    evil |= {"statements": [], "entries": [], "checkpoint": "<script>", "withheld": ["<i>"]}

    def answer(route: Route) -> None:
        route.fulfill(body=json.dumps(evil), content_type="application/json")

    reader.page.route("**/bundle.json", answer)
    reader.go(path)
    assert outcome(reader) == "bad"
    assert reader.page.locator("#check img, #check b:text-is('>'), #check i").count() == 0
    assert "<i>" in reader.text
