"""A connection to PostgreSQL elsewhere is encrypted, and checks the server if one asks for it."""

from __future__ import annotations

import pytest

from webapp.db.database import Database
from webapp.db.database import read_url as read

AWAY = "postgresql://me:secret@db.example/everycase"


@pytest.mark.parametrize(
    ("address", "mode"),
    [
        (AWAY, "require"),
        (f"{AWAY}?sslmode=verify-full", "verify-full"),
        (f"{AWAY}?sslmode=verify-full&sslrootcert=system", "verify-full"),
        ("postgresql://me@localhost/everycase", None),
    ],
)
def test_the_mode_of_a_connection(address: str, mode: str | None) -> None:
    assert read(address).query.get("sslmode") == mode


def test_the_driver_gets_mode_and_certificates() -> None:
    database = Database(f"{AWAY}?sslmode=verify-full&sslrootcert=/etc/ssl/rds.pem")
    _, options = database._engine.dialect.create_connect_args(database.url)
    assert options["sslmode"] == "verify-full"
    assert options["sslrootcert"] == "/etc/ssl/rds.pem"
    assert "verify-full" in database.display_url
    assert "secret" not in database.display_url
    database.close()
