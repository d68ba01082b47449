"""Articles that are negative, but too improbably to have been counted as such.

Revision 0009, of 0008.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of articles that are there nobody knows, so that they go on being shown as counted."""
    op.add_column("articles", sa.Column("in_doubt", sa.Boolean(), nullable=False, server_default=sa.false()))
