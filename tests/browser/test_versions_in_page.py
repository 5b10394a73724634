"""Models that come, go and break while people look at the page."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np

from tests.support.app_access import ADMIN_TOKEN
from tests.support.browser.axe import violations
from tests.support.browser.models_page import ModelsPage
from tests.support.browser.predict_page import PredictPage
from tests.support.mlflow_models import columns, frame, rows_of, save_sklearn, save_stranger
from tests.support.serving import served, wait_until

SEEN_WITHIN = 5 + 40  # seconds: to be seen, and to be prepared on a busy machine
LISTED = (
    "return dash_component_api.getLayout('version-picker').props.data"
    ".some((option) => option.value === arguments[0])"
)
OFFERED = (
    "return document.querySelector('#react-entry-point #compare-versions')"
    " && dash_component_api.getLayout('compare-versions').props.data"
)


def test_versions_come_go_and_break(dash_br: Any, own_models: Path, tmp_path: Path) -> None:
    names = ("smoker", "over_60", "exercises")
    var = tmp_path / "var"
    with served(own_models, var, ADMIN_TOKEN=ADMIN_TOKEN) as (url, _):
        page = PredictPage(dash_br, url).open("/?G1=1")
        assert set(page.options()) == {"logit_games_v1", "logit_games_v2"}

        model = save_stranger(own_models / "risk_v1", names)
        torn = own_models / "torn_v1"
        shutil.copytree(own_models / "logit_games_v2", torn)
        shutil.rmtree(torn / "everycase")
        (torn / "model.skops").write_bytes((torn / "model.skops").read_bytes()[:500])

        wait_until(lambda: "preparing" in " ".join(page.options().values()), 5)
        wait_until(lambda: page.options().get("risk_v1") == "risk_v1", SEEN_WITHIN)
        wait_until(lambda: "is damaged" in page.options().get("torn_v1", ""), SEEN_WITHIN)

        page.choose("risk_v1")
        wait_until(lambda: page.text("#predict-question") == "Which of these apply?")
        page.flip("over_60")
        probability = model.predict_proba(frame(np.array([[0, 1, 0]]), names))[0, 1]
        wait_until(lambda: page.probability == float(f"{probability * 100:.1f}"))
        assert "training counts" in page.text("#predict-support")
        wait_until(lambda: page.search == "?over_60=1&version=risk_v1")
        page.driver.back()
        wait_until(lambda: page.on() == [])
        page.driver.back()
        wait_until(lambda: page.version == "logit_games_v1")
        wait_until(lambda: page.on() == ["G1"])

        shutil.rmtree(own_models / "risk_v1")
        wait_until(lambda: "risk_v1" not in page.options(), 10)
        choose_a_class(ModelsPage(dash_br, url), own_models / "churn_v1")
        page.open("/?version=churn_v1&late=1")
        assert "Probability of churn" in page.text("#predict-body .ec-hero-effect")
        page.driver.get(url + "/compare")
        wait_until(lambda: page.run(OFFERED), 30)
        assert "logit_games_v3" not in page.run(OFFERED)
        shutil.copytree(own_models / "logit_games_v2", own_models / "logit_games_v3")
        wait_until(lambda: "logit_games_v3" in page.run(OFFERED), SEEN_WITHIN)
        assert page.console() == []


def choose_a_class(page: ModelsPage, folder: Path) -> None:
    """A version of churn and stay waits until an administrator chooses."""
    from sklearn.linear_model import LogisticRegression

    page.sign_in().open()
    page.run("document.querySelector('[data-promote=logit_games_v2]').focus(); window.here = 1")
    rows, label = rows_of(3)
    model = LogisticRegression().fit(rows, np.array(["stay", "churn"])[label])
    save_sklearn(model, folder, signature=columns(("late", "new", "paid")))
    wait_until(lambda: "Needs a choice" in page.text("#models-table"), SEEN_WITHIN)
    assert "Its classes are churn and stay" in page.text("#models-table")
    assert page.text("#models-said") == "churn_v1: Needs a choice."
    assert "1 version needs a choice" in page.text("#models-summary")
    assert page.run("return [document.activeElement.dataset.promote, window.here]") == [
        "logit_games_v2",
        1,
    ]
    page.find("[data-choose=churn_v1]").click()
    dialog = "[data-choice-of=churn_v1]"
    assert page.run(f"return document.querySelector('{dialog}').open")
    assert violations(page) == []
    shutil.rmtree(folder.parent / "torn_v1")
    wait_until(lambda: page.run(LISTED, "torn_v1") is False, SEEN_WITHIN)
    assert "torn_v1" in page.text("#models-table"), "an open dialog is left alone"
    assert page.run(f"return document.querySelector('{dialog}').open")
    page.find(f"{dialog} [data-choice=cancel]").click()
    wait_until(lambda: page.text("#models-said") == "torn_v1 is gone.", 10)
    assert "torn_v1" not in page.text("#models-table")
    assert not page.run(f"return document.querySelector('{dialog}').open")
    page.find("[data-choose=churn_v1]").click()
    assert page.is_busy_at_once(f"{dialog} [data-positive=churn]")
    sentence = "The probability of churn_v1 is that of churn from now on."
    wait_until(lambda: page.text("#models-said") == sentence, 15)
    wait_until(lambda: "probability of churn" in page.text("#models-table"), SEEN_WITHIN)


def test_a_version_that_vanishes_while_it_is_shown(
    dash_br: Any, own_models: Path, tmp_path: Path
) -> None:
    var = tmp_path / "var"
    with served(own_models, var) as (url, _):
        page = PredictPage(dash_br, url).open("/?version=logit_games_v2")
        shutil.rmtree(own_models / "logit_games_v2")
        wait_until(lambda: "logit_games_v2" not in page.options(), 10)
        wait_until(lambda: page.version == "logit_games_v1")
        wait_until(lambda: "There is no version logit_games_v2" in page.text("#predict-problems"))


def test_an_empty_folder_and_its_first_version(
    dash_br: Any, own_models: Path, tmp_path: Path
) -> None:
    models, var = tmp_path / "empty", tmp_path / "var"
    models.mkdir()
    with served(models, var) as (url, _):
        page = PredictPage(dash_br, url)
        page.driver.get(url)
        wait_until(lambda: page.text("h2") == "No version is ready yet", 20)
        assert page.console() == []
        shutil.copytree(own_models / "logit_games_v2", models / "logit_games_v2")
        wait_until(lambda: page.text("#probability"), SEEN_WITHIN)  # by itself: nobody asks
        assert page.version == "logit_games_v2"
