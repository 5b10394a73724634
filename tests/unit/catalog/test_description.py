"""What an owner writes about a model: in a file beside it, or in MLflow's metadata."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from webapp.catalog.description import read_description
from webapp.catalog.prepared import PreparedError

IN_METADATA = {"everycase": {"outcome": {"positive": "stay"}}}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "everycase").mkdir()
    return tmp_path / "everycase" / "inputs.yaml"


@pytest.mark.parametrize(
    ("text", "positive"),
    [
        ("outcome: {positive: churn}", "churn"),
        ("\ufeffoutcome:\n  positive: 'churn'  # they leave\n", "churn"),
        ("outcome:\n  positive: yes\n", "yes"),
        ("outcome: {positive: 1}", "1"),
        ("outcome: {positive: no}", "no"),
    ],
)
def test_the_file_names_the_class_as_it_is_written(file: Path, text: str, positive: str) -> None:
    file.write_text(text, "utf-8")
    description = read_description(file.parents[1], IN_METADATA)
    assert (description.positive, description.where) == (positive, "everycase/inputs.yaml")


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "outcome: {}"])
def test_a_file_that_names_none_leaves_it_to_the_metadata(file: Path, text: str) -> None:
    file.write_text(text)
    assert read_description(file.parents[1], IN_METADATA).positive == "stay"
    assert read_description(file.parents[1], None).positive is None


@pytest.mark.parametrize(
    ("metadata", "positive"),
    [
        (IN_METADATA, "stay"),
        ({"everycase": {"outcome": {"positive": 2}}}, "2"),
        ({"everycase": {"outcome": {"positive": True}}}, "True"),
        ({"everycase": {"n": 5}}, None),
        ({"everycase": "text"}, None),
        (["a list"], None),
        (None, None),
    ],
    ids=str,
)
def test_the_metadata(tmp_path: Path, metadata: Any, positive: str | None) -> None:
    assert read_description(tmp_path, metadata).positive == positive


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("outcome: churn", r"outcome in everycase/inputs\.yaml must have the keys positive"),
        ("- churn", r"everycase/inputs\.yaml must have the keys outcome"),
        ("outcom: {positive: churn}", "has the unknown key outcom: it can have outcome"),
        ("outcome: {postive: churn}", "has the unknown key postive: it can have positive"),
        ("outcome: {positive: [churn]}", r"outcome\.positive in .* must be the name of a class"),
        ("outcome: {positive: }", r"outcome\.positive in .* it is empty"),
        ("outcome: {positive: churn", "can't be read: line 1 isn't YAML"),
        ("\udcff", "can't be read: it isn't a YAML file in UTF-8"),
        ("[" * 5000, "can't be read"),
    ],
)
def test_what_the_file_has_wrong(file: Path, text: str, message: str) -> None:
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(PreparedError, match=message):
        read_description(file.parents[1], None)


@pytest.mark.parametrize(
    "outcome", ["churn", {"positive": None}, {"positive": ["churn"]}, {"x": 1}]
)
def test_what_the_metadata_have_wrong(tmp_path: Path, outcome: Any) -> None:
    with pytest.raises(PreparedError, match=r"metadata\['everycase'\]"):
        read_description(tmp_path, {"everycase": {"outcome": outcome}})
