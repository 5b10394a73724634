"""Record this prediction, say what came of it; and what every page says of the whole app."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.browser.test_versions_in_page import SEEN_WITHIN, save_stranger
from tests.support.browser.axe import SCHEMES, set_screen, set_theme, violations
from tests.support.browser.predict_page import PredictPage
from tests.support.serving import served, wait_until
from webapp.catalog.prepared import read_prepared
from webapp.db.database import Database
from webapp.db.tables.ledger import Ledger
from webapp.events import integrity
from webapp.events.log import EventLog
from webapp.events.record import Event
from webapp.settings import ROOT

CHANGED_WITHIN = 10  # seconds: a page at rest asks every 5 s; what it asks may be 5 s old
RECORD, BOUGHT, NOT_BOUGHT = "#record-prediction", "#record-bought", "#record-not-bought"
UNDO = "#record-undo"


class Log:
    """The app's own SQLite file, seen from beside it."""

    def __init__(self, var: Path) -> None:
        self.file = var / "everycase.db"
        self.database = Database(f"sqlite:///{self.file}")
        self.events = EventLog(self.database)

    def all(self) -> list[Event]:
        with closing(sqlite3.connect(self.file)) as connection:
            ids = [row[0] for row in connection.execute("SELECT id FROM events ORDER BY id")]
        events = self.events.find(ids)
        return [events[event_id] for event_id in ids]

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock it for writing, as another process would."""
        with closing(sqlite3.connect(self.file, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Log]]:
    """The address of an app and its log, for tests that only record."""
    log = Log(tmp_path_factory.mktemp("var"))
    with served(ROOT / "models", log.file.parent) as (url, _):
        yield url, log
    log.database.close()


@pytest.fixture
def log(app: tuple[str, Log]) -> Log:
    """Its log, empty."""
    app[1].events.forget("form")
    return app[1]


@pytest.fixture
def page(dash_br: Any, app: tuple[str, Log], log: Log) -> PredictPage:
    return PredictPage(dash_br, app[0])


@pytest.fixture
def own_log(tmp_path: Path) -> Iterator[Log]:
    log = Log(tmp_path / "var")
    yield log
    log.database.close()


@pytest.fixture
def own_page(dash_br: Any, own_models: Path, own_log: Log) -> Iterator[PredictPage]:
    """A page of an app whose models, log and ledger a test may change."""
    with served(own_models, own_log.file.parent) as (url, _):
        yield PredictPage(dash_br, url)


def press(page: PredictPage, selector: str, then: str) -> None:
    page.find(selector).click()
    wait_until(lambda: page.text(then), 20, f"{then} after {selector}")


def complaints(page: PredictPage) -> list[str]:
    """Messages of the console, except for the browser's own ones of failed requests."""
    return [line for line in page.console() if "Failed to load resource" not in line]


def test_record_and_what_came_of_it(page: PredictPage, log: Log) -> None:
    page.open("/?G9=1&G10=1")
    press(page, RECORD, BOUGHT)
    (event,) = log.all()
    assert (event.source, event.version, event.case) == ("form", "logit_games_v1", 768)
    assert event.score == read_prepared(ROOT / "models/logit_games_v1/everycase").scores[768]
    assert event.label is None
    wait_until(lambda: "Recorded. Did they buy?" in said(page))
    page.find(BOUGHT).click()
    wait_until(lambda: page.text("#record-state") == "Recorded: they bought")
    wait_until(lambda: said(page) == "Recorded: They bought")
    assert [entry.label for entry in log.all()] == [1]
    press(page, UNDO, BOUGHT)
    assert [entry.label for entry in log.all()] == [None]
    press(page, UNDO, RECORD)
    assert log.all() == []
    press(page, RECORD, BOUGHT)
    assert len(log.all()) == 1
    assert integrity.check(log.database) == (0, [])
    assert page.console() == []


def said(page: PredictPage) -> str:
    """The last announcement to screen readers."""
    return str(page.run("return document.getElementById('predict-said').textContent"))


