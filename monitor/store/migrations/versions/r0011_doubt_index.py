"""The few articles in doubt are found by a small index of those alone.

Revision 0011, of 0010.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    where = sa.text("in_doubt")
    op.create_index("ix_articles_in_doubt", "articles", ["event_time"], sqlite_where=where, postgresql_where=where)
