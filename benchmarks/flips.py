"""How long a flip takes to show its number in a real browser, with the server stopped."""

from __future__ import annotations

import random
import time
from typing import Any

import numpy as np

from benchmarks.browser import chromium, network_events, open_page
from benchmarks.figures import Figure
from benchmarks.servers import serving

FLIPS, BAR = 200, 25
SWITCHES = "#predict-switches input"

# Times from an event to the change of the number that it caused. A flip waits for the frame
# before, as a person does; the two frames after it are timed as well, to say when it was on screen.
_WATCH = """
window.bench = { start: 0, changed: [], painted: [] };
addEventListener("pointerup", (event) => { bench.start = event.timeStamp; }, true);
const number = document.getElementById("probability");
new MutationObserver(() => {
  if (!bench.start) return;
  const start = bench.start;
  bench.start = 0;
  bench.changed.push(performance.now() - start);
  requestAnimationFrame(() => setTimeout(() => bench.painted.push(performance.now() - start)));
}).observe(number, { childList: true, characterData: true, subtree: true });
"""
_CLICKS = """
const [order, done] = arguments;
const inputs = document.querySelectorAll("#predict-switches input");
const pause = () => new Promise((next) => setTimeout(next, 40));
(async () => {
  for (const i of order) {
    bench.start = performance.now();
    inputs[i].click();
    await pause();
  }
  done();
})();
"""
_PLACES = """
return [...document.querySelectorAll("#predict-switches input")].map((input) => {
  const label = input.closest("label") || input.parentElement.querySelector("label");
  const box = label.getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
});
"""


def measure() -> list[Figure]:
    """First through the switches' own click(), then with a mouse."""
    with serving() as server, chromium() as driver:
        open_page(driver, server.url)
        server.stop()
        network_events(driver)
        driver.execute_script(_WATCH)
        choice = random.Random(1)
        count = driver.execute_script(f"return document.querySelectorAll('{SWITCHES}').length")
        order = [choice.randrange(count) for _ in range(FLIPS)]
        driver.execute_async_script(_CLICKS, order)
        clicked = _take(driver)
        _use_mouse(driver, order)
        moused = _take(driver)
        asked = _requests(driver)
    return [
        *_figures("flip by click()", *clicked),
        *_figures("flip by mouse", *moused),
        Figure("requests for 400 flips", "", (len(asked),), unit="", at_most=0, digits=0),
    ]


def _requests(driver: Any) -> list[str]:
    """The addresses asked for since last asked; a picture within the page's own text is none."""
    sent = [e for e in network_events(driver) if e["method"] == "Network.requestWillBeSent"]
    addresses = [event["params"]["request"]["url"] for event in sent]
    asked = [address for address in addresses if address.startswith("http")]
    for address in asked:
        print(f"  VIOLATION: asked for {address}")
    return asked


def _take(driver: Any) -> tuple[list[float], list[float]]:
    script = "return [bench.changed.splice(0), bench.painted.splice(0)]"
    changed, painted = driver.execute_script(script)
    if len(changed) != FLIPS:
        raise RuntimeError(f"{FLIPS} flips changed the number {len(changed)} times")
    return changed, painted


def _use_mouse(driver: Any, order: list[int]) -> None:
    places = driver.execute_script(_PLACES)
    for i in order:
        x, y = places[i]
        at = {"x": x, "y": y, "button": "left", "clickCount": 1}
        for kind in ("mousePressed", "mouseReleased"):
            driver.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": kind, **at})
        time.sleep(0.03)


def _figures(what: str, changed: list[float], painted: list[float]) -> list[Figure]:
    middle, high = np.percentile(changed, [50, 95])
    print(f"  {what}: median {middle:.1f} ms, p95 {high:.1f} ms, longest {max(changed):.1f} ms")
    shown = float(np.percentile(painted, 95))
    return [
        Figure(f"{what}: p95 to the number", "", (high,), unit="ms", at_most=BAR, digits=1),
        Figure(f"{what}: p95 to the frame after", "", (shown,), unit="ms", digits=1),
    ]