def test_another_case_or_version_is_another_prediction(page: PredictPage, log: Log) -> None:
    page.open()
    press(page, RECORD, BOUGHT)
    page.flip("G10")
    assert page.text(RECORD) == "Record this prediction"
    assert page.text(BOUGHT) == ""
    press(page, RECORD, NOT_BOUGHT)
    page.find(NOT_BOUGHT).click()
    wait_until(lambda: page.text("#record-state") == "Recorded: they didn't")
    page.choose("logit_games_v2")
    wait_until(lambda: page.text(RECORD))
    press(page, RECORD, BOUGHT)
    rows = {(event.version, event.case, event.label) for event in log.all()}
    v1, v2 = "logit_games_v1", "logit_games_v2"
    assert rows == {(v1, 0, None), (v1, 512, 0), (v2, 512, None)}
    page.flip("G10")
    page.flip("G10")  # back at the same case, which is somebody else's now
    press(page, RECORD, BOUGHT)
    assert len(log.all()) == 4
    assert page.console() == []


def test_a_double_click_records_once_and_labels_nothing(page: PredictPage, log: Log) -> None:
    page.open()
    ActionChains(page.driver).double_click(page.find(RECORD)).perform()
    wait_until(lambda: page.text(BOUGHT))
    assert [event.label for event in log.all()] == [None]
    page.flip("G1")
    page.run("for (let i = 0; i < 3; i++) document.querySelector(arguments[0]).click()", RECORD)
    wait_until(lambda: page.text(BOUGHT))
    assert len(log.all()) == 2


def test_a_retry_after_a_lost_answer_records_once(page: PredictPage, log: Log) -> None:
    """The request arrives, its answer does not."""
    page.open()
    page.run(
        """const real = window.fetch;
        window.fetch = async (...given) => {
          const answer = await real(...given);
          if (!String(given[0]).startsWith('/page/record')) return answer;
          window.fetch = real;
          throw new TypeError('network');
        }"""
    )
    press(page, RECORD, ".ec-record-problem")
    assert len(log.all()) == 1
    press(page, RECORD, BOUGHT)
    page.find(BOUGHT).click()
    wait_until(lambda: page.text("#record-state") == "Recorded: they bought")
    assert [event.label for event in log.all()] == [1]
    assert page.console() == []


def test_the_keyboard_reaches_all_of_it(page: PredictPage, log: Log) -> None:
    page.open()
    active = "return document.activeElement.id"
    page.find(RECORD).send_keys(Keys.ENTER)
    wait_until(lambda: page.run(active) == "record-state")
    for button in ("record-bought", "record-not-bought"):
        ActionChains(page.driver).send_keys(Keys.TAB).perform()
        assert page.run(active) == button
    ActionChains(page.driver).send_keys(Keys.SPACE).perform()
    wait_until(lambda: page.text("#record-state") == "Recorded: they didn't")
    assert page.run(active) == "record-state"
    assert [event.label for event in log.all()] == [0]


def test_without_the_log_the_form_keeps_predicting(page: PredictPage, log: Log) -> None:
    page.open()
    with log.locked():
        press(page, RECORD, ".ec-record-problem")
        problem = page.text(".ec-record-problem")
        assert "the event log is unavailable" in problem
        assert "The form keeps predicting." in problem
        assert log.all() == []
        before = page.probability
        page.flip("G10")
        assert page.probability != before
        assert page.text(".ec-record-problem") == ""
        press(page, RECORD, ".ec-record-problem")
    press(page, RECORD, BOUGHT)  # by itself well again
    with log.locked():
        page.find(BOUGHT).click()
        wait_until(lambda: "is unavailable" in page.text(".ec-record-problem"), 20)
    page.find(BOUGHT).click()
    wait_until(lambda: page.text("#record-state") == "Recorded: they bought")
    assert [(event.case, event.label) for event in log.all()] == [(512, 1)]
    assert complaints(page) == []


def test_without_the_server_the_form_keeps_predicting(dash_br: Any, tmp_path: Path) -> None:
    with served(ROOT / "models", tmp_path) as (url, process):
        page = PredictPage(dash_br, url).open()
        press(page, RECORD, BOUGHT)
        process.terminate()
        process.wait(40)
        page.find(BOUGHT).click()
        wait_until(lambda: "server can't be reached" in page.text(".ec-record-problem"))
        page.flip("G10")
        press(page, RECORD, ".ec-record-problem")
        assert "The form keeps predicting." in page.text(".ec-record-problem")
        before = page.probability
        page.flip("G1")
        assert page.probability != before
        assert complaints(page) == []


