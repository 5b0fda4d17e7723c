"""The browser and `shangeng verify` say the same of every bundle: the same steps, places and codes."""

from base64 import b64encode
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import pytest

from shangeng_trace.bundle import build_bundle
from shangeng_trace.canonical import canonical
from shangeng_trace.ids import new_id
from shangeng_trace.keys import Algorithm, SigningKey
from shangeng_trace.note import SignatureType, Vkey
from shangeng_trace.policy import Log, Policy
from shangeng_trace.statements import Signer
from shangeng_trace.verifying import problems_by_step
from shangeng_web.platform import Platform
from shangeng_web.settings import Settings
from shangeng_web.static import SCRIPTS, assets
from tests.e2e.verify.laboratory import MODULES, Laboratory
from tests.e2e.verify.wrongs import ALTERED, FORGED, SEEN_AT, Given, forged, good, witnessed
from tests.people import sign_up
from tests.story import tell_story
from tests.trace.altering import found, places, replaced
from tests.trace.desk import HOST, LOG_KEY, ORIGIN, Desk
from tests.trace.key_histories import History
from tests.trace.test_dishonest_log import FORGERIES, log, registration, signer_of
from tests.trace.test_external_events import observation, signed
from tests.waiting import until_signed
from tests.web.test_log_keys import bring_in, let_go

SCRIPT_LIMIT = 60_000
LOG_VKEY = Vkey(ORIGIN, SignatureType.ED25519, LOG_KEY.public.raw)
OTHERS: list[object] = [None, True, -1, 0.5, "", "x", [], {}, [None]]

VERIFY = """
const { verifyBundle } = await load("bundle"), { parsePolicy } = await load("policy");
const out = [];
for (const [data, policy] of given) {
  const octets = unbase64(data, "bundle");
  const trust = policy && (await parsePolicy(policy));
  const steps = [];
  let report;
  const started = performance.now();
  const code = await failed(async () => {
    report = await verifyBundle(octets, trust, (step, problems) =>
      steps.push(...problems.map(({ where, failure }) => [step, where, failure.code])));
  });
  const took = performance.now() - started;
  out.push(code ? { code } : {
    steps, took, trusted: report.trusted, size: Number(report.size ?? 0), entries: report.entries,
    statements: report.statements, withheld: report.withheld, authors: Object.fromEntries(report.authors),
    witnessed: Object.fromEntries([...report.witnessed].map(([name, time]) => [name, Number(time)])),
  });
}
return out;
"""


def verified(laboratory: Laboratory, cases: Sequence[Given], *, trusting: bool = True) -> list[dict[str, Any]]:
    """Let the browser check bundles."""
    given = [[b64encode(case.data).decode(), case.policy_text if trusting else None] for case in cases]
    told: list[dict[str, Any]] = laboratory.run(VERIFY, given)
    return told


def says(case: Given) -> list[list[str]]:
    """Return what the command says, step by step."""
    return [
        [step, problem.where, problem.error.code]
        for step, problems in problems_by_step(case.report)
        for problem in problems
    ]


def test_a_good_bundle(anywhere: Laboratory, desk: Desk) -> None:
    case = good(desk)
    (told,) = verified(anywhere, [case])
    report = case.report
    assert (told["steps"], told["trusted"]) == ([], True)
    assert (told["size"], told["entries"], told["statements"], told["withheld"]) == (
        report.size,
        report.entries,
        report.statements,
        report.withheld,
    )
    assert told["authors"] == report.authors
    (alone,) = verified(anywhere, [case], trusting=False)
    assert (alone["steps"], alone["trusted"]) == ([], False)
    (seen,) = verified(anywhere, [witnessed(case)])
    assert (seen["steps"], seen["witnessed"]) == ([], {"农科院": SEEN_AT})


def test_every_alteration_is_named_alike(anywhere: Laboratory, desk: Desk) -> None:
    case = good(desk)
    cases = [alter(case) for _, _, alter in ALTERED.values()]
    for (name, (step, code, _)), bad, told in zip(ALTERED.items(), cases, verified(anywhere, cases), strict=True):
        assert told["steps"] == says(bad), name
        assert [step, code] in [[at, what] for at, _, what in told["steps"]], (name, told["steps"])


def test_every_forgery_is_named_alike(anywhere: Laboratory, desk: Desk) -> None:
    assert {forge.__name__ for forge in FORGERIES} == set(FORGED)
    cases = [forged(desk, name) for name in FORGED]
    for (name, (step, code)), bad, told in zip(FORGED.items(), cases, verified(anywhere, cases), strict=True):
        assert told["steps"] == says(bad), name
        assert [step, code] in [[at, what] for at, _, what in told["steps"]], (name, told["steps"])


def test_histories_of_keys_are_judged_alike(modern: Laboratory) -> None:
    cases: list[Given] = []
    for seed in range(40):
        draw = Random(seed)
        cases.append(Given(History.told(draw.randrange, 12).bundle(), Policy((Log(LOG_VKEY, None),))))
    for bad, told in zip(cases, verified(modern, cases), strict=True):
        assert told["steps"] == says(bad)
    codes = {code for bad in cases for _, _, code in says(bad)}
    assert codes >= {"trace.key_not_valid", "trace.key_not_registered", "trace.revocation_not_allowed"}


