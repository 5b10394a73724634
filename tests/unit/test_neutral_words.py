"""A model that isn't about games is never described in their words: nowhere that is rendered.

One model of churn with traffic, outcomes, a promotion and a check of the policy; then every page,
endpoint, report and command, and the texts in the scripts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from tests.support.versions import HandCatalog, ready
from webapp import composition
from webapp.api.v1.operations import OPERATIONS, PREFIX
from webapp.app import EverycaseDash, create_app
from webapp.cases import Features
from webapp.cli.main import COMMANDS, main
from webapp.db.ids import new_ids
from webapp.events.record import Event
from webapp.pages import load_pages, not_found
from webapp.pages.models import dialog
from webapp.pages.predict import score_result
from webapp.services.models import promotion_evidence
from webapp.services.predict.score_file import ScoredFile, added_columns
from webapp.services.predict.version_choice import resolve
from webapp.settings import ROOT, Settings
from webapp.timing import HOUR_MS, now_ms

INPUTS = Features(("late_payments", "new_contract", "support_calls"))
A, B = "churn_v1", "churn_v2"
# Also within names such as training_players; not in ids and classes of elements, which have dashes.
OF_GAMES = re.compile(
    r"(?<![A-Za-z-])(non-)?(games?|players?|buyers?|buys?|bought|purchase[sd]?|owners?|owns|owned)"
    r"(?![A-Za-z])",
    re.IGNORECASE,
)
QUERIES = {
    "/": ("", "?late_payments=1&version=churn_v2", "?late_payments=7&nothing=1"),
    "/compare": ("", "?days=7&threshold=0.5", "?versions=churn_v1"),
    "/drift": (
        "",
        "?baseline=previous&why=positives",
        "?why=score&version=churn_v2",
        "?to=2020-01-01",
    ),
    "/models": ("", "?promote=churn_v1", "?ledger=promotions"),
}


@dataclass(frozen=True)
class Churn:
    """The app of a model of churn, and its settings."""

    app: EverycaseDash
    settings: Settings

    @property
    def client(self) -> FlaskClient:
        return self.app.server.test_client()


@pytest.fixture(scope="module")
def churn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Churn]:
    folder = tmp_path_factory.mktemp("churn")
    (folder / "models").mkdir()
    settings = Settings(models_uri=folder / "models", var_dir=folder / "var", demo=False)
    catalog = HandCatalog([ready(A, INPUTS, seed=1), ready(B, INPUTS, seed=2)])
    app = create_app(settings, catalog)
    services = app.services
    now, rng = now_ms(), np.random.default_rng(0)
    score = catalog.by_name[B].prepared.scores  # type: ignore[union-attr]
    case = rng.integers(0, INPUTS.cases, 1200) | 1
    label = rng.random(1200) < score[case]
    rows = [
        Event(id_, now - HOUR_MS, "api", A, int(c), float(score[c]), int(one), now - HOUR_MS)
        for id_, c, one in zip(new_ids(now, 1200), case, label, strict=True)
    ]
    services.log.record_all(rows, lambda _: None)
    services.ledger.promote(A, actor="ann", reason="the first")
    services.ledger.promote(B, actor="ann", reason="better", evidence={"action": "promote"})
    yield Churn(app, settings)
    services.close()


def check(place: str, text: str) -> None:
    """Fail with the surroundings of the first word of games."""
    match = OF_GAMES.search(text)
    assert match is None, (place, text[max(0, match.start() - 80) : match.end() + 80])


def as_text(layout: object) -> str:
    def plain(part: Any) -> Any:
        return part.tolist() if isinstance(part, np.ndarray) else part.to_plotly_json()

    return json.dumps(layout, default=plain, ensure_ascii=False)


def test_pages(churn: Churn) -> None:
    for module in (*load_pages(), not_found):
        path = getattr(module, "PATH", "/")
        for query in QUERIES[path] if module is not not_found else ("",):
            with churn.app.server.test_request_context(path + query):
                layout = module.layout(**dict(parse_qsl(query.removeprefix("?"))))
            text = as_text(layout)
            assert module is not_found or "late_payments" in text or A in text, path
            check(f"{path}{query}", text)


def test_documents(churn: Churn) -> None:
    """The first paint, titles and texts for previews of links, beside Dash's own scripts."""
    for path, queries in QUERIES.items():
        for query in queries:
            answer = churn.client.get(path + query, headers={"Accept": "text/html"})
            check(f"document {path}{query}", answer.get_data(as_text=True))
    for path in ("/api/docs", "/_dash-layout", "/sign-in", "/metrics"):
        check(path, churn.client.get(path).get_data(as_text=True))


