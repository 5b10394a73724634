"""Sessions that were signed out, as machines that share only a database see them."""

from __future__ import annotations

from pathlib import Path

from tests.support.app_access import ADMIN_TOKEN, make_app
from tests.support.postgres import Postgres
from webapp.api.auth import COOKIE
from webapp.db.database import Database
from webapp.db.migrate import migrate
from webapp.db.tables.ended_sessions import EndedSessions


def test_what_one_ends_all_know_until_it_has_expired(database: Database) -> None:
    now = [1e9]
    one, other = (EndedSessions(database, 60, lambda: now[0]) for _ in range(2))
    one.end("a")
    one.end("a")
    assert [other.has_ended(name) for name in ("a", "b")] == [True, False]
    now[0] += 61
    other.end("b")
    assert [one.has_ended(name) for name in ("a", "b")] == [False, True]
    with database.reading() as link:
        rows = link.run("SELECT digest FROM ended_sessions").fetchall()
    assert [len(row[0]) for row in rows] == [64], "never the session itself"


def test_a_session_counts_as_ended_while_it_can_not_be_looked_up(
    postgresql: Postgres, tmp_path: Path
) -> None:
    with postgresql.fresh() as url:
        database = Database(url)
        migrate(database)
        settings = {"admin_token": ADMIN_TOKEN, "secret_key": "k" * 16, "database_url": url}
        apps = [make_app(tmp_path / name, **settings) for name in ("one", "two")]
        first, second = (app.server.test_client() for app in apps)
        form = {"data": {"token": ADMIN_TOKEN}, "headers": {"Sec-Fetch-Site": "same-origin"}}
        assert first.post("/sign-in", **form).status_code == 303  # type: ignore[arg-type]
        cookie = first.get_cookie(COOKIE)
        assert cookie is not None
        second.set_cookie(COOKIE, cookie.value)
        assert second.get("/sign-in").status_code == 303
        with database.migrating() as connection:
            connection.exec_driver_sql("ALTER TABLE ended_sessions RENAME TO away")
        assert second.get("/sign-in").status_code == 200, "the form: nobody is signed in"
        response = first.post("/sign-out", headers={"Sec-Fetch-Site": "same-origin"})
        assert (response.status_code, "could not be ended on the server" in response.text) == (
            503,
            True,
        )
        assert first.get_cookie(COOKIE) is None, "this browser forgets its session all the same"
        with database.migrating() as connection:
            connection.exec_driver_sql("ALTER TABLE away RENAME TO ended_sessions")
        assert second.get("/sign-in").status_code == 303
        first.set_cookie(COOKIE, cookie.value)
        assert first.get("/sign-in").status_code == 200, "its own machine knows"
        for app in apps:
            app.services.close()
        database.close()
