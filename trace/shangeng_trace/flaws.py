"""What an audit finds."""

from dataclasses import dataclass

from shangeng_trace.errors import ShangengError


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that does not hold: the table, the row's key, the column, and what is wrong with it."""

    table: str
    row: str
    column: str
    what: str

    def __str__(self) -> str:
        return f"{self.table}[{self.row}].{self.column}: {self.what}"

    @classmethod
    def of(cls, table: str, row: object, column: str, what: object) -> "Flaw":
        """Say what is wrong in words or by the error that told of it."""
        return cls(table, str(row), column, what.sentence("en") if isinstance(what, ShangengError) else str(what))
