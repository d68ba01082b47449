"""Surges of companies: what stories are about, what their mix explains, how counts vary, and why a series stands out.

Revision 0006, of 0005.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_MOMENT = sa.BigInteger()  # microseconds since the epoch


def upgrade() -> None:
    """Add what is new; baselines of windows shorter than a day are learnt no more."""
    for name in ("timed_offset", "dated_offset"):
        op.add_column("minute_counts", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.add_column("story_heads", sa.Column("about", sa.Text(), nullable=False, server_default="[]"))
    op.add_column("surges", sa.Column("statistic", sa.Text(), nullable=False, server_default="share"))
    op.add_column("surges", sa.Column("adjusted_p", sa.Double(), nullable=False, server_default="1"))
    op.add_column("surges", sa.Column("expected_count", sa.Double(), nullable=False, server_default="0"))
    op.add_column("surges", sa.Column("building_since", _MOMENT))
    op.create_table(
        "dispersion",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("window_seconds", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "window_seconds", name="pk_dispersion"),
        sqlite_with_rowid=False,
    )
    op.execute(sa.text("DELETE FROM baselines WHERE window_seconds < 86400"))
