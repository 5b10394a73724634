"""Checks of the retraining policy; what jobs need to be watched, cancelled and explained."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    for column in (
        sa.Column("step", sa.String(64), nullable=False, server_default=""),
        sa.Column("actor", sa.String(100), nullable=False, server_default=""),
        sa.Column("arguments", sa.JSON, nullable=False, server_default="{}"),
        sa.Column("result", sa.JSON),
        sa.Column("cancel_at", sa.BigInteger),
        sa.Column("seen_at", sa.BigInteger),
    ):
        op.add_column("jobs", column)
    op.add_column(
        "alerts", sa.Column("kind", sa.String(16), nullable=False, server_default="drift")
    )
    op.add_column("alerts", sa.Column("promotion", sa.BigInteger))
    op.create_table(
        "checks",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("finished_at", sa.BigInteger),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("policy", sa.String(16), nullable=False),
        sa.Column("traffic", sa.String(16), nullable=False),
        sa.Column("actor", sa.String(100), nullable=False),
        sa.Column("champion", sa.String(100), nullable=False),
        sa.Column("decision", sa.String(16), nullable=False),
        sa.Column("version", sa.String(100)),
        sa.Column("verdict", sa.String(32)),
        sa.Column("explanation", sa.String(4000), nullable=False),
        sa.Column("evidence", sa.JSON, nullable=False),
        sa.Column("batch", sa.JSON, nullable=False),
        sa.Column("state", sa.JSON),
        sa.Column("snapshot", sa.JSON),
    )
