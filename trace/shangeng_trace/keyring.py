"""Keys the log knows, and the private halves that the server keeps for their owners.

A key becomes known by a registration statement in the chains `key:<id>` and `member:<organisation>`; entry 0 of
every log is the platform's own, signed by itself. Private keys are stored wrapped (AES-256-GCM under the master
key) and unwrapped once per process. The log key signs checkpoints only and is no statement key.
"""

import threading
from datetime import datetime

from sqlalchemy import LargeBinary, bindparam
from sqlmodel import Field, Session, col, select

from shangeng_trace.batch_tables import LedgerKey
from shangeng_trace.clock import now
from shangeng_trace.columns import Table
from shangeng_trace.custody import MasterKey
from shangeng_trace.entry import Kind, Receipt
from shangeng_trace.errors import ConflictError, ForbiddenError, NotFoundError
from shangeng_trace.ids import new_id
from shangeng_trace.keys import Algorithm, SigningKey, VerifyKey
from shangeng_trace.ledger import append, moment_of, next_index
from shangeng_trace.master_keys import MasterKeys
from shangeng_trace.registration import Holder, Registration
from shangeng_trace.registry_tables import Organisation
from shangeng_trace.revocation import TYPE as REVOCATION
from shangeng_trace.revocation import Revocation
from shangeng_trace.statements import Sealed, Signer, seal

LOG_KEY_ID = "log"


class CustodyKey(Table, table=True):
    """A private key in the server's keeping, wrapped. `public` lets an audit see that the two belong together."""

    id: str = Field(primary_key=True, max_length=16)
    algorithm: str = Field(max_length=16)
    public: str = Field(max_length=80)
    wrapped: bytes = Field(sa_type=LargeBinary)


_NEWEST = (
    select(LedgerKey.id)
    .join(CustodyKey, col(CustodyKey.id) == col(LedgerKey.id))
    .where(
        LedgerKey.controller == bindparam("controller"),
        LedgerKey.id != bindparam("besides"),
        col(LedgerKey.last_valid_index).is_(None),
        col(LedgerKey.expires_at).is_(None) | (col(LedgerKey.expires_at) > bindparam("moment")),
    )
    .order_by(col(LedgerKey.registered_index).desc())
    .limit(1)
)


class KeyUnknown(NotFoundError):
    """A statement names a key that the log does not know."""

    code = "trace.key_unknown"
    zh = "没有登记过这把签名钥匙：{key}。"
    en = "No such signing key is registered: {key}."


class KeyRevoked(ForbiddenError):
    """A statement is signed by a key that no longer counts."""

    code = "trace.key_revoked"
    zh = "这把签名钥匙已经作废，请换用新的。"
    en = "This signing key has been revoked. Please use the new one."


class KeyExpired(ForbiddenError):
    """A statement is signed by a key whose time is over."""

    code = "trace.key_expired"
    zh = "这把签名钥匙已经过期，请换用新的。"
    en = "This signing key has expired. Please use the new one."


class KeyMissing(ConflictError):
    """An organisation has no valid key in the server's custody to sign with."""

    code = "trace.key_missing"
    zh = "贵单位现在没有有效的签名钥匙，请管理员先换新钥匙。"
    en = "Your organisation has no valid signing key now. Please ask your manager for a new one."


class Keyring:
    """The private keys of one server, by the master key that wraps them; `host` is where public halves are found."""

    def __init__(self, master: MasterKey | MasterKeys, *, host: str) -> None:
        self._master = master
        self.host = host
        self._signers: dict[str, Signer] = {}
        self._lock = threading.Lock()

    def create(self, session: Session, key_id: str) -> SigningKey:
        """Generate a key, keep its wrapped private half, and return it."""
        key = SigningKey.generate(Algorithm.ED25519)
        wrapped = self._master.wrap(key.to_bytes(), key_id)
        session.add(CustodyKey(id=key_id, algorithm=Algorithm.ED25519, public=key.public.multikey, wrapped=wrapped))
        session.flush()
        return key

    def private(self, session: Session, key_id: str) -> SigningKey:
        """Return a private key in custody; raises `KeyUnknown`, or `CustodyError` where the master key is wrong."""
        row = session.get(CustodyKey, key_id)
        if row is None:
            raise KeyUnknown(key=key_id)
        return SigningKey.from_bytes(Algorithm(row.algorithm), self._master.unwrap(row.wrapped, key_id))

    def signer(self, session: Session, organisation_id: str, *, besides: str = "") -> Signer:
        """Return the signer of an organisation's newest valid key in custody `besides` one; raises `KeyMissing`."""
        with self._lock:
            # Asked every time: another process may have changed the key.
            wanted = {"controller": organisation_id, "besides": besides, "moment": moment_of(session)}
            key_id = session.exec(_NEWEST, params=wanted).one_or_none()
            if key_id is None:
                raise KeyMissing
            if key_id not in self._signers:
                self._signers[key_id] = Signer.of(self.host, key_id, self.private(session, key_id))
            return self._signers[key_id]


