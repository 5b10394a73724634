"""Milliseconds until a flip shows its number in a real browser, with the server stopped."""

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
    """Flip by the switches' own click(), then with a mouse."""
    with serving() as server, chromium() as driver:
        open_page(driver, server.url)
        server.stop()
        network_events(driver)
        driver.execute_script(_WATCH)
        choice = random.Random(1)
        count = driver.execute_script(f"return document.querySelectorAll('{SWITCHES}').length")
        order = [choice.randrange(count) for _ in range(FLIPS)]
        driver.execute_async_script(_CLICKS, order)
        click_times = _take_times(driver)
        _use_mouse(driver, order)
        mouse_times = _take_times(driver)
        urls = _requested_urls(driver)
    return [
        *_figures("flip by click()", *click_times),
        *_figures("flip by mouse", *mouse_times),
        Figure("requests for 400 flips", "", (len(urls),), unit="", at_most=0, digits=0),
    ]


def _requested_urls(driver: Any) -> list[str]:
    """The HTTP addresses requested since the last call; pictures inside the page are none."""
    requests = [e for e in network_events(driver) if e["method"] == "Network.requestWillBeSent"]
    addresses = [event["params"]["request"]["url"] for event in requests]
    urls = [address for address in addresses if address.startswith("http")]
    for address in urls:
        print(f"  VIOLATION: requested {address}")
    return urls


def _take_times(driver: Any) -> tuple[list[float], list[float]]:
    script = "return [bench.changed.splice(0), bench.painted.splice(0)]"
    to_number, to_frame = driver.execute_script(script)
    if len(to_number) != FLIPS:
        raise RuntimeError(f"{FLIPS} flips changed the number {len(to_number)} times")
    return to_number, to_frame


def _use_mouse(driver: Any, order: list[int]) -> None:
    places = driver.execute_script(_PLACES)
    for i in order:
        x, y = places[i]
        at = {"x": x, "y": y, "button": "left", "clickCount": 1}
        for kind in ("mousePressed", "mouseReleased"):
            driver.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": kind, **at})
        time.sleep(0.03)


def _figures(what: str, to_number: list[float], to_frame: list[float]) -> list[Figure]:
    middle, high = np.percentile(to_number, [50, 95])
    print(f"  {what}: median {middle:.1f} ms, p95 {high:.1f} ms, longest {max(to_number):.1f} ms")
    frame = float(np.percentile(to_frame, 95))
    return [
        Figure(f"{what}: p95 to the number", "", (high,), unit="ms", at_most=BAR, digits=1),
        Figure(f"{what}: p95 to the frame after", "", (frame,), unit="ms", digits=1),
    ]
