"""Prepared versions on disk, their digests, the index, and warnings about the environment."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.model_folders import THREE, change_facts, make_model
from tests.support.versions import counts_for, scores_for
from webapp.cases import Features
from webapp.catalog.digest import file_digest, model_digest, model_files
from webapp.catalog.environment import describe_rules, environment_warnings, installed_version
from webapp.catalog.index import read_index, write_index
from webapp.catalog.prepared import (
    Facts,
    PreparedError,
    check_table,
    read_baseline,
    read_facts,
    read_prepared,
    write_prepared,
)
from webapp.catalog.scan import CatalogEntry

FACTS = Facts(
    "digest",
    THREE.names,
    flavor="sklearn",
    environment={"python": "3.11.2"},
    training={"n": 12, "rows": "1:12"},
    notes=("one note",),
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    write_prepared(tmp_path / "place", FACTS, scores_for(THREE), counts_for(THREE))
    return tmp_path / "place"


def test_what_is_written_is_read(place: Path) -> None:
    prepared = read_prepared(place)
    assert np.array_equal(prepared.scores, scores_for(THREE))
    assert prepared.baseline is not None
    assert np.array_equal(prepared.baseline.n, counts_for(THREE).n)
    assert np.array_equal(prepared.baseline.positives, counts_for(THREE).positives)
    assert prepared.features == THREE
    assert prepared.out_of_fold is None
    digests = ("table_sha256", "baseline_sha256")
    assert replace(prepared.facts, **dict.fromkeys(digests)) == FACTS
    for array in (prepared.scores, prepared.baseline.n, prepared.baseline.positives):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_writing_replaces_the_whole_and_leaves_nothing_beside(place: Path) -> None:
    write_prepared(place, Facts("digest", reason="no"))
    assert sorted(path.name for path in place.iterdir()) == ["facts.json"]
    assert [path.name for path in place.parent.iterdir()] == ["place"]


def test_what_can_not_be_written_leaves_what_was(place: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_prepared(place, replace(FACTS, training={"n": float("nan")}), scores_for(THREE))
    assert [path.name for path in place.parent.iterdir()] == ["place"]
    assert read_prepared(place).facts.training == FACTS.training


def test_a_version_without_a_baseline(tmp_path: Path) -> None:
    write_prepared(tmp_path / "place", FACTS, scores_for(THREE))
    assert read_prepared(tmp_path / "place").baseline is None


def _rewrite_table(place: Path, table: np.ndarray) -> None:
    np.save(place / "score_table.npy", table)
    change_facts(place, table_sha256=file_digest(place / "score_table.npy"))


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "no facts": (lambda p: (p / "facts.json").unlink(), "facts.json can't be read"),
    "torn facts": (lambda p: (p / "facts.json").write_text("{"), "facts.json can't be read"),
    "a list": (lambda p: (p / "facts.json").write_text("[]"), "facts.json can't be read"),
    "bytes": (lambda p: (p / "facts.json").write_bytes(b"\xff"), "facts.json can't be read"),
    "odd facts": (lambda p: change_facts(p, surprise=1), "facts.json can't be read"),
    "other format": (lambda p: change_facts(p, format=2), "has format 2; this app reads format 1"),
    "refusal": (lambda p: change_facts(p, reason="it hangs"), "^it hangs$"),
    "no table": (lambda p: (p / "score_table.npy").unlink(), "score_table.npy is missing"),
    "other table": (
        lambda p: np.save(p / "score_table.npy", np.zeros(8)),
        "score_table.npy was changed after it was made",
    ),
    "short table": (lambda p: _rewrite_table(p, np.zeros(7)), r"shape \(7,\); 8 cases"),
    "no numpy file": (
        lambda p: (
            (p / "score_table.npy").write_bytes(b""),
            change_facts(p, table_sha256=file_digest(p / "score_table.npy")),
        ),
        "score_table.npy can't be read",
    ),
    "objects": (
        lambda p: _rewrite_table(p, np.array([None] * 8, dtype=object)),
        "score_table.npy can't be read: Object arrays",
    ),
    "no features": (lambda p: change_facts(p, features=[]), "0 features: 1 to 16"),
    "no baseline": (lambda p: (p / "baseline.csv").unlink(), "baseline.csv is missing"),
    "other baseline": (
        lambda p: (p / "baseline.csv").write_text("case,n,positives\n"),
        "baseline.csv was changed after it was made",
    ),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_reported(place: Path, name: str) -> None:
    damage, message = DAMAGE[name]
    damage(place)
    with pytest.raises(PreparedError, match=message):
        read_prepared(place)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "n,positives\n1,0\n",
        "case,n,positives\n0,1\n",
        "case,n,positives\n0,one,0\n",
        "case,n,positives\n8,1,0\n",
        "case,n,positives\n-1,1,0\n",
        "case,n,positives\n0,1,0\n0,1,0\n",
        "case,n,positives\n0,1,2\n",
        "case,n,positives\n0,99999999999999999999,2\n",
        "\udcff",
    ],
)
def test_a_baseline_that_makes_no_sense(tmp_path: Path, text: str) -> None:
    (tmp_path / "b.csv").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(PreparedError, match=r"b\.csv can't be read"):
        read_baseline(tmp_path / "b.csv", 8)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (np.zeros(4), "8 cases are needed"),
        (np.zeros((8, 1)), "shape"),
        (np.zeros(8, int), "int64, not floating point"),
        (np.full(8, np.nan), "8 scores are not finite"),
        (np.array([0.5] * 7 + [np.inf]), "1 score is not finite .first: case 7"),
        (np.array([0.5, -0.1] + [0.5] * 6), "1 score is not between.*case 1, -0.1"),
        (np.array([0.5, 0.5, 1.000002] + [0.5] * 5), "case 2, 1.000002"),
    ],
)
def test_tables_that_are_none(table: np.ndarray, message: str) -> None:
    with pytest.raises(PreparedError, match=message):
        check_table(table, THREE)


def test_tables_of_float32_are_fine() -> None:
    table = check_table(np.linspace(0, 1, 8, dtype=np.float32), THREE)
    assert table.dtype == np.float64


# --- Digests -----------------------------------------------------------------------------------


def test_the_digest_is_of_the_models_files_alone(tmp_path: Path) -> None:
    folder = make_model(tmp_path, "m")
    before = model_digest(folder)
    for litter in ("everycase/facts.json", "__pycache__/x.pyc", "data/__pycache__/y", ".DS_Store"):
        (folder / litter).parent.mkdir(exist_ok=True)
        (folder / litter).write_text("x")
    assert model_digest(folder) == before
    assert [path.name for path in model_files(folder)] == ["MLmodel", "weights"]


@pytest.mark.parametrize(
    "change",
    [
        lambda f: (f / "MLmodel").write_text("x"),
        lambda f: (f / "new").write_text(""),
        lambda f: (f / "data" / "weights").rename(f / "data" / "other"),
        lambda f: (f / "data" / "weights").unlink(),
        lambda f: (f / "data" / "everycase").write_text("deeper down it is a file like others"),
    ],
)
def test_every_change_of_them_changes_it(tmp_path: Path, change: Callable[[Path], object]) -> None:
    folder = make_model(tmp_path, "m")
    before = model_digest(folder)
    change(folder)
    assert model_digest(folder) != before


def test_a_missing_file_raises(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        file_digest(tmp_path / "x")


# --- The index ---------------------------------------------------------------------------------

ENTRIES = (
    CatalogEntry("a", "ready", None, ("a warning",), "/place", "key"),
    CatalogEntry("b", "unavailable", "a reason"),
    CatalogEntry("c", "preparing", settled=False),
)


def test_the_index_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_index(tmp_path, tmp_path / "models", ENTRIES)
    assert read_index(tmp_path, tmp_path / "models") == ENTRIES
    assert [path.name for path in (tmp_path / "catalog").iterdir()] == ["index.json"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"models": "MODELS"}',
        '{"models": "MODELS", "versions": 3}',
        '{"models": "MODELS", "versions": [{"name": "a"}]}',
        '{"models": "MODELS", "versions": [{"name": "a", "warnings": [], "new": 1}]}',
        '{"models": "/another", "versions": []}',
    ],
)
def test_an_index_that_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "index.json").write_text(text.replace("MODELS", str(tmp_path)))
    assert read_index(tmp_path, tmp_path) is None


def test_there_may_be_no_index(tmp_path: Path) -> None:
    assert read_index(tmp_path, tmp_path) is None


# --- The environment -----------------------------------------------------------------------------

HERE = platform.python_version()
MINOR = HERE.rpartition(".")[0]
SKLEARN = str(installed_version("scikit-learn"))


@pytest.mark.parametrize(
    ("versions", "warnings"),
    [
        ({}, ()),
        ({"python": HERE, "scikit-learn": SKLEARN}, ()),
        ({"python": f"{MINOR}.99", "scikit-learn": SKLEARN.rpartition(".")[0] + ".99"}, ()),
        ({"python": "3.7.1"}, (f"Saved with Python 3.7.1; this is {HERE}.",)),
        ({"scikit-learn": "0.2.3"}, (f"Saved with scikit-learn 0.2.3; this is {SKLEARN}.",)),
        ({"numpy": "0.1"}, ()),
        ({"catboost": "0.1"}, ()),
        (
            {"python": "2.7", "scikit-learn": "0.2.3"},
            (
                f"Saved with Python 2.7; this is {HERE}.",
                f"Saved with scikit-learn 0.2.3; this is {SKLEARN}.",
            ),
        ),
    ],
)
def test_differences_are_sentences(versions: dict[str, str], warnings: tuple[str, ...]) -> None:
    assert environment_warnings(Facts("d", flavor="sklearn", environment=versions)) == warnings


def test_a_runtime_that_is_absent() -> None:
    facts = Facts("d", flavor="keras", environment={"keras": "3.15.1"})
    texts = ("Served from its stored table: keras isn't installed here.",)
    assert environment_warnings(facts, lambda _: None) == texts
    assert environment_warnings(replace(facts, flavor="python_function"), lambda _: None) == ()
    assert environment_warnings(facts, lambda _: "3.15.9") == ()
    texts = ("Saved with keras 3.15.1; this is 3.16.0.",)
    assert environment_warnings(facts, lambda _: "3.16.0") == texts
    assert installed_version("no-such-package") is None


def test_rules_name_what_decides() -> None:
    strict, lenient = describe_rules(allow_pickle=False), describe_rules(allow_pickle=True)
    assert strict != lenient
    assert f"scikit-learn {SKLEARN}" in strict
    assert f"Python {MINOR}" in strict


def test_facts_from_before_a_field_was_added_can_be_read(place: Path) -> None:
    facts = json.loads((place / "facts.json").read_text())
    for newer in ("rules", "transient", "notes"):
        del facts[newer]
    (place / "facts.json").write_text(json.dumps(facts))
    assert read_facts(place).rules == ""
    assert Features(read_facts(place).features) == THREE


@pytest.mark.parametrize(
    ("classes", "positive", "is_files"),
    [
        ((), None, True),
        (("no", "yes"), "yes", True),
        (("no", "yes"), "no", False),
        (("churn", "stay"), "churn", False),
        ((), "churn", False),
    ],
)
def test_a_build_is_the_files_and_a_class_that_was_chosen(
    classes: tuple[str, ...], positive: str | None, is_files: bool
) -> None:
    facts = Facts("d", classes=classes, positive=positive)
    assert (facts.build == "d") == is_files
    other = Facts("d", classes=classes, positive="stay")
    assert facts.build != other.build
