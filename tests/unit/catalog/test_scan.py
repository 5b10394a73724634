"""Looking at the folder of models: what is believed, what waits, what is refused."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.model_folders import (
    RULES,
    THREE,
    carry,
    change_facts,
    make_model,
    preparer,
    refusing,
    scores_of,
)
from webapp.catalog.choices import write_choices
from webapp.catalog.digest import model_digest
from webapp.catalog.prepared import Facts, read_facts, write_prepared
from webapp.catalog.preparer import Preparer, Runner
from webapp.catalog.records import make_record
from webapp.catalog.scan import SETTLE_SECONDS, CatalogEntry, Scanner
from webapp.limited_process import ChildResult

LATER = SETTLE_SECONDS + 0.1


@pytest.fixture
def scanner(models: Path, tmp_path: Path) -> Scanner:
    return Scanner(models, tmp_path / "records")


def told(scanner: Scanner, now: float) -> dict[str, tuple[str, str | None]]:
    return {entry.name: (entry.status, entry.reason) for entry in scanner.scan(now)}


def one(scanner: Scanner, now: float) -> CatalogEntry:
    (entry,) = scanner.scan(now)
    return entry


def prepare(scanner: Scanner, models: Path, entry: CatalogEntry, run: object = None) -> None:
    preparing = preparer() if run is None else preparer(run)  # type: ignore[arg-type]
    assert make_record(models / entry.name, entry, scanner.record(entry.key), preparing)


def test_carried_tables_are_believed_at_the_first_folder_state(
    scanner: Scanner, models: Path
) -> None:
    folder = make_model(models, "b_v1", is_carried=True)
    make_model(models, "a_v1")
    first, second = scanner.scan(0)
    assert (first.name, first.status, first.settled) == ("a_v1", "preparing", True)
    assert (second.name, second.status, second.reason) == ("b_v1", "ready", None)
    assert second.place == str(folder / "everycase")
    assert scanner.scan(1) == (first, second)


def test_carried_tables_that_come_later_are_checked(scanner: Scanner, models: Path) -> None:
    assert scanner.scan(0) == ()
    make_model(models, "m_v1", is_carried=True)
    assert one(scanner, 10).settled is False
    waiting = one(scanner, 10 + LATER)
    assert (waiting.status, waiting.settled) == ("preparing", True)
    prepare(scanner, models, waiting)
    ready = one(scanner, 12)
    assert (ready.status, ready.place) == ("ready", str(scanner.record(ready.key)))


def test_a_folder_waits_until_nothing_changes(scanner: Scanner, models: Path) -> None:
    scanner.scan(0)
    folder = make_model(models, "m_v1")
    assert one(scanner, 10).settled is False
    (folder / "late").write_text("x")
    assert one(scanner, 10 + LATER).settled is False
    assert one(scanner, 10 + LATER * 2).settled is True


@pytest.mark.parametrize("time", [0, 4_000_000_000], ids=["1970", "2096"])
def test_the_times_of_files_say_nothing(scanner: Scanner, models: Path, time: int) -> None:
    """They are copied with the files, or come from a clock that is wrong."""
    scanner.scan(0)
    folder = make_model(models, "m_v1")
    for path in folder.rglob("*"):
        os.utime(path, (time, time))
    assert one(scanner, 10).settled is False
    assert one(scanner, 10 + LATER).settled is True


def test_a_touch_changes_nothing(scanner: Scanner, models: Path) -> None:
    scanner.scan(0)
    folder = make_model(models, "m_v1")
    scanner.scan(10)
    prepare(scanner, models, one(scanner, 12))
    before = one(scanner, 13)
    os.utime(folder / "MLmodel", (1, 1))
    assert one(scanner, 14) == before
    assert before.status == "ready"


def test_files_that_changed_after_the_table(scanner: Scanner, models: Path) -> None:
    folder = make_model(models, "m_v1", is_carried=True)
    assert one(scanner, 0).status == "ready"
    (folder / "data" / "weights").write_text("other")
    scanner.scan(10)
    entry = one(scanner, 10 + LATER)
    assert entry.status == "unavailable"
    assert str(entry.reason).startswith("Its files changed after its score table was made: restore")
    (folder / "data" / "weights").write_text("weights")
    assert one(scanner, 20).status == "ready", "the files that were believed are back"


def test_a_table_that_changed(scanner: Scanner, models: Path) -> None:
    folder = make_model(models, "m_v1", is_carried=True)
    (folder / "everycase" / "score_table.npy").write_bytes(b"x")
    assert told(scanner, 0) == {
        "m_v1": ("unavailable", "score_table.npy was changed after it was made")
    }


def test_removing_our_folder_has_the_table_made_anew(scanner: Scanner, models: Path) -> None:
    folder = make_model(models, "m_v1", is_carried=True)
    (folder / "data" / "weights").write_text("other")
    assert one(scanner, 0).status == "unavailable"
    shutil.rmtree(folder / "everycase")
    scanner.scan(10)
    assert one(scanner, 10 + LATER).status == "preparing"


def test_a_carried_refusal(scanner: Scanner, models: Path) -> None:
    carry(make_model(models, "m_v1"), reason="it bites")
    assert told(scanner, 0) == {"m_v1": ("unavailable", "it bites")}


def test_records_belong_to_contents(scanner: Scanner, models: Path) -> None:
    folder = make_model(models, "m_v1")
    prepare(scanner, models, one(scanner, 0))
    assert one(scanner, 1).status == "ready"
    folder.rename(models / "renamed_v1")
    assert told(scanner, 2) == {"renamed_v1": ("ready", None)}
    (models / "renamed_v1" / "MLmodel").write_text("flavors: {other: {}}")
    assert told(scanner, 3)["renamed_v1"][0] == "preparing"
    (models / "renamed_v1" / "MLmodel").write_text("flavors: {sklearn: {}}\n")
    assert told(scanner, 4) == {"renamed_v1": ("ready", None)}


def test_refusals_are_remembered(scanner: Scanner, models: Path, tmp_path: Path) -> None:
    make_model(models, "m_v1")
    prepare(scanner, models, one(scanner, 0), refusing("it is a pickle"))
    assert told(scanner, 1) == {"m_v1": ("unavailable", "it is a pickle")}
    again = Scanner(models, tmp_path / "records")
    assert told(again, 0) == {"m_v1": ("unavailable", "it is a pickle")}


def test_a_record_that_is_written_again_is_read_again(scanner: Scanner, models: Path) -> None:
    make_model(models, "m_v1")
    entry = one(scanner, 0)
    prepare(scanner, models, entry, refusing("first"))
    assert one(scanner, 1).reason == "first"
    change_facts(scanner.record(entry.key), reason="second")
    assert one(scanner, 2).reason == "second"


def test_removed_and_back(scanner: Scanner, models: Path, tmp_path: Path) -> None:
    make_model(models, "m_v1", is_carried=True)
    assert one(scanner, 0).status == "ready"
    (models / "m_v1").rename(tmp_path / "away")
    assert scanner.scan(1) == ()
    (tmp_path / "away").rename(models / "m_v1")
    assert one(scanner, 2).status == "ready"


def test_what_is_no_version(scanner: Scanner, models: Path) -> None:
    for name in (".training-x", "lost+found", "__pycache__"):
        (models / name).mkdir()
    (models / "file_v1").write_text("x")
    make_model(models, "good_v1", is_carried=True)
    assert list(told(scanner, 0)) == ["good_v1"]


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("churn v1", "churn_v1"),
        ("churn_v1 (1)", "churn_v1_1"),
        ("Ümlaut", "Umlaut"),
        ("-x", "x"),
        ("模型", "model_v1"),
        ("x" * 101, "x" * 100),
    ],
)
def test_a_name_that_no_version_can_have(
    scanner: Scanner, models: Path, name: str, suggestion: str
) -> None:
    make_model(models, "good_v1", is_carried=True)
    make_model(models, name)
    entries = {entry.name: entry for entry in scanner.scan(0)}
    assert entries.pop("good_v1").status == "ready"
    (entry,) = entries.values()
    assert entry.status == "unavailable"
    assert str(entry.reason).startswith(
        "Its name can't be a version's, which has letters from A to"
    )
    assert str(entry.reason).endswith(f"rename the folder, such as to {suggestion}")
    (models / name).rename(models / suggestion)
    names = [each.name for each in scanner.scan(1)]
    assert names == sorted(["good_v1", suggestion])


def test_a_name_of_bytes_that_are_no_text(scanner: Scanner, models: Path) -> None:
    os.mkdir(os.fsencode(models) + b"/churn\xff")  # noqa: PTH102
    (entry,) = scanner.scan(0)
    assert (entry.name, entry.name.isprintable()) == ("churn�", True)


# --- A class that a person has to choose ------------------------------------------------------


def choose(scanner: Scanner, choices: dict[str, str]) -> None:
    write_choices(scanner.record("any").parent, choices)


def wants_a_choice(folder: Path, place: Path) -> ChildResult:
    facts = Facts(model_digest(folder), reason="two classes", classes=("churn", "stay"))
    write_prepared(place, facts)
    return ChildResult(b"")


def test_a_choice_is_part_of_the_records_key(scanner: Scanner, models: Path) -> None:
    folder = make_model(models, "churn_v1")
    prepare(scanner, models, one(scanner, 0), wants_a_choice)
    waiting = one(scanner, 1)
    assert (waiting.status, waiting.classes) == ("needs a choice", ("churn", "stay"))
    assert str(waiting.reason).endswith("everycase choose churn_v1 --positive churn")
    assert waiting.digest == model_digest(folder)

    choose(scanner, {waiting.digest: "stay"})
    preparing = one(scanner, 2)
    assert (preparing.status, preparing.choice) == ("preparing", "stay")
    assert preparing.key != waiting.key
    choosing = Preparer(wants_a_choice, RULES, lambda positive: answering_with(positive))
    assert make_record(folder, preparing, scanner.record(preparing.key), choosing)
    ready = one(scanner, 3)
    assert (ready.status, read_facts(Path(str(ready.place))).positive) == ("ready", "stay")
    assert ready.classes == ("churn", "stay"), "it can be changed"

    folder.rename(models / "renamed_v1")
    assert told(scanner, 4) == {"renamed_v1": ("ready", None)}, "the choice is about its files"
    choose(scanner, {waiting.digest: "churn"})
    assert one(scanner, 5).status == "preparing"
    choose(scanner, {})
    assert one(scanner, 6).status == "needs a choice"
    choose(scanner, {waiting.digest: "stay"})
    assert one(scanner, 7).status == "ready"


def answering_with(positive: str) -> Runner:
    def run(folder: Path, place: Path) -> ChildResult:
        facts = Facts(model_digest(folder), THREE.names, classes=("churn", "stay"))
        write_prepared(place, replace(facts, positive=positive), scores_of(folder))
        return ChildResult(b"")

    return run


def test_a_table_that_came_with_its_model_leaves_no_choice(scanner: Scanner, models: Path) -> None:
    carry(make_model(models, "m_v1"), classes=("0", "1"), positive="1")
    assert one(scanner, 0).classes == ()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": 1}'])
def test_a_copy_of_choices_that_is_damaged(scanner: Scanner, models: Path, text: str) -> None:
    make_model(models, "m_v1", is_carried=True)
    place = scanner.record("any").parent
    place.mkdir(parents=True, exist_ok=True)
    (place / "choices.json").write_text(text)
    assert one(scanner, 0).status == "ready"


def test_no_folder_of_models_at_all(tmp_path: Path) -> None:
    assert Scanner(tmp_path / "nowhere", tmp_path / "records").scan() == ()


class Vanishing(Scanner):
    """A scanner to whose folders things happen while it looks."""

    error: OSError = FileNotFoundError(2, "No such file or directory")

    def _folder_state(self, folder: Path, now: float) -> object:  # type: ignore[override]
        if folder.name == "odd_v1":
            if isinstance(self.error, NotADirectoryError):
                shutil.rmtree(folder)
            raise FileNotFoundError if isinstance(self.error, NotADirectoryError) else self.error
        return super()._folder_state(folder, now)


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (FileNotFoundError(2, "No such file"), ("preparing", None)),
        (NotADirectoryError(), None),
        (
            PermissionError(13, "Permission denied"),
            ("unavailable", "Its files can't be read: Perm"),
        ),
        (OSError("no words"), ("unavailable", "Its files can't be read: no words")),
    ],
)
def test_trouble_while_looking(
    models: Path, tmp_path: Path, error: OSError, state: tuple[str, str | None] | None
) -> None:
    make_model(models, "good_v1", is_carried=True)
    make_model(models, "odd_v1")
    scanner = Vanishing(models, tmp_path / "records")
    scanner.error = error
    entries = told(scanner, 0)
    assert entries["good_v1"] == ("ready", None)
    if state is None:
        assert "odd_v1" not in entries
    else:
        status, reason = entries["odd_v1"]
        assert status == state[0]
        assert str(reason).startswith(str(state[1]))


def test_warnings_travel_with_the_entry(scanner: Scanner, models: Path) -> None:
    folder = make_model(models, "m_v1")
    carry(folder, notes=("A note.",), environment={"python": "3.1.0"}, rules=RULES)
    note, warning = one(scanner, 0).warnings
    assert note == "A note."
    assert warning.startswith("Saved with Python 3.1.0")
