"""Which records are forgotten at the start, and which are kept."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.support.model_folders import RULES, THREE, change_facts
from tests.support.versions import scores_for
from webapp.catalog.limits import PrepareLimits
from webapp.catalog.prepared import Facts, write_prepared
from webapp.catalog.preparer import prepare_in_child
from webapp.catalog.records import forget_stale, is_refusal


@pytest.mark.parametrize(
    ("facts", "is_kept"),
    [
        (Facts("d", reason="it is a pickle", rules=RULES), True),
        (Facts("d", reason="it is a pickle", rules="other rules"), False),
        (Facts("d", reason="it hangs", rules=RULES, transient=True), False),
        (Facts("d", THREE.names, rules=RULES), True),
        (Facts("d", THREE.names, rules="other rules"), False),
        (Facts("d", THREE.names, rules=RULES, transient=True), False),
    ],
)
def test_what_is_forgotten(place: Path, facts: Facts, is_kept: bool) -> None:
    write_prepared(place, facts, None if facts.reason else scores_for(THREE))
    forget_stale(place.parent, RULES)
    assert place.exists() == is_kept


def test_the_command_line_keeps_what_is_transient(place: Path) -> None:
    """A model that hangs would otherwise hang every ``everycase versions``."""
    write_prepared(place, Facts("d", reason="it hangs", rules=RULES, transient=True))
    forget_stale(place.parent, RULES, transient=False)
    assert place.exists()


@pytest.mark.parametrize("damage", ["no facts", "torn facts", "another format", "torn table"])
def test_damaged_records_are_forgotten(place: Path, damage: str) -> None:
    write_prepared(place, Facts("d", THREE.names, rules=RULES), scores_for(THREE))
    if damage == "no facts":
        (place / "facts.json").unlink()
    elif damage == "torn facts":
        (place / "facts.json").write_text("{")
    elif damage == "another format":
        change_facts(place, format=0)
    else:
        (place / "score_table.npy").write_bytes(b"")
    forget_stale(place.parent, RULES)
    assert not place.exists()


def test_drafts_of_killed_processes_are_swept(tmp_path: Path) -> None:
    (tmp_path / "index.json").write_text("{}")
    for name in (".draft-old", ".draft-new"):
        (tmp_path / name).mkdir()
    os.utime(tmp_path / ".draft-old", (time.time() - 10_000,) * 2)
    forget_stale(tmp_path, RULES)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".draft-new", "index.json"]
    forget_stale(tmp_path, RULES, now=time.time() + 10_000)
    assert [path.name for path in tmp_path.iterdir()] == ["index.json"]
    forget_stale(tmp_path / "nowhere", RULES)


def test_a_damaged_record_is_a_finding(place: Path) -> None:
    assert not is_refusal(place)
    write_prepared(place, Facts("d", reason="no"))
    (place / "facts.json").write_text("")
    assert is_refusal(place)


def test_the_real_preparer_says_its_rules() -> None:
    strict, lenient = (
        prepare_in_child(PrepareLimits(allow_pickle=allow)) for allow in (False, True)
    )
    assert "no pickle" in strict.rules
    assert "pickle allowed" in lenient.rules
