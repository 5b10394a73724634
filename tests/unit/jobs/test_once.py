"""Two checks at once, and what one leaves that is killed, cancelled, or loses its lock."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.event_logs import promotions
from tests.support.events import execute
from tests.support.installation import Installation
from tests.support.labelled_events import record_labelled
from tests.support.serving import wait_until
from webapp.catalog.stores import saving
from webapp.catalog.stores.folder import FolderStore
from webapp.catalog.stores.saving import NewVersion
from webapp.db.database import Database, LogUnavailableError
from webapp.db.lock import only_one
from webapp.db.tables.checks import Checks
from webapp.db.tables.ledger import Ledger
from webapp.jobs.reporter import CancelledError
from webapp.jobs.retrain.execute import MOST_TRIES

pytestmark = pytest.mark.filterwarnings("ignore")


def test_two_at_once_do_it_once(installation: Installation, database: Database) -> None:
    record_labelled(database, 2500)
    statuses: list[str] = []

    def second(step: str) -> None:
        if step == "fit":
            statuses.append(installation.run().status)

    assert installation.run(on_step=second).status == "promoted"
    assert statuses == ["busy"]
    assert installation.versions() == ["logit_games_v1", "logit_games_v2"]
    assert len(Checks(database).history()) == 1


def lose_the_lock(database: Database) -> None:
    """The server ends the connection that holds it, and has done so when this returns."""
    holder = "FROM pg_locks WHERE locktype = 'advisory'"
    execute(database, f"SELECT pg_terminate_backend(pid) {holder}")
    wait_until(lambda: not rows(database, f"SELECT 1 {holder}"), 10, "the lock is free")


def rows(database: Database, select: str) -> list[object]:
    with database.reading() as link:
        return list(link.run(select).fetchall())


def test_a_lock_that_was_lost_stops_the_writing(
    installation: Installation, database: Database
) -> None:
    if database.is_sqlite:
        pytest.skip("a file's lock is held as long as the file is open")
    record_labelled(database, 2500)

    def lose(step: str) -> None:
        if step == "register":
            lose_the_lock(database)

    with pytest.raises(LogUnavailableError):
        installation.run(on_step=lose)
    assert installation.versions() == ["logit_games_v1"]
    assert installation.run().status == "promoted"
    assert installation.versions() == ["logit_games_v1", "logit_games_v2"]


def test_a_lock_that_is_lost_as_a_version_is_written_makes_none(
    installation: Installation, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Writing takes seconds, in which another machine may carry on and save the same."""
    if database.is_sqlite:
        pytest.skip("a file's lock is held as long as the file is open")
    record_labelled(database, 2500)
    write, second = saving.write_version, []

    def slow(folder: Path, new: NewVersion) -> None:
        write(folder, new)
        if not second:
            second.append("begun")
            lose_the_lock(database)
            second.append(installation.run().status)

    monkeypatch.setattr(saving, "write_version", slow)
    with pytest.raises(LogUnavailableError):
        installation.run()
    assert second == ["begun", "promoted"]
    _assert_once(installation, database)


KILLED = {
    "before anything is fitted": ((), "fit"),
    "before it is judged": ((), "gate"),
    "before it is saved": ((), "register"),
    "as it is saved": (((FolderStore, "add"),), ""),
    "before it is promoted": ((), "promote"),
    "as it is promoted": (((Ledger, "promote"),), ""),
}


@pytest.mark.parametrize("point", KILLED)
def test_killed_at_any_point_the_next_run_carries_on(
    sqlite_installation: Installation, point: str
) -> None:
    database = Database(sqlite_installation.address)
    record_labelled(database, 2500)
    patches, at = KILLED[point]
    sqlite_installation.killed(*patches, at=at)
    assert all(
        name.startswith((".training", "logit_games_v")) for name in sqlite_installation.versions()
    )
    outcome = sqlite_installation.run()
    assert outcome.status == "promoted"
    assert "Resumed after an interruption." in outcome.explanation
    _assert_once(sqlite_installation, database)


def test_killed_after_the_promotion_it_is_not_promoted_again(
    sqlite_installation: Installation,
) -> None:
    database = Database(sqlite_installation.address)
    record_labelled(database, 2500)
    calls = 0
    update = Checks.update

    def dies_at_the_end(self: Checks, check) -> None:  # type: ignore[no-untyped-def]
        nonlocal calls
        if check.finished_at is not None:
            raise MemoryError
        update(self, check)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Checks, "update", dies_at_the_end)
        with pytest.raises(MemoryError):
            sqlite_installation.run()
    assert promotions(Ledger(database))[0].version == "logit_games_v2"
    assert sqlite_installation.run().status == "promoted"
    _assert_once(sqlite_installation, database)


def _assert_once(installation: Installation, database: Database) -> None:
    """One new version, one promotion, one check, which is finished; no draft is left."""
    assert installation.versions() == ["logit_games_v1", "logit_games_v2"]
    assert [line.version for line in promotions(Ledger(database))] == ["logit_games_v2"]
    (check,) = Checks(database).history()
    assert check.finished_at is not None
    assert check.evidence["promoted"] is True
    database.close()


def test_what_never_comes_to_an_end_is_given_up(sqlite_installation: Installation) -> None:
    database = Database(sqlite_installation.address)
    record_labelled(database, 2500)
    sqlite_installation.killed(at="fit")
    execute(database, f"UPDATE checks SET tries = {MOST_TRIES}")
    outcome = sqlite_installation.run()
    assert (outcome.status, outcome.code) == ("failed", 1)
    assert f"Given up after {MOST_TRIES} tries" in outcome.explanation
    assert sqlite_installation.run().status == "nothing new"
    database.close()


def test_cancelled_it_stays_cancelled(sqlite_installation: Installation) -> None:
    database = Database(sqlite_installation.address)
    record_labelled(database, 2500)

    def cancel(step: str) -> None:
        if step == "validate":
            execute(database, "UPDATE jobs SET cancel_at = 1")

    with pytest.raises(CancelledError):
        sqlite_installation.run(on_step=cancel)
    (check,) = Checks(database).history()
    assert (check.verdict, check.version) == ("cancelled", None)
    (job,) = sqlite_installation.services().jobs.history()
    assert job.state == "cancelled"
    assert sqlite_installation.run().status in ("nothing new", "waits")
    assert sqlite_installation.versions() == ["logit_games_v1"]
    database.close()


def test_the_lock_is_free_as_soon_as_its_holder_is_dead(
    installation: Installation, database: Database
) -> None:
    record_labelled(database, 2500)
    installation.killed(at="fit")
    if not database.is_sqlite:  # its server takes a moment to notice, on a busy machine
        locks = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory'"
        wait_until(lambda: not rows(database, locks), 10, "the lock is free")
    with only_one(database, "retrain"):
        pass


def test_the_lock_is_free_when_its_holder_says_so(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a moment later: a server may take its time to notice that a connection is closed."""
    if database.is_sqlite:
        pytest.skip("a file is closed at once")
    open_connection, slow = Database.open_connection, []

    def closes_late(self: Database):  # type: ignore[no-untyped-def]
        connection = open_connection(self)
        slow.append(connection.close)
        monkeypatch.setattr(connection, "close", lambda: None)
        return connection

    monkeypatch.setattr(Database, "open_connection", closes_late)
    for _ in range(2):
        with only_one(database, "retrain"):
            pass
    for close in slow:
        close()
