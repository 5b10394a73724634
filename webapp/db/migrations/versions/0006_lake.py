"""Events that were counted in a lake: by dataset, when, and what recounts corrected."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "lake_counts",
        sa.Column("dataset", sa.String(100), nullable=False),
        sa.Column("grain", sa.String(4), nullable=False),
        sa.Column("period", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.String(100), nullable=False),
        sa.Column("case", sa.Integer(), nullable=False),
        sa.Column("label", sa.SmallInteger(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("dataset", "grain", "period", "version", "case", "label"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "lake_periods",
        sa.Column("dataset", sa.String(100), nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("labelled", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.Column("counted_at", sa.BigInteger(), nullable=False),
        sa.Column("history", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("dataset", "day"),
        sqlite_with_rowid=False,
    )
    op.create_index("lake_periods_day", "lake_periods", ["day"])
    op.create_table(
        "lake_corrections",
        sa.Column("dataset", sa.String(100), nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.String(100), nullable=False),
        sa.Column("case", sa.Integer(), nullable=False),
        sa.Column("label", sa.SmallInteger(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("dataset", "day", "version", "case", "label"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("lake_corrections")
    op.drop_index("lake_periods_day", "lake_periods")
    op.drop_table("lake_periods")
    op.drop_table("lake_counts")
    op.execute("DELETE FROM counts WHERE source = 'lake'")
