"""The supervisor's looks, one at a time: the index follows, the work is begun, all get a turn."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from pathlib import Path

import pytest

from tests.support.model_folders import (
    RULES,
    Counting,
    answering,
    ending,
    make_model,
    preparer,
)
from tests.support.serving import wait_until
from webapp.catalog.choices import read_choices
from webapp.catalog.digest import model_digest
from webapp.catalog.index import read_index
from webapp.catalog.prepared import Facts, write_prepared
from webapp.catalog.preparer import Preparer
from webapp.db.database import Database
from webapp.db.tables.class_choices import ClassChoices
from webapp.limited_process import ChildResult
from webapp.server.choice_copy import EVERY_SECONDS, ChoiceCopy
from webapp.server.supervisor import Watcher, only_one, watch_without_supervisor
from webapp.settings import Settings


def watcher_of(models: Path, run: Counting) -> Watcher:
    return Watcher(models, models.parent / "var", preparer(run), settle=0)


def indexed(models: Path) -> dict[str, str]:
    entries = read_index(models.parent / "var", models)
    assert entries is not None
    return {entry.name: entry.status for entry in entries}


def look(watcher: Watcher, times: int = 1) -> None:
    for _ in range(times):
        watcher.scan()
        watcher.finish()


def test_an_index_is_written_at_once(models: Path) -> None:
    look(watcher_of(models, Counting()))
    assert indexed(models) == {}


def test_a_package_that_is_installed_while_it_runs(
    models: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("webapp.server.supervisor.PACKAGES_SECONDS", 0)
    make_model(models, "new_v1")
    run = Counting(ending("ended with: xgboost isn't installed here"))
    watcher = watcher_of(models, run)
    look(watcher, 3)
    assert (indexed(models), run.asked) == ({"new_v1": "unavailable"}, ["new_v1"])
    run.run = answering
    (tmp_path / "site" / "xgboost-3.0.dist-info").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    look(watcher, 2)
    assert (indexed(models), run.asked) == ({"new_v1": "ready"}, ["new_v1", "new_v1"])


def waiting(folder: Path, place: Path) -> ChildResult:
    facts = Facts(model_digest(folder), reason="two classes", classes=("churn", "stay"))
    write_prepared(place, facts)
    return ChildResult(b"")


def test_a_choice_made_on_another_machine_is_followed(
    models: Path, database: Database, address: str
) -> None:
    folder = make_model(models, "churn_v1")
    choosing = Preparer(waiting, RULES, lambda _: answering)
    watcher = Watcher(models, models.parent / "var", choosing, settle=0)
    now = [0.0]
    copy = ChoiceCopy(address, models.parent / "var" / "catalog", lambda: now[0])

    def follow() -> str:
        look(watcher)
        copy.follow(watcher.scan())
        watcher.finish()
        now[0] += EVERY_SECONDS
        look(watcher, 2)
        return indexed(models)["churn_v1"]

    assert follow() == "needs a choice"
    ClassChoices(database).choose(model_digest(folder), "churn_v1", "stay", "ann", 1)
    assert follow() == "ready"
    assert read_choices(models.parent / "var" / "catalog") == {model_digest(folder): "stay"}


def test_the_database_is_asked_only_where_a_choice_is_needed(models: Path, tmp_path: Path) -> None:
    make_model(models, "a_v1", is_carried=True)
    watcher = watcher_of(models, Counting())
    ChoiceCopy(f"sqlite:///{tmp_path}/x.db", tmp_path / "records").follow(watcher.scan())
    assert not (tmp_path / "x.db").exists()


def test_new_changed_and_removed(models: Path) -> None:
    make_model(models, "carried_v1", is_carried=True)
    run = Counting()
    watcher = watcher_of(models, run)
    look(watcher)
    assert (indexed(models), run.asked) == ({"carried_v1": "ready"}, [])
    folder = make_model(models, "new_v1")
    look(watcher)
    assert indexed(models) == {"carried_v1": "ready", "new_v1": "preparing"}
    look(watcher)
    assert indexed(models) == {"carried_v1": "ready", "new_v1": "ready"}
    (folder / "data" / "weights").write_text("changed")
    look(watcher)
    assert indexed(models)["new_v1"] == "preparing"
    look(watcher)
    assert (indexed(models)["new_v1"], run.asked) == ("ready", ["new_v1", "new_v1"])
    shutil.rmtree(folder)
    look(watcher)
    assert indexed(models) == {"carried_v1": "ready"}


def test_the_index_is_left_alone_when_nothing_changed(models: Path) -> None:
    make_model(models, "carried_v1", is_carried=True)
    watcher = watcher_of(models, Counting())
    look(watcher)
    index = models.parent / "var" / "catalog" / "index.json"
    before = index.stat().st_mtime_ns, index.stat().st_ino
    look(watcher, 3)
    assert (index.stat().st_mtime_ns, index.stat().st_ino) == before


def test_one_at_a_time_and_looks_go_on_meanwhile(models: Path) -> None:
    has_begun, go_on = threading.Event(), threading.Event()

    def slowly(folder: Path, place: Path) -> ChildResult:
        has_begun.set()
        assert go_on.wait(10)
        return answering(folder, place)

    run = Counting(slowly)
    make_model(models, "a_v1", "a")
    make_model(models, "b_v1", "b")
    watcher = watcher_of(models, run)
    watcher.scan()
    assert has_begun.wait(10)
    watcher.scan()
    make_model(models, "c_v1", "c", is_carried=True)
    assert {e.name for e in watcher.scan()} == {"a_v1", "b_v1", "c_v1"}
    assert run.asked == ["a_v1"]
    go_on.set()
    look(watcher, 4)
    assert indexed(models) == dict.fromkeys(("a_v1", "b_v1", "c_v1"), "ready")


def full_disk(folder: Path, place: Path) -> ChildResult:
    if folder.name == "a_v1":
        raise OSError(28, "No space left on device")
    return answering(folder, place)


def stopped(folder: Path, place: Path) -> ChildResult:
    return (ending("was stopped") if folder.name == "a_v1" else answering)(folder, place)


@pytest.mark.parametrize("run", [full_disk, stopped])
def test_one_that_leaves_no_record_lets_the_others_have_their_turn(
    models: Path, run: object, caplog: pytest.LogCaptureFixture
) -> None:
    counting = Counting(run)  # type: ignore[arg-type]
    make_model(models, "a_v1", "a")
    make_model(models, "b_v1", "b")
    watcher = watcher_of(models, counting)
    with caplog.at_level(logging.WARNING):
        look(watcher, 4)
    assert indexed(models) == {"a_v1": "preparing", "b_v1": "ready"}
    assert counting.asked == ["a_v1", "b_v1"]
    if run is full_disk:
        assert "a_v1: could not be prepared: [Errno 28]" in caplog.text


def test_only_one_has_the_folder(tmp_path: Path) -> None:
    stop = threading.Event()
    entries: list[str] = []

    def wait() -> None:
        with only_one(tmp_path / "var", stop):
            entries.append("second")

    second = threading.Thread(target=wait)
    with only_one(tmp_path / "var", stop):
        second.start()
        second.join(1)
        assert entries == []
    second.join(5)
    assert entries == ["second"]


def test_who_waits_can_be_stopped(tmp_path: Path) -> None:
    stop = threading.Event()
    with only_one(tmp_path / "var", threading.Event()):
        threading.Timer(0.3, stop.set).start()
        with only_one(tmp_path / "var", stop):
            assert stop.is_set()


def test_only_the_supervisor_looks_while_one_runs(models: Path) -> None:
    """A supervisor that starts later takes the lock from the worker that watches without one."""
    var, stop = models.parent / "var", threading.Event()
    settings = Settings(models_uri=models, var_dir=var)
    thread = threading.Thread(target=watch_without_supervisor, args=(settings, stop))
    with only_one(var, stop):
        thread.start()
        time.sleep(1.2)
        assert read_index(var, models) is None
    try:
        wait_until(lambda: read_index(var, models) is not None, 10)
        with only_one(var, stop):
            pass
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()