def test_api(churn: Churn) -> None:
    for operation in OPERATIONS:
        path = PREFIX + operation.path.replace("<version>", A).replace("<job>", "none")
        for body in (None, {}, [], {"features": 1, "version": 1}, {"version": ""}, {"rows": [1]}):
            answer = churn.client.open(path, method=operation.method, json=body)
            check(f"{operation.method} {path} {body}", answer.get_data(as_text=True))
    check("OpenAPI", churn.client.get("/api/openapi.json").get_data(as_text=True))
    for body in ("[1]", "{", '{"late_payments": 2}', '{"version": ""}'):
        answer = churn.client.post("/", data=body, content_type="application/json")
        check(f"/ {body}", answer.get_data(as_text=True))
    for path in ("/page/record", "/page/label", "/page/undo"):
        check(path, churn.client.post(path, json={"version": A}).get_data(as_text=True))


def test_report(churn: Churn) -> None:
    text = churn.client.get("/page/compare.html").get_data(as_text=True)
    assert "late_payments" in text
    check("report", text.split("<script>")[0].split("</head>")[1])
    check("title of the report", text.split("<title>")[1].split("</title>")[0])


def test_dialog_of_promotion(churn: Churn) -> None:
    evidence = promotion_evidence.gather(churn.app.services, A, now_ms())
    content = dialog.content(evidence, "promote")
    check("dialog", f"{content.title} {content.body} {content.confirm} {content.override}")
    check("ledger", json.dumps(evidence.as_json("promote", override=True)))


def test_scored_file(churn: Churn) -> None:
    name, prepared = resolve(churn.app.services, A)
    check("columns", " ".join(added_columns(prepared.features)))
    version = churn.app.services.catalog.get(name)
    assert version is not None
    outcome = ScoredFile("june.csv", A, "line", 3, 0.5, 1.5, 1, 0, (), (), 0.1)
    check("scored file", as_text(score_result.show_result(outcome, version)))


@pytest.mark.parametrize(
    "arguments",
    [
        ("drift",),
        ("drift", "--days", "7", "--baseline", "previous", "--json"),
        ("compare",),
        ("compare", "--json"),
        ("check",),
        ("retrain", "--help"),
        ("versions",),
        *((command.name or "", "--help") for command in COMMANDS),
    ],
    ids=" ".join,
)
def test_commands(
    churn: Churn, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = churn.app.services.catalog
    monkeypatch.setattr(
        composition, "create_services", partial(composition.create_services, catalog=catalog)
    )
    environ = {"VAR_DIR": str(churn.settings.var_dir), "MODELS_URI": str(churn.settings.models_uri)}
    result = CliRunner(env=environ).invoke(main, list(arguments))
    assert result.exit_code == 0, result.output
    check(" ".join(arguments), result.output)


def texts_of(script: Path) -> str:
    """A script without its comments."""
    return re.sub(r"/\*.*?\*/|(?<![:\"'])//[^\n]*", "", script.read_text("utf-8"), flags=re.S)


def test_scripts() -> None:
    for script in sorted((ROOT / "assets/js").glob("*.js")):
        code = re.sub(r"(cases\.|function )owned\(|^ +owned,$", "", texts_of(script), flags=re.M)
        check(script.name, code)


def test_the_pattern_finds_what_must_not_be_there() -> None:
    for text in ("12 of 40 bought", "non-buyers", "training_players", "No games", "owners of G1"):
        assert OF_GAMES.search(text), text
    for text in ("its own", "record-bought", "ec-owns", "disowned", "busy"):
        assert not OF_GAMES.search(text), text
