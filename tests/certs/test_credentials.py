from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shangeng_certs.credentials import (
    Credential,
    CredentialMalformed,
    Kind,
    Party,
    PlotNamed,
    ProductNamed,
    StandardCited,
    State,
    StatusChange,
    StatusMalformed,
    read_certificate,
    read_credential,
    read_licence,
    read_status,
)
from shangeng_trace.canonical import check_statement

CERTIFICATE = Credential(
    number="SG-2026-00042",
    host="shangeng.example",
    issuer="did:web:shangeng.example:keys:8K3M5N7P9Q2R4T6V",
    issuer_name="浙西南认证中心",
    valid_from=date(2026, 4, 12),
    valid_until=date(2027, 4, 11),
    holder=Party("0123456789ABCDEF", "91331127MA2E0ABC1X", "景宁惠明茶合作社"),
    products=(ProductNamed("M123456789ABCDEF", "惠明绿茶", "Huiming green tea"), ProductNamed("M2", "惠明红茶")),
    plots=(PlotNamed("P123456789ABCDEF", 640, "敕木山三号"), PlotNamed("P2", 720)),
    standard=StandardCited("jingning600", "T/LSSGB 示例-10", "2025", "景宁600", "Jingning 600"),
)
LICENCE = replace(
    CERTIFICATE,
    number="XK-2026-0007",
    holder=Party("0123456789ABCDEF", "H331127000001"),
    products=CERTIFICATE.products[:1],
    plots=(),
    standard=None,
)
CHANGE = StatusChange(
    "S123456789ABCDEF", "SG-2026-00042", State.SUSPENDED, "failed_test", datetime(2026, 6, 1, 2, 3, 4, 5000, tzinfo=UTC)
)


def test_a_certificate_is_a_verifiable_credential() -> None:
    assert CERTIFICATE.document() == {
        "@context": ["https://www.w3.org/ns/credentials/v2", {"shangeng": "urn:shangeng:vocab:"}],
        "type": ["VerifiableCredential", "shangeng:Certificate"],
        "id": "https://shangeng.example/c/SG-2026-00042",
        "issuer": {"id": "did:web:shangeng.example:keys:8K3M5N7P9Q2R4T6V", "name": "浙西南认证中心"},
        "validFrom": "2026-04-12T00:00:00+08:00",
        "validUntil": "2027-04-12T00:00:00+08:00",
        "credentialSubject": {
            "id": "urn:shangeng:organisation:0123456789ABCDEF",
            "name": "景宁惠明茶合作社",
            "shangeng:number": "91331127MA2E0ABC1X",
            "shangeng:products": [
                {
                    "id": "urn:shangeng:product:M123456789ABCDEF",
                    "name": [
                        {"@language": "zh", "@value": "惠明绿茶"},
                        {"@language": "en", "@value": "Huiming green tea"},
                    ],
                },
                {"id": "urn:shangeng:product:M2", "name": [{"@language": "zh", "@value": "惠明红茶"}]},
            ],
            "shangeng:plots": [
                {"id": "urn:shangeng:plot:P123456789ABCDEF", "name": "敕木山三号", "shangeng:altitude": 640},
                {"id": "urn:shangeng:plot:P2", "shangeng:altitude": 720},
            ],
            "shangeng:standard": {
                "shangeng:key": "jingning600",
                "shangeng:number": "T/LSSGB 示例-10",
                "shangeng:edition": "2025",
                "name": [{"@language": "zh", "@value": "景宁600"}, {"@language": "en", "@value": "Jingning 600"}],
            },
        },
    }
    check_statement(CERTIFICATE.document())


def test_a_households_licence_holds_no_name() -> None:
    document = LICENCE.document()
    assert document["type"] == ["VerifiableCredential", "shangeng:MarkLicence"]
    assert set(document["credentialSubject"]) == {"id", "shangeng:number", "shangeng:products"}


def test_chains_are_named_after_kind_and_number() -> None:
    assert (CERTIFICATE.kind, CERTIFICATE.chain) == (Kind.CERTIFICATE, "certificate:SG-2026-00042")
    assert (LICENCE.kind, LICENCE.chain) == (Kind.LICENCE, "licence:XK-2026-0007")


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.dates(date(2100, 1, 1), date(2200, 1, 1)), st.text(min_size=1))
def test_what_is_written_is_read_back(start: date, end: date, name: str) -> None:
    certificate = replace(CERTIFICATE, valid_from=start, valid_until=end, issuer_name=name)
    assert read_certificate(certificate.document() | {"proof": {"type": "DataIntegrityProof"}}) == certificate
    licence = replace(LICENCE, valid_from=start, valid_until=end, issuer_name=name)
    assert read_licence(licence.document()) == licence


