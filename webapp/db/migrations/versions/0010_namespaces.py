"""Request ids by namespace: each sender has its own, and events from before keep theirs."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_NAMED = sa.text("request_id IS NOT NULL")
# An older app knows one namespace: of several events with an id, the first one keeps it.
_KEEP_FIRST = (
    "UPDATE events SET request_id = NULL WHERE request_id IS NOT NULL AND EXISTS (SELECT 1 "
    "FROM events AS e WHERE e.request_id = events.request_id AND e.id < events.id)"
)


def upgrade() -> None:
    op.drop_index("events_request_id", "events")
    op.add_column(
        "events", sa.Column("namespace", sa.String(32), nullable=False, server_default="")
    )
    _create_index(["namespace", "request_id"], unique=True)


def downgrade() -> None:
    op.drop_index("events_request_id", "events")
    _create_index(["request_id"], unique=False)  # to look for equal ids
    op.execute(_KEEP_FIRST)
    op.drop_index("events_request_id", "events")
    op.drop_column("events", "namespace")
    _create_index(["request_id"], unique=True)


def _create_index(columns: list[str], *, unique: bool) -> None:
    op.create_index(
        "events_request_id",
        "events",
        columns,
        unique=unique,
        sqlite_where=_NAMED,
        postgresql_where=_NAMED,
    )
