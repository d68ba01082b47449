"""Push: answers under an `Idempotency-Key` outlive the process that gave them.

Revision 0007, of 0006.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_MOMENT = sa.BigInteger()  # microseconds since the epoch


def upgrade() -> None:
    """Create the table; what was answered before is not known."""
    op.create_table(
        "push_answers",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("claimed_at", _MOMENT, nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_push_answers"),
    )
    op.create_index("ix_push_answers_claimed_at", "push_answers", ["claimed_at"])
