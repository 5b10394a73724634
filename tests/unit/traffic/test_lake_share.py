"""Lake history beside live traffic: on the Drift page, in the API, among the numbers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.support.app_access import nobody
from tests.support.lake import TODAY, VERSION, day_of, fill
from webapp.app import create_app
from webapp.cases import InputError
from webapp.composition import create_services
from webapp.pages.compare import sections as compare_sections
from webapp.pages.compare.view import View
from webapp.pages.drift import browser_data as drift_browser_data
from webapp.pages.drift import page
from webapp.services.compare import as_json as compare_as_json
from webapp.services.compare import reader as compare_reader
from webapp.services.compare.answer import ComparisonReport
from webapp.services.compare.request import CompareRequest
from webapp.services.context import Services
from webapp.services.drift import reader as drift_reader
from webapp.services.drift.answer import TrafficReport
from webapp.services.traffic import datasets as traffic_datasets
from webapp.services.traffic.windows import Question, read
from webapp.settings import Settings
from webapp.timing import DAY_MS

NOW = TODAY + DAY_MS - 1


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """20 days of live traffic after 40 days that were counted in two datasets."""
    lake_services = create_services(Settings(var_dir=tmp_path_factory.mktemp("var")))
    fill(lake_services)
    yield lake_services
    lake_services.close()


def ask(services: Services, **params: str) -> TrafficReport:
    answer = drift_reader.answer_question(services, read(params, NOW))
    assert isinstance(answer, TrafficReport)
    return answer


def bars(report: TrafficReport) -> dict[str, int]:
    data = drift_browser_data.draw_data(report)["figures"]["drift-volume"]["data"]
    return {bar["hovertemplate"].split("} ")[1].split("<")[0]: sum(bar["y"]) for bar in data}


def test_the_volume_tells_the_sources_apart(services: Services) -> None:
    both, live, of_lake = (ask(services, days="30", source=s) for s in ("", "api", "lake"))
    assert both.in_lake == of_lake.in_lake == of_lake.window.total > 0
    assert live.in_lake == 0
    assert both.window.total == live.window.total + of_lake.window.total
    assert both.timeline.lake is not None
    sums = bars(both)
    assert sums["counted in the lake, outcome known"] == both.timeline.lake[:, 1].sum()
    assert sums["live, still open"] > 0
    assert sum(sums.values()) == both.timeline.series.n.sum()
    assert bars(live).keys() == {"outcome known", "still open"}


@pytest.mark.parametrize(
    "query", [{"days": "2"}, {"days": "60", "every": "week"}, {"days": "9", "every": "hour"}]
)
def test_at_every_grain_the_parts_make_the_whole(services: Services, query: dict[str, str]) -> None:
    both, live = ask(services, **query), ask(services, source="api", **query)
    lake, series = both.timeline.lake, both.timeline.series
    assert lake is not None
    parts = dict(zip(series.begins.tolist(), lake[:, 0].tolist(), strict=True))
    assert all((lake[:, 1] <= lake[:, 0]) & (lake[:, 0] <= series.n))
    assert both.timeline.every == live.timeline.every
    at = dict(zip(series.begins.tolist(), series.n.tolist(), strict=True))
    alone = live.timeline.series
    periods = zip(alone.begins.tolist(), alone.n.tolist(), strict=True)
    for begin, n in list(periods)[1:]:  # the first week begins with the live traffic
        assert at[begin] - parts[begin] == n


def test_the_page_says_what_was_counted(services: Services) -> None:
    text = str(page.draw(services, {"days": "30"}, NOW).to_plotly_json())
    assert "were counted in the lake." in text
    assert "drift-lake" in text
    assert "web-events" in text
    alone = str(page.draw(services, {"days": "30", "source": "api"}, NOW).to_plotly_json())
    assert "in the lake" not in alone
    of_lake = str(page.draw(services, {"source": "lake", "days": "60"}, NOW).to_plotly_json())
    assert "All of these events were counted in the lake." in of_lake


def compared(services: Services, source: str = "") -> ComparisonReport:
    until = TODAY + DAY_MS
    request = CompareRequest(until - 30 * DAY_MS, until, source="lake" if source else None)
    answer = compare_reader.answer_request(services, request)
    assert isinstance(answer, ComparisonReport)
    return answer


def caption(answer: ComparisonReport) -> str:
    sections = compare_sections.sections(answer, View(has_predict=False))
    return str(sections[0].to_plotly_json())


def test_compare_says_how_much_of_its_evidence_is_of_a_lake(services: Services) -> None:
    both, of_lake = compared(services), compared(services, "lake")
    assert 0 < both.known_in_lake < both.in_lake < int(both.events.sum())
    assert both.in_lake == of_lake.in_lake == int(of_lake.events.sum())
    assert both.known_in_lake == of_lake.known_in_lake == of_lake.labelled.total
    assert f"Of them, {both.known_in_lake:,} (" in caption(both)
    assert "All of them were counted in the lake." in caption(of_lake)
    assert compare_as_json.as_json(both)["counted_in_lake"] == both.in_lake


def test_a_day_that_is_replaced_is_shown_at_once(tmp_path: Path) -> None:
    services = create_services(Settings(var_dir=tmp_path))
    day, question = TODAY - DAY_MS, Question(TODAY - 2 * DAY_MS, TODAY)
    services.lake.put("shop", day, day_of(day, {(5, 1): 100}))
    before = drift_reader.answer_question(services, question)
    services.lake.put("shop", day, day_of(day, {(6, 1): 100}))
    after = drift_reader.answer_question(services, question)
    assert compared(services).known_in_lake == 100
    services.lake.put("shop", day, day_of(day, {(6, 1): 40, (6, -1): 60}))
    assert compared(services).known_in_lake == 40
    assert isinstance(before, TrafficReport)
    assert isinstance(after, TrafficReport)
    events = after.window.events
    assert (before.window.events[5], events[5], events[6]) == (100, 0, 100)
    services.close()


@pytest.fixture
def client(tmp_path: Path) -> Iterator[FlaskClient]:
    app = create_app(Settings(var_dir=tmp_path))
    yield nobody(app)
    app.services.close()


def test_the_api_lists_datasets(client: FlaskClient, tmp_path: Path) -> None:
    assert client.get("/api/v1/lake").get_json() == {"events": 0, "datasets": []}
    services = create_services(Settings(var_dir=tmp_path))
    day = 20_000 * DAY_MS
    services.lake.put("shop", day, day_of(day, {(5, 1): 7, (5, -1): 3}), at=TODAY)
    services.log.prune()
    response = client.get("/api/v1/lake")
    assert response.status_code == 200
    (dataset,) = response.get_json()["datasets"]
    values = {"name": "shop", "days": 1, "events": 10, "labelled": 7, "first": "2024-10-04"}
    assert dataset.items() >= values.items()
    assert 'everycase_events{source="lake"} 10.0' in client.get("/metrics").text
    assert 'everycase_matured_events{source="lake"} 7.0' in client.get("/metrics").text
    drift = client.get("/api/v1/drift?from=2024-10-04&to=2024-10-04").get_json()
    assert (drift["n"], drift["counted_in_lake"]) == (10, 10)
    assert services.log.matured(day + DAY_MS) == {}
    with pytest.raises(InputError, match="dataset is unknown: nope; there are: shop"):
        traffic_datasets.forget(services, "nope")
    assert traffic_datasets.forget(services, "shop").events == 10
    assert traffic_datasets.datasets(services) == []
    assert services.log.totals() == {}
    services.close()
    assert VERSION in client.get("/api/v1/drift").get_json()["version"]