def test_one_is_not_taken_for_the_other() -> None:
    with pytest.raises(CredentialMalformed):
        read_certificate(LICENCE.document())
    with pytest.raises(CredentialMalformed):
        read_licence(CERTIFICATE.document())


REMOVE = object()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("@context",), ["https://www.w3.org/ns/credentials/v2"]),
        (("@context", 0), "https://www.w3.org/2018/credentials/v1"),
        (("type",), ["VerifiableCredential"]),
        (("type",), ["shangeng:Certificate", "VerifiableCredential"]),
        (("type", 1), "shangeng:MarkLicence"),
        (("type", 1), "shangeng:Other"),
        (("id",), "https://shangeng.example/c/SG-2026-00042/"[1:]),
        (("id",), "http://shangeng.example/c/SG-2026-00042"),
        (("issuer",), "did:web:shangeng.example"),
        (("issuer", "phone"), "13800000000"),
        (("validFrom",), "2026-04-12"),
        (("validFrom",), "2026-04-12T00:00:00Z"),
        (("validFrom",), "2026-04-12T00:00:01+08:00"),
        (("validFrom",), "2028-04-12T00:00:00+08:00"),
        (("validUntil",), "2026-04-12T00:00:00+08:00"),
        (("validUntil",), "0001-01-01T00:00:00+08:00"),
        (("validUntil",), 20270412),
        (("validUntil",), REMOVE),
        (("credentialSubject",), []),
        (("credentialSubject", "id"), "urn:other:0123456789ABCDEF"),
        (("credentialSubject", "name"), 7),
        (("credentialSubject", "phone"), "13800000000"),
        (("credentialSubject", "shangeng:products"), []),
        (("credentialSubject", "shangeng:products"), REMOVE),
        (("credentialSubject", "shangeng:products", 0), "M123456789ABCDEF"),
        (("credentialSubject", "shangeng:products", 0, "name"), "惠明绿茶"),
        (("credentialSubject", "shangeng:products", 0, "name", 0, "@language"), "fr"),
        (("credentialSubject", "shangeng:plots"), {}),
        (("credentialSubject", "shangeng:plots"), REMOVE),
        (("credentialSubject", "shangeng:plots", 0, "shangeng:altitude"), "640"),
        (("credentialSubject", "shangeng:plots", 0, "latitude"), "27.97"),
        (("credentialSubject", "shangeng:standard"), "jingning600"),
        (("credentialSubject", "shangeng:standard"), REMOVE),
        (("credentialSubject", "shangeng:standard", "shangeng:edition"), 2025),
        (("credentialStatus",), {"type": "BitstringStatusListEntry"}),
    ],
)
def test_whatever_is_not_in_our_form_is_refused(path: tuple[str | int, ...], value: object) -> None:
    with pytest.raises(CredentialMalformed):
        read_credential(changed(CERTIFICATE.document(), path, value))


def test_a_status_change_is_written_and_read_back() -> None:
    assert CHANGE.document() == {
        "@context": ["https://www.w3.org/ns/credentials/v2", {"shangeng": "urn:shangeng:vocab:"}],
        "type": "shangeng:StatusChange",
        "id": "urn:shangeng:status:S123456789ABCDEF",
        "shangeng:of": "SG-2026-00042",
        "shangeng:state": "suspended",
        "shangeng:reason": "failed_test",
        "shangeng:effective": "2026-06-01T02:03:04.005Z",
    }
    assert read_status(CHANGE.document() | {"proof": {}}) == CHANGE


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("type",), "shangeng:Certificate"),
        (("id",), "S123456789ABCDEF"),
        (("shangeng:of",), 42),
        (("shangeng:state",), "expired"),
        (("shangeng:reason",), REMOVE),
        (("shangeng:effective",), "2026-06-01"),
        (("shangeng:by",), "张三"),
    ],
)
def test_a_status_change_that_is_not_in_our_form_is_refused(path: tuple[str | int, ...], value: object) -> None:
    with pytest.raises(StatusMalformed):
        read_status(changed(CHANGE.document(), path, value))


def changed(document: dict[str, Any], path: tuple[str | int, ...], value: object) -> dict[str, Any]:
    copy: Any = deepcopy(document)
    at = copy
    for step in path[:-1]:
        at = at[step]
    if value is REMOVE:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return copy  # type: ignore[no-any-return]  # a deep copy of a document is one
