"""Migrations: an empty database, an older one with its data, a newer one, and two at once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.events import assert_consistent, execute, make_event, number_of_events, select
from webapp.db import migrate
from webapp.db.database import Database, LogUnavailableError
from webapp.db.schema import metadata
from webapp.events.log import EventLog
from webapp.settings import ROOT

NEXT = f"{int(migrate.HEAD) + 1:04}"
# What a later Everycase may bring.
LATER = f"""
import sqlalchemy as sa
from alembic import op

revision = "{NEXT}"
down_revision = "{migrate.HEAD}"


def upgrade():
    op.add_column("events", sa.Column("seen", sa.Integer, nullable=False, server_default="7"))
"""


@pytest.fixture
def empty(address: str) -> Database:
    return Database(address)


def command(address: str, var: Path, *words: str) -> subprocess.Popen[str]:
    environ = os.environ | {"DATABASE_URL": address, "VAR_DIR": str(var)}
    return subprocess.Popen(
        [sys.executable, "-m", "webapp.cli", "migrate", *words],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_newest_revision_is_the_folders() -> None:
    numbers = sorted(path.name[:4] for path in (migrate.MIGRATIONS / "versions").glob("0*.py"))
    assert numbers == list(migrate._REVISIONS)
    assert numbers[-1] == migrate.HEAD


def test_an_empty_database_gets_its_tables_once(empty: Database) -> None:
    assert migrate.migrate(empty) == (None, migrate.HEAD)
    assert migrate.migrate(empty) == (migrate.HEAD, migrate.HEAD)
    EventLog(empty).record([make_event()])
    assert_consistent(empty)
    empty.close()


def test_the_tables_are_those_of_the_schema(empty: Database) -> None:
    migrate.migrate(empty)
    with empty.migrating() as connection:
        inspector = sa.inspect(connection)
        for table in metadata.sorted_tables:
            columns = {column["name"]: column for column in inspector.get_columns(table.name)}
            assert set(columns) == {column.name for column in table.columns}
            for column in table.columns:
                assert columns[column.name]["nullable"] == column.nullable, (table, column)
            keys = inspector.get_pk_constraint(table.name)["constrained_columns"]
            assert keys == [column.name for column in table.primary_key.columns]
    empty.close()


def test_an_older_database_keeps_its_data(
    empty: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate.migrate(empty)
    EventLog(empty).record([make_event(case=case) for case in range(50)])
    later = tmp_path / "migrations"
    shutil.copytree(migrate.MIGRATIONS, later)
    before = migrate.HEAD
    (later / "versions" / f"{NEXT}_later.py").write_text(LATER)
    monkeypatch.setattr(migrate, "MIGRATIONS", later)
    monkeypatch.setattr(migrate, "HEAD", NEXT)
    monkeypatch.setattr(migrate, "_REVISIONS", (*migrate._REVISIONS, NEXT))
    assert migrate.migrate(empty) == (before, NEXT)
    assert select(empty, "SELECT count(*), min(seen), max(seen) FROM events") == [(50, 7, 7)]
    assert_consistent(empty)
    empty.close()


def test_it_goes_back_for_an_older_app_and_forward_again(empty: Database) -> None:
    migrate.migrate(empty)
    EventLog(empty).record([make_event()])
    assert migrate.undo(empty, "0005") == (migrate.HEAD, "0005")
    with empty.migrating() as connection:
        names = sa.inspect(connection).get_table_names()
    assert {"ended_sessions", "lake_counts", "lake_periods", "lake_corrections"}.isdisjoint(names)
    assert migrate.revision(empty) == "0005"
    for target in ("0003", "0005", migrate.HEAD, "9999"):
        why = f"is at 0005 and can't go back to {target}"
        with pytest.raises(migrate.MigrationError, match=why):
            migrate.undo(empty, target)
    assert migrate.migrate(empty) == ("0005", migrate.HEAD)
    assert number_of_events(empty) == 1
    assert_consistent(empty)
    empty.close()


def test_every_step_that_is_promised_can_be_undone(empty: Database) -> None:
    for target in migrate._DOWNGRADE_TARGETS:
        migrate.migrate(empty)
        assert migrate.undo(empty, target) == (migrate.HEAD, target)
    empty.close()


def test_the_command_goes_back_and_says_what_it_can_not(address: str, tmp_path: Path) -> None:
    command(address, tmp_path).communicate(timeout=60)
    output, _ = command(address, tmp_path, "--to", "0006").communicate(timeout=60)
    assert output.endswith(f"migrated from {migrate.HEAD} to 0006\n")
    process = command(address, tmp_path, "--to", "0001")
    _, problem = process.communicate(timeout=60)
    assert (process.returncode, len(problem.splitlines())) == (1, 1)
    assert "can't go back to 0001" in problem


def test_a_newer_database_is_refused_and_left_alone(address: str, tmp_path: Path) -> None:
    database = Database(address)
    migrate.migrate(database)
    EventLog(database).record([make_event()])
    execute(database, "UPDATE alembic_version SET version_num = '9999'")
    for act in (migrate.migrate, migrate.ensure):
        with pytest.raises(migrate.MigrationError, match="made by a newer Everycase"):
            act(database)
    process = command(address, tmp_path)
    output, problem = process.communicate(timeout=60)
    assert (process.returncode, output) == (1, "")
    assert "made by a newer Everycase" in problem
    assert len(problem.splitlines()) == 1
    assert number_of_events(database) == 1
    database.close()


def test_postgresql_is_migrated_on_command_only(address: str, backend: str) -> None:
    database = Database(address, prepare=migrate.ensure)
    if backend == "sqlite":
        EventLog(database).record([make_event()])
    else:
        with pytest.raises(LogUnavailableError, match="run everycase migrate"):
            EventLog(database).record([make_event()])
        other = Database(address)
        migrate.migrate(other)
        other.close()
        EventLog(database).record([make_event()])  # and without a restart
    assert number_of_events(database) == 1
    database.close()


def test_two_at_once_do_it_once(address: str, tmp_path: Path) -> None:
    if address.startswith("sqlite"):
        Path(address.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    both = [command(address, tmp_path) for _ in range(2)]
    ends = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], ends
    up_to_date = sorted("up to date" in out for out, _ in ends)
    assert up_to_date == [False, True]