def test_words_for_a_model_that_is_not_about_games(
    own_page: PredictPage, own_models: Path, own_log: Log
) -> None:
    page, log = own_page, own_log
    save_stranger(own_models / "risk_v1", ("smoker", "over_60"))
    page.open()
    wait_until(lambda: page.options().get("risk_v1") == "risk_v1", SEEN_WITHIN)
    page.choose("risk_v1")
    wait_until(lambda: page.text("#predict-question") == "Which of these apply?")
    wait_until(lambda: page.text(RECORD))
    press(page, RECORD, BOUGHT)
    assert (page.text(BOUGHT), page.text(NOT_BOUGHT)) == ("It was a yes", "It was a no")
    page.find(NOT_BOUGHT).click()
    wait_until(lambda: page.text("#record-state") == "Recorded: it was a no")
    assert [(event.version, event.label) for event in log.all()] == [("risk_v1", 0)]


def _promote_what_is_gone(ledger: Ledger) -> None:
    """After another that is gone, as one that can answer would stand in for it for a moment."""
    for version in ("gone_v0", "gone_v1"):
        ledger.promote(version, actor="test", reason="to see")


def test_banner_and_badge_come_and_go_by_themselves(own_page: PredictPage, own_log: Log) -> None:
    page, log = own_page, own_log
    page.open()
    ledger = Ledger(log.database)
    _promote_what_is_gone(ledger)
    wait_until(lambda: page.text("#champion-banner"), CHANGED_WITHIN)
    banner = page.find("#champion-banner")
    assert banner.get_attribute("role") == "alert"
    assert "gone_v1 can't answer: it is not in the models folder;" in banner.text
    assert page.probability > 0  # the page goes on with the version that it shows
    page.driver.get(page.url + "/nowhere")
    wait_until(lambda: "gone_v1 can't answer" in page.text("#champion-banner"))

    page.open()
    ledger.promote("logit_games_v2", actor="test", reason="to see")
    wait_until(lambda: not page.text("#champion-banner"), CHANGED_WITHIN)
    assert all("/nowhere" in line for line in page.console())


def test_a_promotion_is_seen_by_an_open_page(own_page: PredictPage, own_log: Log) -> None:
    page, log = own_page, own_log
    page.open()
    is_marked = "return document.getElementById('picker-champion').classList.contains('ec-shown')"
    assert page.run(is_marked)
    press(page, RECORD, BOUGHT)
    Ledger(log.database).promote("logit_games_v2", actor="test", reason="to see")
    wait_until(lambda: not page.run(is_marked), CHANGED_WITHIN)
    assert page.version == "logit_games_v1"
    assert page.text(BOUGHT)  # what was recorded stays: the case and the version are the same
    assert page.console() == []


def test_it_is_accessible(own_page: PredictPage, own_log: Log) -> None:
    page, log = own_page, own_log
    page.open()
    _promote_what_is_gone(Ledger(log.database))
    wait_until(lambda: page.text("#champion-banner"), CHANGED_WITHIN)
    for size, scheme in product(((1440, 900), (390, 844)), SCHEMES):
        set_screen(page, *size)
        page.open("/?G1=7")
        set_theme(page, scheme)
        assert violations(page) == []
        press(page, RECORD, BOUGHT)
        assert violations(page) == []
        page.find(BOUGHT).click()
        wait_until(lambda: page.text("#record-state") == "Recorded: they bought")
        page.flip("G1")
        with log.locked():
            press(page, RECORD, ".ec-record-problem")
        assert violations(page) == []
        assert page.run("return document.documentElement.scrollWidth <= window.innerWidth")
    page.driver.delete_all_cookies()


def test_nothing_moves_when_it_is_recorded(page: PredictPage) -> None:
    place = "return document.querySelector('.ec-why').getBoundingClientRect().y + scrollY"
    for size in ((1440, 900), (390, 844)):
        set_screen(page, *size)
        page.open("/?G9=1&G10=1")
        before = page.run(place)
        press(page, RECORD, BOUGHT)
        assert page.run(place) == before
        page.find(BOUGHT).click()
        wait_until(lambda: page.text("#record-state") == "Recorded: they bought")
        assert page.run(place) == before
