"""Whose an uploaded file is, so that nobody's are dropped for another's."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    for name in ("owner", "network"):
        column = sa.Column(name, sa.String(64), nullable=False, server_default="")
        op.add_column("uploads", column)


def downgrade() -> None:
    for name in ("network", "owner"):
        op.drop_column("uploads", name)
