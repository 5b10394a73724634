"""All of the Drift page's data, with few events behind it and with very many; and the page."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.browser import chromium, open_page, wait_for
from benchmarks.figures import Figure
from benchmarks.servers import serving
from webapp.catalog.prepared import read_prepared
from webapp.catalog.reader import FolderCatalog
from webapp.composition import create_services
from webapp.db.database import Database
from webapp.db.migrate import migrate
from webapp.db.sql import insert_into
from webapp.events.record import KEY
from webapp.services.context import Services
from webapp.services.drift import as_json as drift_as_json
from webapp.services.drift import reader as drift_reader
from webapp.services.traffic.windows import Question
from webapp.settings import ROOT, Settings
from webapp.timing import DAY_MS

DAYS, ROUNDS, VISITS = 60, 9, 7
MANY, FEW = 100_000_000, 10_000
COLD_BAR, WARM_BAR, FEW_BAR, PAGE_BAR = 250, 100, 60, 1500  # ms
VERSION, FIRST = "logit_games_v1", 20_000 * DAY_MS
UNTIL = FIRST + DAYS * DAY_MS
# Measured apart, with pandas and the rows in memory: docs/drift.md has the versions and the command
EVIDENTLY = "Evidently's DataDriftPreset on 10^6 rows: 2.3 s and 556 MB (docs/drift.md)"

# Interactive: everything in sight is drawn and the thread has been idle since, so that a click is
# answered at once. Then all sections are opened, and their charts are drawn one by one.
_WATCH = """
window.bench = {};
const started = arguments[0] ? performance.now() : 0;
const now = () => performance.now() - started;
const drawn = (host) => host.querySelector(".main-svg");
const inSight = (host) =>
  !host.closest("details:not([open])") && host.getBoundingClientRect().top < innerHeight;
const look = () => {
  const charts = [...document.querySelectorAll("[data-figure]")];
  const small = document.querySelectorAll(".ec-sm svg").length === 10;
  if (small && !bench.sight && charts.filter(inSight).every(drawn)) {
    bench.sight = now();
    requestIdleCallback(() => {
      bench.interactive = now();
      document.querySelector("[data-fold-all]").click();
    });
  }
  if (bench.interactive && charts.every(drawn)) bench.all = now();
  else requestAnimationFrame(look);
};
if (arguments[0]) document.querySelector('a.ec-nav-link[href^="/drift"]').click();
look();
"""


def measure() -> list[Figure]:
    """Ask with empty caches, and again; then open the page in a browser."""
    return [
        *_data(MANY, "10^8 events at their densest", COLD_BAR, WARM_BAR),
        *_data(FEW, "10^4 events", FEW_BAR, None),
        *_page(),
    ]


def _data(events: int, what: str, cold_bar: float, warm_bar: float | None) -> list[Figure]:
    cold, warm = cold_and_warm(events, ROUNDS, _ask)
    name = f"drift page's data, {DAYS} days, {what}"
    return [
        Figure(f"{name}, cold", EVIDENTLY, cold, "ms", at_most=cold_bar, digits=0),
        Figure(f"{name}, unchanged", "", warm, "ms", at_most=warm_bar, digits=0),
    ]


def cold_and_warm(
    events: int, rounds: int, ask: Callable[[Services], object]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Milliseconds of ``ask`` with empty caches, and again, in every round."""
    cold: list[float] = []
    warm: list[float] = []
    with tempfile.TemporaryDirectory(dir=ROOT) as folder:
        url = f"sqlite:///{Path(folder) / 'log.db'}"
        rows = _counts(events)
        _write(url, rows)
        settings = Settings(database_url=url)
        catalog = FolderCatalog(settings.models_folder, settings.var_dir)
        for _ in range(rounds):
            services = create_services(settings, catalog)
            for times in (cold, warm):
                start = time.perf_counter()
                ask(services)
                times.append((time.perf_counter() - start) * 1000)
            services.close()
    print(f"  {len(rows):,} rows of counts")
    return tuple(cold), tuple(warm)


def _write(url: str, rows: list[tuple[object, ...]]) -> None:
    database = Database(url)
    migrate(database)
    with database.writing() as link:
        link.run_many(insert_into("counts", (*KEY, "n")), rows)
    database.close()


def _counts(events: int) -> list[tuple[object, ...]]:
    """Every case on every day, while there are enough events; some outcomes are unknown."""
    rng = np.random.default_rng(0)
    baseline = read_prepared(ROOT / "models" / VERSION / "everycase").baseline
    assert baseline is not None
    shares = baseline.n / baseline.total / 2 + 1 / len(baseline.n) / 2
    rows: list[tuple[object, ...]] = []
    for day in range(DAYS):
        n = rng.multinomial(events // DAYS, shares)
        for case in np.flatnonzero(n).tolist():
            split = rng.multinomial(n[case], (0.1, 0.7, 0.2)).tolist()
            key = (VERSION, "api", "day", FIRST + day * DAY_MS, case)
            rows += [(*key, label - 1, count) for label, count in enumerate(split) if count]
    return rows


def _ask(services: Services) -> None:
    """The statistics, the sentence and their JSON form: more than the page itself needs."""
    answer = drift_reader.answer_question(services, Question(UNTIL - 14 * DAY_MS, UNTIL))
    form = drift_as_json.as_json(answer, UNTIL)
    if form["empty"] or len(form["features"]) != 10:
        raise RuntimeError(f"no answer: {form['sentence']}")


def _page() -> list[Figure]:
    """Milliseconds from a click on Drift in the menu, and of a visit with an empty cache."""
    navigations, visits = [], []
    with serving(DEMO="1") as server:
        for _ in range(VISITS):
            with chromium() as driver:
                open_page(driver, server.url)
                driver.execute_script(_WATCH, True)
                navigations.append(_drawn(driver))
            with chromium() as driver:
                source = f"(function () {{{_WATCH}}})()"
                driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": source})
                driver.get(f"{server.url}/drift")
                visits.append(_drawn(driver))
    what = "drift page, click in the menu to"
    return [
        _milliseconds_to(f"{what} interactive", navigations, 0, PAGE_BAR),
        _milliseconds_to(f"{what} the last chart", navigations, 1),
        _milliseconds_to("drift page, first visit to interactive", visits, 0),
    ]


def _milliseconds_to(
    what: str, times: list[tuple[float, float]], which: int, bar: float | None = None
) -> Figure:
    values = tuple(pair[which] for pair in times)
    return Figure(what, "", values, "ms", at_most=bar, digits=0)


def _drawn(driver: Any) -> tuple[float, float]:
    script = "return window.bench.all && window.bench.interactive"
    wait_for(lambda: driver.execute_script(script), "the charts")
    interactive, last = driver.execute_script("return [bench.interactive, bench.all]")
    return float(interactive), float(last)
