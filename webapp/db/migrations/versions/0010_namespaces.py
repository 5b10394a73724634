"""Request ids by namespace: each sender has its own, and events from before keep theirs."""

import sqlalchemy as sa
from alembic import op

from webapp.db.namespace_index import NAME

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
    if _has_early_index():
        op.execute(f"ALTER INDEX {NAME} RENAME TO events_request_id")
        return
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


def _has_early_index() -> bool:
    """True where the index was built beside writers, with the column."""
    bind = op.get_bind()
    if bind.dialect.name != "postgresql":
        return False
    return bind.scalar(sa.select(sa.func.to_regclass(NAME))) is not None


def _create_index(columns: list[str], *, unique: bool) -> None:
    op.create_index(
        "events_request_id",
        "events",
        columns,
        unique=unique,
        sqlite_where=_NAMED,
        postgresql_where=_NAMED,
    )
