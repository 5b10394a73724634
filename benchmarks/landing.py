"""What the landing page weighs in a real browser, and how its files may be kept."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from benchmarks.browser import chromium, network_events, open_page
from benchmarks.figures import Figure
from benchmarks.servers import serving

BAR = 600
KEPT_SECONDS = 30 * 24 * 3600
LARGEST = 6

# Dash's own files carry version and time (…v4_4_1m1795413132…), its chunks a hash, ours ?m=time
_FINGERPRINT = re.compile(r"\.v[\d_]+m\d+\.|[?&]m=[\d.]+|[-.][0-9a-f]{16,}\.")


@dataclass
class Loaded:
    """One answer that the page asked for."""

    url: str
    kind: str
    headers: dict[str, str] = field(default_factory=dict)
    size: int = 0


def measure() -> list[Figure]:
    """Open it with an empty cache and add up every byte, headers included."""
    with serving() as server, chromium() as driver:
        driver.execute_cdp_cmd("Network.enable", {})
        open_page(driver, server.url)
        loaded = _loaded(network_events(driver))
    faults = [fault for one in loaded for fault in _faults(one)]
    for one in sorted(loaded, key=lambda one: -one.size)[:LARGEST]:
        encoding = one.headers.get("content-encoding", "plain")
        print(f"  {one.size / 1000:7.1f} KB {encoding:5} {urlsplit(one.url).path}")
    for fault in faults:
        print(f"  VIOLATION: {fault}")
    size = sum(one.size for one in loaded) / 1000
    what = f"landing page, {len(loaded)} answers"
    return [
        Figure(what, "", (size,), unit="KB", at_most=BAR, digits=0),
        Figure("files not kept by fingerprint", "", (len(faults),), unit="", at_most=0, digits=0),
    ]


def _loaded(events: list[dict[str, Any]]) -> list[Loaded]:
    found: dict[str, Loaded] = {}
    for event in events:
        parameters = event["params"]
        if event["method"] == "Network.responseReceived":
            response = parameters["response"]
            headers = {name.lower(): text for name, text in response["headers"].items()}
            one = Loaded(response["url"], parameters["type"], headers)
            if one.url.startswith("http"):
                found[parameters["requestId"]] = one
        elif event["method"] == "Network.loadingFinished" and parameters["requestId"] in found:
            found[parameters["requestId"]].size = int(parameters["encodedDataLength"])
    return list(found.values())


def _faults(one: Loaded) -> list[str]:
    """What keeps a script, style, font or picture from being loaded just once."""
    if one.kind not in ("Script", "Stylesheet", "Font", "Image"):
        return []
    parts = urlsplit(one.url)
    address = f"{parts.path}?{parts.query}"
    faults = []
    if not _FINGERPRINT.search(address):
        faults.append(f"{address} has no fingerprint")
    kept = re.search(r"max-age=(\d+)", one.headers.get("cache-control", ""))
    if not kept or int(kept[1]) < KEPT_SECONDS:
        faults.append(f"{address}: Cache-Control is {one.headers.get('cache-control')!r}")
    return faults
