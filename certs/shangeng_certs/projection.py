"""From credentials and status statements to tables: the one place that writes them.

It depends on the statement and its receipt alone, never on the registry or a clock: `shangeng audit` runs the same
code over the ledger's statements into an empty database and compares every row.
Whether they may be made is decided before, in `shangeng_certs.certificates` and `shangeng_certs.licences`.
"""

from sqlmodel import Session

from shangeng_certs.credentials import (
    Credential,
    CredentialMalformed,
    Kind,
    State,
    StatusMalformed,
    read_credential,
    read_status,
)
from shangeng_certs.tables import Certificate, CertificatePlot, CertificateProduct, CredentialStatus, Licence
from shangeng_trace.canonical import Document
from shangeng_trace.entry import Receipt


def project_credential(
    session: Session, document: Document, receipt: Receipt, *, key_id: str, author: str
) -> Certificate | Licence:
    """Write what a credential statement grants; `author` is the organisation that controls the signing key.

    Raises `CredentialMalformed`, also where the issuer named is not the key that signed.
    """
    credential = read_credential(document)
    if not credential.issuer.endswith(f":keys:{key_id}"):
        raise CredentialMalformed(what="issuer is not the signer")
    row = (_certificate if credential.kind is Kind.CERTIFICATE else _licence)(credential, receipt, key_id, author)
    session.add(row)
    session.flush()
    if credential.kind is Kind.CERTIFICATE:
        for product in credential.products:
            session.add(CertificateProduct(number=credential.number, product_id=product.id))
        for plot in credential.plots:
            session.add(CertificatePlot(number=credential.number, plot_id=plot.id))
        session.flush()
    return row


def project_status(
    session: Session, document: Document, receipt: Receipt, *, key_id: str, author: str
) -> Certificate | Licence:
    """Write a change of state and return the row it changed; raises `StatusMalformed`, also for an unknown number."""
    change = read_status(document)
    row = session.get(Certificate, change.number) or session.get(Licence, change.number)
    if row is None:
        raise StatusMalformed(what="status of an unknown number")
    row.state = change.state.value
    session.add(row)
    session.add(
        CredentialStatus(
            digest=receipt.digest,
            number=change.number,
            state=change.state.value,
            reason=change.reason,
            effective=change.effective,
            index=receipt.index,
            author=author,
            key_id=key_id,
            logged_at=receipt.time,
        )
    )
    session.flush()
    return row


def _certificate(credential: Credential, receipt: Receipt, key_id: str, author: str) -> Certificate:
    assert credential.standard is not None
    return Certificate(
        number=credential.number,
        body_id=author,
        holder_id=credential.holder.id,
        standard=credential.standard.key,
        edition=credential.standard.edition,
        valid_from=credential.valid_from,
        valid_until=credential.valid_until,
        state=State.ACTIVE.value,
        digest=receipt.digest,
        index=receipt.index,
        key_id=key_id,
        logged_at=receipt.time,
    )


def _licence(credential: Credential, receipt: Receipt, key_id: str, author: str) -> Licence:
    match credential.products:
        case (product,):
            pass
        case _:
            raise CredentialMalformed(what="a licence is for one product")
    return Licence(
        number=credential.number,
        association_id=author,
        holder_id=credential.holder.id,
        product_id=product.id,
        valid_from=credential.valid_from,
        valid_until=credential.valid_until,
        state=State.ACTIVE.value,
        digest=receipt.digest,
        index=receipt.index,
        key_id=key_id,
        logged_at=receipt.time,
    )
