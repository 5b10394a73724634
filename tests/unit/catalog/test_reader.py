"""The catalog of a web process: follows the index, and serves whatever happens to it."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.support.model_folders import answering, make_model, preparer, refusing, scores_of
from webapp.catalog.index import write_index
from webapp.catalog.reader import CHECK_SECONDS, FolderCatalog
from webapp.limited_process import ChildResult
from webapp.server.supervisor import Watcher


class Clock:
    """A clock that stands still until it is told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now

    def tick(self) -> None:
        self.now += CHECK_SECONDS


@pytest.fixture
def models(tmp_path: Path) -> Path:
    make_model(tmp_path / "models", "a_v1", is_carried=True)
    return tmp_path / "models"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def catalog(models: Path, tmp_path: Path, clock: Clock) -> FolderCatalog:
    return FolderCatalog(models, tmp_path / "var", clock)


@pytest.fixture
def look(models: Path, tmp_path: Path) -> Callable[[], None]:
    """Does what the supervisor does, until all is prepared."""

    def refuse_or_answer(folder: Path, place: Path) -> ChildResult:
        run = refusing("it is bad") if folder.name.startswith("bad") else answering
        return run(folder, place)

    watcher = Watcher(models, tmp_path / "var", preparer(refuse_or_answer), settle=0)

    def go() -> None:
        for _ in range(6):
            watcher.scan()
            watcher.finish()

    go()
    return go


def names(catalog: FolderCatalog) -> dict[str, str]:
    return {version.name: version.status for version in catalog.versions()}


def test_it_serves_before_there_is_an_index(catalog: FolderCatalog, models: Path) -> None:
    version = catalog.get("a_v1")
    assert version is not None
    assert version.prepared is not None
    assert np.array_equal(version.prepared.scores, scores_of(models / "a_v1"))
    assert catalog.get("b_v1") is None
    assert [v.name for v in catalog.versions()] == ["a_v1"]


def test_it_follows_the_index_within_its_interval(
    catalog: FolderCatalog, clock: Clock, look: Callable[[], None], models: Path
) -> None:
    clock.tick()
    assert names(catalog) == {"a_v1": "ready"}
    make_model(models, "b_v1", "b")
    make_model(models, "bad_v1")
    look()
    assert names(catalog) == {"a_v1": "ready"}, "the interval is not over"
    clock.tick()
    assert names(catalog) == {"a_v1": "ready", "b_v1": "ready", "bad_v1": "unavailable"}
    bad = catalog.get("bad_v1")
    assert bad is not None
    assert (bad.reason, bad.prepared) == ("it is bad", None)
    shutil.rmtree(models / "b_v1")
    look()
    clock.tick()
    assert catalog.get("b_v1") is None


def test_an_index_from_before_is_not_believed(models: Path, tmp_path: Path, clock: Clock) -> None:
    write_index(tmp_path / "var", models, ())
    catalog = FolderCatalog(models, tmp_path / "var", clock)
    clock.tick()
    assert names(catalog) == {"a_v1": "ready"}


@pytest.mark.parametrize("text", ["", '{"models": "els', "[]", '{"models": "/x", "versions": []}'])
def test_a_damaged_index_changes_nothing(
    catalog: FolderCatalog,
    clock: Clock,
    look: Callable[[], None],
    models: Path,
    tmp_path: Path,
    text: str,
) -> None:
    index = tmp_path / "var" / "catalog" / "index.json"
    before = catalog.versions()
    index.write_text(text)
    clock.tick()
    assert catalog.versions() == before
    make_model(models, "b_v1", "b")
    look()
    clock.tick()
    assert set(names(catalog)) == {"a_v1", "b_v1"}


def test_an_index_that_is_gone_changes_nothing(
    catalog: FolderCatalog, clock: Clock, look: Callable[[], None], tmp_path: Path
) -> None:
    look()
    clock.tick()
    before = catalog.versions()
    shutil.rmtree(tmp_path / "var")
    clock.tick()
    assert catalog.versions() == before


def test_files_that_come_after_the_index(
    catalog: FolderCatalog, clock: Clock, look: Callable[[], None], models: Path, tmp_path: Path
) -> None:
    make_model(models, "b_v1", "b")
    look()
    records = [p for p in (tmp_path / "var" / "catalog").iterdir() if p.is_dir()]
    (record,) = records
    record.rename(tmp_path / "late")
    clock.tick()
    version = catalog.get("b_v1")
    assert version is not None
    assert (version.status, version.prepared) == ("unavailable", None)
    assert "can't be read" in str(version.reason)
    (tmp_path / "late").rename(record)
    clock.tick()
    assert names(catalog) == {"a_v1": "ready", "b_v1": "ready"}
    shutil.rmtree(record)
    make_model(models, "c_v1", "c")
    write_index(tmp_path / "var", models, [])
    clock.tick()
    assert names(catalog) == {}


def test_tables_are_read_once(
    catalog: FolderCatalog, clock: Clock, look: Callable[[], None], models: Path
) -> None:
    look()
    clock.tick()
    before = catalog.get("a_v1")
    make_model(models, "b_v1", "b")
    look()
    clock.tick()
    after = catalog.get("a_v1")
    assert before is not None
    assert after is not None
    assert after.prepared is before.prepared


def test_two_processes_see_the_same(
    catalog: FolderCatalog, clock: Clock, look: Callable[[], None], models: Path, tmp_path: Path
) -> None:
    other = FolderCatalog(models, tmp_path / "var", clock)
    make_model(models, "b_v1", "b")
    look()
    clock.tick()
    assert names(catalog) == names(other) == {"a_v1": "ready", "b_v1": "ready"}


def test_many_threads_while_versions_come_and_go(
    look: Callable[[], None], models: Path, tmp_path: Path
) -> None:
    ticks = iter(range(10**9))
    catalog = FolderCatalog(models, tmp_path / "var", lambda: float(next(ticks)))
    wrong: list[object] = []
    end = threading.Event()

    def ask() -> None:
        while not end.is_set():
            try:
                version = catalog.get("a_v1")
                if version is None or version.prepared is None:
                    wrong.append(version)
                for each in catalog.versions():
                    if (each.status == "ready") != (each.prepared is not None):
                        wrong.append(each)
            except (AttributeError, KeyError, ValueError, OSError) as error:
                wrong.append(error)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for i in range(5):
        make_model(models, f"b_v{i}", str(i))
        look()
        shutil.rmtree(models / f"b_v{i}")
        look()
    end.set()
    for thread in threads:
        thread.join(10)
    assert wrong == []
