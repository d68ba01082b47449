"""What near-duplicates of a live story are told by: its text, shingles and embedding.

Revision 0004, of 0003.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; the stories that are alive go on being known by their headline alone."""
    op.add_column("story_heads", sa.Column("text", sa.Text(), nullable=False, server_default=""))
    op.add_column("story_heads", sa.Column("shingles", sa.LargeBinary(), nullable=False, server_default=sa.text("''")))
    op.add_column("story_heads", sa.Column("embedding", sa.LargeBinary(), nullable=False, server_default=sa.text("''")))
    op.add_column("story_heads", sa.Column("model_version", sa.Text(), nullable=False, server_default=""))
