"""Which colour and dash each version has, so that it keeps them."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "version_looks",
        sa.Column("version", sa.String(100), primary_key=True),
        sa.Column("place", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("version_looks")
