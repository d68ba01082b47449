"""Stories that another source tells in words of its own.

Revision 0008, of 0007.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; of stories that are alive now nobody knows who told them, so they are not retold."""
    op.add_column("story_heads", sa.Column("tellers", sa.Text(), nullable=False, server_default="[]"))
    op.add_column("story_heads", sa.Column("retells", sa.Text(), nullable=False, server_default=""))
