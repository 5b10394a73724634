"""The last agreed state of a registry's alias and the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "aliases",
        sa.Column("place", sa.String(300), primary_key=True),
        sa.Column("version", sa.String(100)),
        sa.Column("sent", sa.String(100)),
        sa.Column("noticed", sa.String(100)),
        sa.Column("noticed_at", sa.BigInteger),
    )
