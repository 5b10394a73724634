"""Whether an alert's version lost skill, beside the headline verdict."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("alerts", sa.Column("harm", sa.String(32)))


def downgrade() -> None:
    op.drop_column("alerts", "harm")