def register_key(
    session: Session,
    keyring: Keyring,
    organisation: Organisation,
    *,
    registrar: Signer | None,
    public: VerifyKey | None = None,
    moment: datetime | None = None,
    expires: datetime | None = None,
    holder: Holder | None = None,
    replaces: str | None = None,
) -> LedgerKey:
    """Register a key for an organisation: its own where `public` is given, else a new one in the server's custody.

    `registrar` is the platform's signer; None only for the platform's first key, which registers itself. The other
    arguments are what the registration says besides (`Registration`).
    """
    key_id = new_id()
    own = keyring.create(session, key_id) if public is None else None
    key = public or (own.public if own else None)
    assert key is not None
    registration = Registration(
        key_id=key_id,
        algorithm=key.algorithm,
        public=key.multikey,
        controller=organisation.id,
        controller_kind=organisation.kind.value,
        controller_number=organisation.number,
        controller_name=None if organisation.is_household else organisation.name,
        custody="external" if own is None else "server",
        expires=expires,
        holder=holder,
        replaces=replaces,
    )
    signer = registrar or (Signer.of(keyring.host, key_id, own) if own else None)
    assert signer is not None
    sealed = seal(registration.document(keyring.host), signer, created=moment or now())
    receipt = append(
        session,
        kind=Kind.KEY,
        digest=sealed.digest,
        body=sealed.body,
        chains=[f"key:{key_id}", f"member:{organisation.id}"],
    )
    return project_key(session, sealed, receipt)


def project_key(session: Session, sealed: Sealed, receipt: Receipt) -> LedgerKey:
    """Write what a key statement says of its key."""
    if sealed.document.get("type") == REVOCATION:
        row = _project_revocation(session, Revocation.read(sealed.document), receipt.index)
    else:
        row = _project_registration(Registration.read(sealed.document), sealed.digest, receipt.index)
        session.add(row)
    session.flush()
    return row


def _project_registration(said: Registration, digest: str, index: int) -> LedgerKey:
    return LedgerKey(
        id=said.key_id,
        controller=said.controller,
        controller_kind=said.controller_kind,
        algorithm=said.algorithm.value,
        public=said.public,
        custody=said.custody,
        digest=digest,
        registered_index=index,
        expires_at=said.expires,
        holder_type=None if said.holder is None else said.holder.type,
        holder_id=None if said.holder is None else said.holder.id,
        replaces=said.replaces,
    )


def _project_revocation(session: Session, said: Revocation, index: int) -> LedgerKey:
    """End a key; a revocation that came before and reaches further back stays."""
    row, last = known_key(session, said.key_id), said.last_valid(index)
    if row.last_valid_index is None or last < row.last_valid_index:
        row.last_valid_index, row.revoked_index, row.revoked_reason = last, index, said.reason.value
    return row


def valid_key(session: Session, key_id: str, row: LedgerKey | None = None) -> LedgerKey:
    """Return a key that may sign the next entry; raises `KeyUnknown`, `KeyRevoked` or `KeyExpired`.

    `row` is the key, where it is at hand.
    """
    row = row or known_key(session, key_id)
    if not row.counts(next_index(session), moment_of(session)):
        raise KeyExpired if row.last_valid_index is None else KeyRevoked
    return row


def known_key(session: Session, key_id: str) -> LedgerKey:
    """Return a key the log knows, whether it still counts or not; raises `KeyUnknown`."""
    row = session.get(LedgerKey, key_id)
    if row is None:
        raise KeyUnknown(key=key_id)
    return row


def public_key(session: Session, key_id: str) -> VerifyKey:
    """Return the public half of a key the log knows; raises `KeyUnknown`."""
    return VerifyKey.from_multikey(known_key(session, key_id).public)
