"""Labels of texts that differ in the sign of a figure, or in its decimal point, are labels of different texts.

Revision 0010, of 0009. The keys are those of the release that upgrades: see `statement_key` on changes of it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from monitor.learning.data.label import text_key

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_ROWS_AT_ONCE = 2_000
_LABELS = sa.table("labels", sa.column("id"), sa.column("text"), sa.column("text_key"))


def upgrade() -> None:
    """Compute the keys of the texts anew; they tell more texts apart than the old ones, so that none meets another."""
    connection = op.get_bind()
    change = sa.update(_LABELS).where(_LABELS.c.id == sa.bindparam("row")).values(text_key=sa.bindparam("key"))
    after = 0
    while True:
        query = sa.select(_LABELS).where(_LABELS.c.id > after).order_by(_LABELS.c.id).limit(_ROWS_AT_ONCE)
        rows = connection.execute(query).all()
        if not rows:
            return
        after = rows[-1].id
        changed = [{"row": row.id, "key": key} for row in rows if (key := text_key(row.text)) != row.text_key]
        if changed:
            connection.execute(change, changed)
