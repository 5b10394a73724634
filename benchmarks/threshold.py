"""Milliseconds for a move of the threshold on the Compare page, and the requests that it makes."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.browser import chromium, network_events, wait_for
from benchmarks.figures import Figure
from benchmarks.servers import serving

MOVES, BAR = 200, 16

_DRAWN = """
const charts = [...document.querySelectorAll("[data-figure]")];
return charts.length > 0 && charts.every((chart) => chart.querySelector(".main-svg"))
  && document.querySelector("#compare-confusion").textContent.length > 0;
"""
# A move, and everything that the browser computes before it can paint it.
_MOVE = """
const [places, done] = arguments;
const slider = document.getElementById("compare-threshold");
const took = [];
const pause = () => new Promise((next) => setTimeout(next, 25));
(async () => {
  for (const place of places) {
    slider.value = place;
    const start = performance.now();
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    document.body.getBoundingClientRect();
    took.push(performance.now() - start);
    await pause();
  }
  done(took);
})();
"""


def measure() -> list[Figure]:
    """Move the slider to and fro over four versions and 60 days of simulated traffic."""
    with serving(DEMO="1") as server, chromium() as driver:
        wait_for(lambda: _open(driver, server.url), "the Compare page to draw itself", 120)
        network_events(driver)
        places = np.random.default_rng(1).uniform(0.02, 0.55, MOVES).round(3).tolist()
        took = driver.execute_async_script(_MOVE, places)
        requests = [e for e in network_events(driver) if e["method"] == "Network.requestWillBeSent"]
    urls = [e["params"]["request"]["url"] for e in requests]
    urls = [url for url in urls if url.startswith("http") and "/page/status" not in url]
    for url in urls:
        print(f"  VIOLATION: requested {url}")
    middle, high = np.percentile(took, [50, 95])
    print(f"  median {middle:.1f} ms, p95 {high:.1f} ms, longest {max(took):.1f} ms")
    return [
        Figure("threshold: p95 of a move", "", (high,), unit="ms", at_most=BAR, digits=1),
        Figure(f"requests for {MOVES} moves", "", (len(urls),), unit="", at_most=0, digits=0),
    ]


def _open(driver: Any, url: str) -> bool:
    """Simulated traffic is written while the server runs, so the page may have none at first."""
    driver.get(f"{url}/compare?days=60&open=all")
    try:
        wait_for(lambda: driver.execute_script(_DRAWN), "the decisions", 10)
    except TimeoutError:
        return False
    return True