def test_any_other_value_anywhere_is_named_alike(modern: Laboratory, desk: Desk) -> None:
    case = good(desk)
    inner = [place for place in places(case.bundle) if len(place) > 1]
    cases = [
        Given(replaced(case.bundle, place, OTHERS[number % len(OTHERS)]), case.policy)
        for number, place in enumerate(inner)
        if found(case.bundle, place) != OTHERS[number % len(OTHERS)]
    ]
    assert len(cases) > 300
    for bad, told in zip(cases[::3], verified(modern, cases[::3]), strict=True):
        assert told["steps"] == says(bad)


def test_what_is_no_bundle_is_said_to_be_none(modern: Laboratory, desk: Desk) -> None:
    case = good(desk)
    data: list[bytes] = [b"", b"{}", b"[]", b"null", b"\xff\xfe", b"PK\x03\x04", b'{"format": "shangeng-bundle/2"}']
    data += [b'{"format": "shangeng-bundle/1", "format": "shangeng-bundle/1"}', b"[" * 100_000, case.data[:-1]]
    data += [canonical(replaced(case.bundle, (name,), 7)) for name in case.bundle]
    given = [[b64encode(each).decode(), None] for each in data]
    assert modern.run(VERIFY, given) == [{"code": "trace.bundle_unusable"}] * len(data)


def test_signatures_of_a_phone_without_ed25519(anywhere: Laboratory, desk: Desk) -> None:
    batch = desk.leaf()
    signer = Signer.of(HOST, new_id(), SigningKey.generate(Algorithm.P256))
    registration(desk, signer, signer_of(desk, "platform"))
    log(desk, signed(observation(desk, batch), signer), f"batch:{batch}")
    case = Given(desk.bundle(batch), Policy((Log(desk.policy_key, None),)))
    (told,) = verified(anywhere, [case])
    if anywhere.kind == "without-webcrypto":
        assert [code for _, _, code in told["steps"]] == ["web.no_webcrypto"]
    else:
        assert told["steps"] == says(case) == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_whole_story(modern: Laboratory, settings: Settings) -> None:
    platform = Platform.open(settings)
    story = tell_story(platform, sign_up(platform))
    platform.writer.stop()  # signs the last checkpoint
    chains = [f"certificate:{story.certificate}", f"licence:{story.licence}"]
    with platform.database.session() as session:
        bundles = [build_bundle(session, batch, chains=chains) for batch in (story.leaf, story.at_shop, story.recalled)]
    platform.database.engine.dispose()
    cases = [Given(bundle, platform.trust) for bundle in bundles]
    for case, told in zip(cases, verified(modern, cases), strict=True):
        assert (told["steps"], told["trusted"]) == ([], True)
        assert told["authors"] == case.report.authors


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_log_that_changes_its_key(modern: Laboratory, settings: Settings) -> None:
    """While two keys sign either is enough; afterwards the old one opens nothing new."""
    platform = Platform.open(settings)
    story = tell_story(platform, sign_up(platform))
    old, new = platform.log_key, bring_in(platform)
    until_signed(platform.database)
    bundles: list[dict[str, Any]] = []
    for change in (lambda: None, lambda: let_go(platform)):
        change()
        until_signed(platform.database)
        with platform.database.session() as session:
            bundles.append(build_bundle(session, story.leaf))
    platform.writer.stop()
    platform.database.engine.dispose()
    policies = [Policy(tuple(map(Log, keys))) for keys in ([old], [new], [new, old])]
    cases = [Given(bundle, policy) for bundle in bundles for policy in policies]
    told = verified(modern, cases)
    assert [each["trusted"] for each in told] == [True, True, True, False, True, True]
    for case, each in zip(cases, told, strict=True):
        assert (each["steps"], each["trusted"]) == (says(case), case.report.trusted)


def test_a_hundred_events_take_less_than_a_second(
    anywhere: Laboratory, desk: Desk, record_property: Callable[[str, object], None]
) -> None:
    batch = desk.leaf()
    signer = signer_of(desk, "tea")
    for _ in range(99):
        log(desk, signed(observation(desk, batch), signer), f"batch:{batch}")
    case = Given(desk.bundle(batch), Policy((Log(desk.policy_key, None),)))
    (told,) = verified(anywhere, [case])
    assert told["steps"] == []
    assert told["entries"] > 100
    # The fastest of several: what the page needs, not what else the machine did meanwhile.
    took = min(told["took"], *(verified(anywhere, [case])[0]["took"] for _ in range(4)))
    record_property("milliseconds", took)
    assert took < 1000


def test_the_script_is_small_and_one_piece() -> None:
    script = assets()["verify.js"].body.decode()
    assert len(script.encode()) < SCRIPT_LIMIT
    assert "</" not in script
    assert not [line for line in script.split("\n") if line.startswith(("import ", "export ", "//"))]
    modules = {f"js/verify/{each.name}" for each in MODULES.iterdir()}
    assert set(SCRIPTS["verify.js"]) == modules
