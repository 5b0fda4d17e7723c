"""Column types that mean the same on SQLite and PostgreSQL, and the base of every table."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, LargeBinary, String
from sqlalchemy.types import TypeDecorator
from sqlmodel import SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


Place = BigInteger().with_variant(Integer(), "sqlite")
"""An index in the log as a table's whole primary key. SQLite keeps a table in the order of an INTEGER key; of a BIGINT
it would keep an index beside."""

IN_KEY_ORDER = {"sqlite_with_rowid": False}
"""Table arguments where the primary key has several columns or is text: SQLite keeps the rows in it, not beside it."""


class Table(SQLModel):
    """Base of every table: `LedgerEntry` is stored as `ledger_entry`."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        cls.__tablename__ = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()
        super().__init_subclass__(**kwargs)


class Moment(TypeDecorator[datetime]):
    """An aware datetime, UTC in storage; a naive one is a programming error."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC; SQLite has no zone, so the digits alone carry it."""
        if value is None:
            return None
        if value.tzinfo is None:
            msg = "a stored moment must be aware"
            raise TypeError(msg)
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def bind_processor(self, dialect: Dialect) -> Any:
        """Return what stores a moment; SQLite gets the text that SQLAlchemy would write, with less ado."""
        if dialect.name != "sqlite":
            return super().bind_processor(dialect)

        def written(value: datetime | None) -> str | None:
            stored = self.process_bind_param(value, dialect)
            return None if stored is None else stored.isoformat(" ", "microseconds")

        return written

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Give the moment its zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Amount(TypeDecorator[Decimal]):
    """An exact decimal stored as its shortest text, the same bytes on every engine."""

    impl = String(24)
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Write without exponent and trailing zeros: `8.2`, `164`, `0`."""
        return None if value is None else plain(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Read the text back, exactly."""
        return None if value is None else Decimal(value)


class Digest(TypeDecorator[str]):
    """A SHA-256, hex to us and its 32 octets in storage: an index over them is half as long."""

    impl = LargeBinary(32)
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Write the octets."""
        return None if value is None else bytes.fromhex(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Read them as hex, in lower case."""
        return None if value is None else value.hex()


def plain(value: Decimal) -> str:
    """Write a decimal without exponent and trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") or "0" if "." in text else text
