"""Every table of the product: importing this module is what fills `SQLModel.metadata`."""

from enum import Enum
from typing import Any

import sqlalchemy
from sqlmodel import SQLModel

import shangeng_certs.tables as certificates
import shangeng_labels.tables as labels
import shangeng_trace.batch_tables as batches
import shangeng_trace.keyring as keys
import shangeng_trace.log_tables as log
import shangeng_trace.private_tables as private
import shangeng_trace.registry_tables as registry
import shangeng_trace.witness_tables as witnesses
import shangeng_web.account_tables as accounts
import shangeng_web.api.tables as api
import shangeng_web.console.tables as console
from shangeng_trace import head_clock, log_keys

MODULES = (
    accounts,
    api,
    batches,
    certificates,
    console,
    head_clock,
    keys,
    labels,
    log,
    log_keys,
    private,
    registry,
    witnesses,
)
"""Where tables are: a module that makes one belongs here."""

METADATA = SQLModel.metadata


def _values(choices: type[Enum]) -> list[Any]:
    return [each.value for each in choices]


def _store_choices_as_text() -> None:
    """Store enumerations as their wire values in a text column.

    PostgreSQL's own enumeration types cannot lose a value, and must be altered before they get one.
    """
    for table in METADATA.tables.values():
        for column in table.columns:
            kind = column.type
            if isinstance(kind, sqlalchemy.Enum) and kind.enum_class is not None:
                column.type = sqlalchemy.Enum(kind.enum_class, native_enum=False, length=16, values_callable=_values)


_store_choices_as_text()
