"""Chosen positive classes, as machines that share a database see them."""

from __future__ import annotations

from pathlib import Path

from webapp.catalog.choices import read_choices, write_choices
from webapp.db.database import Database
from webapp.db.tables.class_choices import ClassChoices
from webapp.services.models.positive_class import copy_choices


def test_the_last_choice_of_a_model_holds_for_all(database: Database) -> None:
    one, other = ClassChoices(database), ClassChoices(database)
    assert other.by_digest() == {}
    one.choose("d" * 64, "churn_v1", "stay", "ann", 1)
    one.choose("e" * 64, "fraud_v1", "fraud", "ann", 2)
    one.choose("d" * 64, "renamed_v1", "churn", "bob", 3)
    assert other.by_digest() == {"d" * 64: "churn", "e" * 64: "fraud"}
    with database.reading() as link:
        rows = link.run("SELECT version, actor, at FROM class_choices ORDER BY at").fetchall()
    assert [tuple(row) for row in rows] == [("fraud_v1", "ann", 2), ("renamed_v1", "bob", 3)]


def test_each_machine_has_a_copy(database: Database, address: str, tmp_path: Path) -> None:
    ClassChoices(database).choose("d" * 64, "churn_v1", "stay", "ann", 1)
    for machine in ("one", "two"):
        assert copy_choices(address, tmp_path / machine)
        assert read_choices(tmp_path / machine) == {"d" * 64: "stay"}
        assert not copy_choices(address, tmp_path / machine), "nothing is written twice"
    assert read_choices(tmp_path / "three") == {}
    assert write_choices(tmp_path / "one", {})
    assert read_choices(tmp_path / "one") == {}
