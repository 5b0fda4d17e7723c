"""${message}."""
<% down = repr(down_revision).replace("'", '"') if down_revision else None %>
# ruff: noqa: D103, N999, PLR0915 - named by its date; Alembic knows the function by its name; as long as its changes are many

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "${up_revision}"
down_revision: str | None = ${down}
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
