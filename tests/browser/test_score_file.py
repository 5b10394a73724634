"""Scoring a file on the page, as a user drops one."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.browser.predict_page import PredictPage
from tests.support.serving import wait_until
from webapp.catalog.prepared import read_prepared
from webapp.settings import ROOT

HEADER = "player,G1,G2,G3,G4,G5,G6,G7,G8,G9,G10\n"


@pytest.fixture
def page(dash_br: Any, shipped_url: str) -> Iterator[PredictPage]:
    page = PredictPage(dash_br, shipped_url).open()
    yield page
    assert page.console() == []


def upload(page: PredictPage, path: Path) -> None:
    wait_until(lambda: page.driver.find_elements("css selector", "#score-upload input[type=file]"))
    page.find("#score-upload input[type=file]").send_keys(str(path))


def test_scored_with_bad_rows_and_downloaded(page: PredictPage, tmp_path: Path) -> None:
    """The bad rows by line, and how it was read."""
    rows = ["ann,No,0,0,0,0,0,0,0,YES,1", "bob,0,0,0,0,0,0,on,0,0,0", "cy,1,0,0,0,0,0,0,0,0,"]
    file = tmp_path / "players.csv"
    rows.append("dee,0,0,0,0,0,0,0,0,0,0")
    file.write_text("sep=,\n" + HEADER.lower() + "\n".join(rows) + "\n")
    upload(page, file)
    wait_until(lambda: "players.csv" in page.text("#score-result"), 30)
    result_text = page.text("#score-result")
    assert "Read YES/No as 1/0; column g1 as G1, g2 as G2, g3 as G3, …" in result_text
    assert 'Line 4: G7 is "on"; use 0 or 1' in result_text
    assert "Line 5: G10 is empty; use 0 or 1" in result_text
    assert "bad rows left out" in result_text
    folder = tmp_path / "downloads"
    folder.mkdir()
    page.driver.execute_cdp_cmd(
        "Page.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(folder)}
    )
    page.find("#score-download-button").click()
    wait_until(lambda: list(folder.glob("*.csv")), 20)
    text = (folder / "players_scored.csv").read_text("utf-8")
    lines = list(csv.DictReader(text.removeprefix("sep=,\n").splitlines()))
    scores = read_prepared(ROOT / "models/logit_games_v1/everycase").scores
    assert [row["player"] for row in lines] == ["ann", "bob", "cy", "dee"]
    assert float(lines[0]["probability"]) == scores[768]
    assert lines[1]["probability"] == ""
    assert "G7" in lines[1]["error"]


def test_another_version_scores_the_same_file_again(page: PredictPage, tmp_path: Path) -> None:
    file = tmp_path / "one.csv"
    file.write_text(HEADER + "ann,0,0,0,0,0,0,0,0,1,1\n")
    upload(page, file)
    wait_until(lambda: "scored with logit_games_v1" in page.text("#score-result"), 30)
    page.choose("hgb_games_v1")
    wait_until(lambda: "scored with hgb_games_v1" in page.text("#score-result"), 30)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"G1,G2\n0,1\n", "G3"),
        ("b.csv", b"", "empty"),
        ("c.parquet", b"PAR1 and no more", "Parquet"),
        ("d.csv", HEADER.encode() + b"ann,0,0,0,0,0,0,0,0,1,x\n", "1 bad row"),
    ],
)
def test_files_that_cannot_be_scored(
    page: PredictPage, tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    upload(page, file)
    wait_until(lambda: message in page.text("#score-result"), 30)
