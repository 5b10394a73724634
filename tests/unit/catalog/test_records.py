"""Records: made from what a runner leaves, held against the table that a version carries."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.support.model_folders import (
    RULES,
    THREE,
    answering,
    carry,
    ending,
    make_model,
    preparer,
    refusing,
    scores_of,
)
from tests.support.versions import scores_for
from webapp.cases import Features
from webapp.catalog.digest import model_digest
from webapp.catalog.environment import LOADING_FAILED, installed_digest
from webapp.catalog.prepared import Facts, Prepared, read_facts, read_prepared
from webapp.catalog.records import (
    Runner,
    describe_difference,
    forget_stale,
    is_refusal,
    make_record,
    missing_package,
    read_carried,
)
from webapp.catalog.scan import CatalogEntry, Scanner
from webapp.limited_process import ChildResult

FAILED = f"{LOADING_FAILED}: ImportError: its version is too old"
ENTRY = CatalogEntry("m_v1", "preparing", key="key")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_model(tmp_path / "models", "m_v1")


def record(folder: Path, place: Path, run: Runner = answering) -> Facts | None:
    """The facts of the record that comes of it; None when there is none."""
    record = make_record(folder, ENTRY, place, preparer(run))
    assert record == place.exists()
    assert [path.name for path in place.parent.iterdir()] == (["key"] if record else [])
    return read_facts(place) if record else None


def test_a_good_model(folder: Path, place: Path) -> None:
    facts = record(folder, place)
    assert facts is not None
    assert (facts.reason, facts.rules, facts.transient) == (None, RULES, False)
    prepared = read_prepared(place)
    assert np.array_equal(prepared.scores, scores_of(folder))
    assert prepared.baseline is not None
    assert not is_refusal(place)


def test_a_refusal(folder: Path, place: Path) -> None:
    facts = record(folder, place, refusing("it is a pickle"))
    assert facts is not None
    assert (facts.reason, facts.rules, facts.transient) == ("it is a pickle", RULES, False)
    assert is_refusal(place)


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        ("took longer than 3 s", "Preparing it took longer than 3 s"),
        ("crashed the interpreter (SIGSEGV)", "Preparing it crashed the interpreter (SIGSEGV)"),
        ("ended with: ValueError: x", "Preparing it ended with: ValueError: x"),
        (
            "ended with: keras isn't installed here",
            "keras isn't installed here, and the model has no stored score table: "
            "pip install -e '.[keras]'",
        ),
    ],
)
def test_a_process_that_did_not_end_well(
    folder: Path, place: Path, outcome: str, reason: str
) -> None:
    facts = record(folder, place, ending(outcome))
    made_in = installed_digest() if "installed" in reason else ""
    values = {"transient": True, "rules": RULES, "made_in": made_in}
    assert facts == Facts(model_digest(folder), reason=reason, **values)


@pytest.mark.parametrize(
    "run", [ending("ended with: keras isn't installed here"), refusing(FAILED)]
)
def test_a_package_that_is_installed_meanwhile_is_tried(
    folder: Path, place: Path, run: Runner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert record(folder, place, run) is not None
    forget_stale(place.parent, RULES, transient=False)
    assert place.exists()
    (tmp_path / "site" / "keras-3.0.dist-info").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    forget_stale(place.parent, RULES, transient=False)
    assert not place.exists()


def test_other_refusals_do_not_depend_on_packages(
    folder: Path, place: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert record(folder, place, refusing("it is a pickle")) is not None
    (tmp_path / "site" / "keras-3.0.dist-info").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    forget_stale(place.parent, RULES, transient=False)
    assert place.exists()


def leaves_nothing(_folder: Path, _place: Path) -> ChildResult:
    return ChildResult(b"")


def leaves_a_torn_table(folder: Path, place: Path) -> ChildResult:
    answering(folder, place)
    (place / "score_table.npy").write_bytes(b"")
    return ChildResult(b"")


@pytest.mark.parametrize("run", [leaves_nothing, leaves_a_torn_table])
def test_a_process_that_left_nothing_of_use(folder: Path, place: Path, run: Runner) -> None:
    facts = record(folder, place, run)
    assert facts is not None
    assert facts.reason == "Preparing it ended without a result"
    assert facts.transient


def test_a_process_that_somebody_killed_is_started_once_more(folder: Path, place: Path) -> None:
    runs: list[Path] = []

    def killed_once(folder: Path, draft: Path) -> ChildResult:
        runs.append(draft)
        answering(folder, draft)
        return ChildResult(b"", "crashed the interpreter (SIGKILL)" if len(runs) == 1 else None)

    facts = record(folder, place, killed_once)
    assert facts is not None
    assert facts.reason is None
    assert len({*runs}) == 2

    def killed_always(_folder: Path, draft: Path) -> ChildResult:
        runs.append(draft)
        return ChildResult(b"", "crashed the interpreter (SIGKILL)")

    shutil.rmtree(place)
    refused_facts = record(folder, place, killed_always)
    assert refused_facts is not None
    assert "SIGKILL" in str(refused_facts.reason)
    assert len(runs) == 4


def changes(folder: Path, place: Path) -> ChildResult:
    answering(folder, place)
    (folder / "data" / "weights").write_text("changed")
    return ChildResult(b"")


def changes_and_crashes(folder: Path, _place: Path) -> ChildResult:
    (folder / "new").write_text("")
    return ChildResult(b"", "ended with: BadZipFile: half of it is missing")


def removes(_folder: Path, _place: Path) -> ChildResult:
    raise FileNotFoundError(2, "No such file")


@pytest.mark.parametrize("run", [changes, changes_and_crashes, removes, ending("was stopped")])
def test_what_leaves_no_record(folder: Path, place: Path, run: Runner) -> None:
    assert record(folder, place, run) is None


def test_a_full_disk_is_not_the_models_fault(folder: Path, place: Path) -> None:
    def run(_folder: Path, _place: Path) -> ChildResult:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        make_record(folder, ENTRY, place, preparer(run))
    assert list(place.parent.iterdir()) == []


# --- Against a table that the version carries --------------------------------------------------


def test_a_table_that_agrees(folder: Path, place: Path) -> None:
    carry(folder, scores_of(folder) + 1e-12)
    facts = record(folder, place)
    assert facts is not None
    assert facts.reason is None


def test_a_table_that_disagrees(folder: Path, place: Path) -> None:
    scores = scores_of(folder)
    scores[5] += 0.001
    carry(folder, scores)
    facts = record(folder, place)
    assert facts is not None
    problem = "Its stored score table differs from its model by up to 0.001 (case 5)"
    assert (facts.reason, facts.transient) == (problem, False)
    entry = Scanner(folder.parent, place.parent).scan()[0]
    assert entry.status == "ready", "its key is another in this test"
    assert make_record(folder, entry, place.parent / entry.key, preparer())
    entry = Scanner(folder.parent, place.parent).scan()[0]
    assert (entry.status, entry.reason) == ("unavailable", problem)


def test_a_table_of_other_features(folder: Path, place: Path) -> None:
    carry(folder, features=("x", "y", "z"))
    facts = record(folder, place)
    assert facts is not None
    assert facts.reason == "Its stored score table differs from its model in its inputs (x, y, z)"


def test_without_its_runtime_it_is_served_from_its_table(folder: Path, place: Path) -> None:
    carry(folder, training={"n": 7})
    facts = record(folder, place, ending("ended with: keras isn't installed here"))
    assert facts is not None
    assert facts.reason is None
    assert facts.training == {"n": 7}
    assert facts.notes == (
        "Served from its stored table: unchecked, as keras isn't installed here.",
    )
    assert facts.transient, "another day keras may be there"
    assert np.array_equal(read_prepared(place).scores, scores_of(folder))


@pytest.mark.parametrize("how", ["of other files", "torn", "a model's own words"])
def test_without_its_runtime_and_without_a_table_to_believe(
    folder: Path, place: Path, how: str
) -> None:
    carry(folder)
    run = ending("ended with: keras isn't installed here")
    if how == "of other files":
        (folder / "data" / "weights").write_text("other")
    elif how == "torn":
        (folder / "everycase" / "score_table.npy").write_bytes(b"")
    else:
        run = refusing("it says that keras isn't installed here")
    facts = record(folder, place, run)
    assert facts is not None
    assert "isn't installed here" in str(facts.reason)


def test_carried_by(folder: Path) -> None:
    assert read_carried(folder) is None
    carry(folder)
    prepared = read_carried(folder)
    assert prepared is not None
    assert prepared.features == THREE


def prepared(
    scores: np.ndarray, names: tuple[str, ...] = THREE.names, flavor: str = ""
) -> Prepared:
    return Prepared(Facts("d", names, flavor=flavor), Features(names), scores, None)


@pytest.mark.parametrize(
    ("flavor", "apart", "difference"),
    [
        ("sklearn", 0.0, None),
        ("sklearn", 9e-10, None),
        ("sklearn", 2e-9, "by up to 2e-09 (case 3)"),
        ("keras", 9e-7, None),
        ("keras", 2e-6, "by up to 2e-06 (case 3)"),
    ],
)
def test_difference(flavor: str, apart: float, difference: str | None) -> None:
    ours, theirs = scores_for(THREE), scores_for(THREE)
    theirs[3] -= apart
    assert describe_difference(prepared(ours), prepared(theirs, flavor=flavor)) == difference


def test_difference_of_order() -> None:
    scores = scores_for(THREE)
    assert (
        describe_difference(prepared(scores), prepared(scores, ("a", "c", "b")))
        == "in its inputs (a, b, c)"
    )


def test_absent() -> None:
    assert missing_package(None) is None
    assert missing_package("took longer than 3 s") is None
    assert missing_package("ended with: keras isn't installed here") == "keras"
    assert missing_package("keras isn't installed here, and more") == "keras"
