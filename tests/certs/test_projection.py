"""What `shangeng audit` relies on: the tables follow from statements and entries alone."""

from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, SQLModel, col, select

from shangeng_certs.certificates import suspend_certificate, withdraw_certificate
from shangeng_certs.credentials import CredentialMalformed, StatusMalformed
from shangeng_certs.licences import suspend_licence
from shangeng_certs.projection import project_credential, project_status
from shangeng_certs.tables import Certificate, CertificatePlot, CertificateProduct, CredentialStatus, Licence
from shangeng_trace.batch_tables import LedgerKey
from shangeng_trace.canonical import load_statement
from shangeng_trace.db import Database
from shangeng_trace.entry import Kind, load_entry
from shangeng_trace.ledger import receipt_of
from shangeng_trace.log_tables import LedgerEntry
from shangeng_trace.proofs import key_id_of
from tests.certs.cast import HOST, World, organisation
from tests.stored import statement

TABLES: tuple[type[SQLModel], ...] = (Certificate, CertificateProduct, CertificatePlot, Licence, CredentialStatus)


def rows(session: Session) -> dict[str, list[dict[str, Any]]]:
    return {
        table.__name__: sorted((row.model_dump() for row in session.exec(select(table))), key=repr) for table in TABLES
    }


def credentials_in(session: Session) -> list[tuple[LedgerEntry, dict[str, Any], str, str]]:
    """Return entry, statement, key id and author of everything this package appended, in the log's order."""
    found: list[tuple[LedgerEntry, dict[str, Any], str, str]] = []
    for entry in session.exec(select(LedgerEntry).order_by(col(LedgerEntry.index))):
        body = statement(session, load_entry(entry.body).digest)
        assert body is not None
        document = load_statement(body)
        key = session.get_one(LedgerKey, key_id_of(document["proof"]["verificationMethod"], HOST))
        found.append((entry, document, key.id, key.controller))
    return found


def test_replaying_the_statements_gives_the_same_rows(world: World, tmp_path: Path) -> None:
    certificate, other, licence = world.certify("green"), world.certify("black"), world.license()
    world.certify(holder="household", by="rival_body")
    world.do(suspend_certificate, "body", number=certificate.number, reason="failed_test")
    world.do(withdraw_certificate, "body", number=other.number, reason="ceased")
    world.do(suspend_licence, "association", number=licence.number, reason="mark_misuse")
    fresh = Database(f"sqlite:///{tmp_path / 'again.db'}")
    SQLModel.metadata.create_all(fresh.engine)
    with world.database.session() as session, fresh.session() as again:
        for entry, document, key_id, author in credentials_in(session):
            receipt = receipt_of(entry.index, entry.body)
            match load_entry(entry.body).kind:
                case Kind.CREDENTIAL:
                    project_credential(again, document, receipt, key_id=key_id, author=author)
                case Kind.STATUS:
                    project_status(again, document, receipt, key_id=key_id, author=author)
                case _:
                    continue
        assert rows(again) == rows(session)
        assert all(rows(again).values())
    fresh.engine.dispose()


def test_a_credential_of_another_key_than_the_signer_is_refused(world: World) -> None:
    certificate = world.certify()
    with world.database.session() as session:
        entry, document, _, author = next(
            item for item in credentials_in(session) if item[0].index == certificate.index
        )
        with pytest.raises(CredentialMalformed):
            project_credential(session, document, receipt_of(entry.index, entry.body), key_id="0" * 16, author=author)


def test_a_status_of_nothing_is_refused(world: World) -> None:
    certificate = world.certify()
    world.do(suspend_certificate, "body", number=certificate.number, reason="failed_test")
    with world.database.session() as session:
        entry, document, key_id, author = credentials_in(session)[-1]
        with pytest.raises(StatusMalformed):
            project_status(
                session,
                document | {"shangeng:of": "SG-2026-99999"},
                receipt_of(entry.index, entry.body),
                key_id=key_id,
                author=author,
            )
    assert author == organisation("body")
