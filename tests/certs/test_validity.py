from datetime import UTC, date, datetime, time, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from shangeng_certs.credentials import Kind, State
from shangeng_certs.validity import (
    Change,
    MarkStanding,
    Permission,
    Standing,
    Validity,
    choose,
    packed_sentence,
)
from shangeng_trace.clock import SHANGHAI, day_text

DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31))
MOMENTS = st.datetimes(datetime(2025, 12, 1), datetime(2027, 2, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


def noon(month: int, day: int) -> datetime:
    return datetime(2026, month, day, 12, tzinfo=SHANGHAI)


@st.composite
def permissions(draw: st.DrawFn, kind: Kind = Kind.CERTIFICATE) -> Permission:
    first, last = sorted((draw(DAYS), draw(DAYS)))
    moments = sorted(draw(st.lists(MOMENTS, max_size=4)))
    changes = [Change(draw(st.sampled_from([State.ACTIVE, State.SUSPENDED])), "failed_test", at) for at in moments[:-1]]
    if moments:
        changes.append(Change(draw(st.sampled_from(State)), "forged_records", moments[-1]))
    return Permission(kind, "SG-2026-00001", first, last, tuple(changes), draw(st.booleans()))


def holds(permission: Permission, at: datetime) -> bool:
    """The rule, said again in another way: moments instead of days, and every change replayed."""
    begins = datetime.combine(permission.valid_from, time(), SHANGHAI)
    ends = datetime.combine(permission.valid_until, time(), SHANGHAI) + timedelta(days=1)
    state = State.ACTIVE
    for change in permission.changes:
        if change.effective <= at:
            state = change.state
    return permission.covers and begins <= at < ends and state is State.ACTIVE


@given(permissions(), MOMENTS)
def test_a_permission_is_valid_on_its_days_while_active(permission: Permission, at: datetime) -> None:
    assert (permission.validity(at) is Validity.VALID) == holds(permission, at)


@given(st.lists(permissions(Kind.LICENCE), max_size=3), st.lists(permissions(Kind.CERTIFICATE), max_size=3), MOMENTS)
def test_the_mark_is_shown_only_while_both_hold(
    licences: list[Permission], certificates: list[Permission], at: datetime
) -> None:
    mark = MarkStanding(choose(Kind.LICENCE, licences, at), choose(Kind.CERTIFICATE, certificates, at), at)
    both = any(holds(one, at) for one in licences) and any(holds(one, at) for one in certificates)
    assert mark.shown == both
    assert len(mark.failing) == 0 if both else 1 <= len(mark.failing) <= 2
    for standing in (mark.licence, mark.certificate):
        for language in ("zh", "en"):
            assert "{" not in standing.sentence(language)
            assert (standing.sentence(language) in mark.sentence(language)) == (not standing.holds)


@given(permissions(), MOMENTS, MOMENTS)
def test_withdrawn_stays_withdrawn(permission: Permission, at: datetime, later: datetime) -> None:
    assume(later >= at)
    if permission.validity(at) is Validity.WITHDRAWN:
        assert permission.validity(later) is Validity.WITHDRAWN


CERTIFICATE = Permission(Kind.CERTIFICATE, "SG-2026-00001", date(2026, 4, 12), date(2026, 6, 30))
LICENCE = Permission(Kind.LICENCE, "XK-2026-0001", date(2026, 1, 1), date(2026, 12, 31))


def mark_at(at: datetime, *certificates: Permission) -> MarkStanding:
    return MarkStanding(choose(Kind.LICENCE, [LICENCE], at), choose(Kind.CERTIFICATE, certificates, at), at)


def test_both_days_are_included_as_days_in_shanghai() -> None:
    def validity(at: datetime) -> Validity:
        return CERTIFICATE.validity(at)

    assert validity(datetime(2026, 4, 11, 15, 59, 59, tzinfo=UTC)) is Validity.NOT_YET
    assert validity(datetime(2026, 4, 11, 16, 0, tzinfo=UTC)) is Validity.VALID
    assert validity(datetime(2026, 6, 30, 15, 59, 59, tzinfo=UTC)) is Validity.VALID
    assert validity(datetime(2026, 6, 30, 16, 0, tzinfo=UTC)) is Validity.EXPIRED


def test_each_standing_has_its_sentence_with_number_date_and_reason() -> None:
    def with_changes(*changes: Change, covers: bool = True) -> Permission:
        return Permission(
            Kind.CERTIFICATE, "SG-2026-00001", date(2026, 4, 12), date(2026, 6, 30), changes, covers=covers
        )

    suspended = Change(State.SUSPENDED, "failed_test", noon(5, 1))
    withdrawn = Change(State.WITHDRAWN, "forged_records", noon(5, 9))

    def says(permission: Permission | None, at: datetime) -> tuple[str, str]:
        standing = Standing(Kind.CERTIFICATE, permission, at)
        return standing.sentence("zh"), standing.sentence("en")

    assert says(with_changes(), noon(5, 1)) == (
        "认证证书 SG-2026-00001 有效，至 2026-06-30。",
        "Certificate SG-2026-00001 is valid until 30 June 2026.",
    )
    assert says(with_changes(), noon(4, 1))[0] == "认证证书 SG-2026-00001 自 2026-04-12 起才有效。"
    assert says(with_changes(), noon(7, 1))[0] == "认证证书 SG-2026-00001 已于 2026-06-30 到期。"
    assert says(with_changes(suspended), noon(5, 2)) == (
        "认证证书 SG-2026-00001 自 2026-05-01 起暂停：产品抽检不合格。",
        "Certificate SG-2026-00001 is suspended since 1 May 2026: a product sample failed its test.",
    )
    assert says(with_changes(suspended, withdrawn), noon(5, 9))[0] == (
        "认证证书 SG-2026-00001 已于 2026-05-09 撤销：提供虚假记录。"
    )
    assert says(with_changes(covers=False), noon(5, 1))[0] == "认证证书 SG-2026-00001 不包括这批产品的地块。"
    assert says(None, noon(5, 1)) == ("这个产品没有认证证书。", "This product has no certificate.")
    assert Standing(Kind.LICENCE, None, noon(5, 1)).sentence("zh") == "这个产品没有商标使用许可。"


def test_the_mark_says_why_it_is_not_shown() -> None:
    mark = mark_at(noon(7, 1), CERTIFICATE)
    assert mark.sentence("zh") == "不能使用“丽水山耕”标志。认证证书 SG-2026-00001 已于 2026-06-30 到期。"
    assert mark.sentence("en") == "The mark may not be shown. Certificate SG-2026-00001 expired on 30 June 2026."
    assert mark_at(noon(5, 1), CERTIFICATE).sentence("zh") == "可以使用“丽水山耕”标志：许可和认证都有效。"


def test_of_several_the_one_that_matters_is_spoken_of() -> None:
    old = Permission(
        Kind.CERTIFICATE,
        "SG-2026-00001",
        date(2026, 1, 1),
        date(2026, 3, 31),
        (Change(State.WITHDRAWN, "ceased", noon(2, 1)),),
    )
    current = Permission(Kind.CERTIFICATE, "SG-2026-00002", date(2026, 4, 1), date(2026, 6, 30))
    renewal = Permission(Kind.CERTIFICATE, "SG-2026-00003", date(2026, 7, 1), date(2026, 9, 30))
    elsewhere = Permission(Kind.CERTIFICATE, "SG-2026-00004", date(2026, 4, 2), date(2026, 12, 31), covers=False)
    every = [renewal, elsewhere, old, current]
    assert choose(Kind.CERTIFICATE, every, noon(5, 1)).number == "SG-2026-00002"
    assert choose(Kind.CERTIFICATE, every, noon(8, 1)).number == "SG-2026-00003"
    assert choose(Kind.CERTIFICATE, [renewal, old], noon(5, 1)).number == "SG-2026-00001"
    assert choose(Kind.CERTIFICATE, [renewal], noon(5, 1)).validity is Validity.NOT_YET
    assert choose(Kind.CERTIFICATE, [elsewhere], noon(5, 1)).validity is Validity.OUTSIDE


def test_the_day_of_packing_is_spoken_of_only_where_it_differs() -> None:
    packed, now = mark_at(noon(5, 1), CERTIFICATE), mark_at(noon(7, 1), CERTIFICATE)
    assert packed_sentence(now, packed, "zh") == "这批产品于 2026-05-01 包装，当时许可和认证都有效。"
    assert packed_sentence(now, packed, "en") == (
        "These goods were packed on 1 May 2026, while licence and certificate were valid."
    )
    assert packed_sentence(packed, packed, "zh") is None
    early = mark_at(noon(4, 1), CERTIFICATE)
    assert packed_sentence(packed, early, "zh") == (
        "这批产品于 2026-04-01 包装，当时不能使用标志。认证证书 SG-2026-00001 自 2026-04-12 起才有效。"
    )


def test_days_are_written_in_words() -> None:
    assert (day_text(date(2026, 6, 3), "zh"), day_text(date(2026, 6, 3), "en")) == ("2026-06-03", "3 June 2026")
