"""Bytes of the landing page in a real browser, and whether its files can be cached."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from benchmarks.browser import chromium, network_events, open_page
from benchmarks.figures import Figure
from benchmarks.servers import serving

BAR = 600
CACHE_SECONDS = 30 * 24 * 3600
LARGEST = 6

# Dash's own files carry version and time (…v4_4_1m1795413132…), its chunks a hash, ours
# ?m=time, or ?m=digest where several are one
_FINGERPRINT = re.compile(r"\.v[\d_]+m\d+\.|[?&]m=[\da-f.]+|[-.][0-9a-f]{16,}\.")


@dataclass
class PageFile:
    """One file that the page requested; ``size`` in bytes, headers included."""

    url: str
    kind: str
    headers: dict[str, str] = field(default_factory=dict)
    size: int = 0


def measure() -> list[Figure]:
    """Open the page with an empty cache and add up every byte, headers included."""
    with serving() as server, chromium() as driver:
        driver.execute_cdp_cmd("Network.enable", {})
        open_page(driver, server.url)
        files = _page_files(network_events(driver))
    faults = [fault for one in files for fault in _faults(one)]
    for one in sorted(files, key=lambda one: -one.size)[:LARGEST]:
        encoding = one.headers.get("content-encoding", "plain")
        print(f"  {one.size / 1000:7.1f} KB {encoding:5} {urlsplit(one.url).path}")
    for fault in faults:
        print(f"  VIOLATION: {fault}")
    size = sum(one.size for one in files) / 1000
    what = f"landing page, {len(files)} answers"
    return [
        Figure(what, "", (size,), unit="KB", at_most=BAR, digits=0),
        Figure("files not cached by fingerprint", "", (len(faults),), unit="", at_most=0, digits=0),
    ]


def _page_files(events: list[dict[str, Any]]) -> list[PageFile]:
    files_by_id: dict[str, PageFile] = {}
    for event in events:
        parameters = event["params"]
        if event["method"] == "Network.responseReceived":
            response = parameters["response"]
            headers = {name.lower(): text for name, text in response["headers"].items()}
            one = PageFile(response["url"], parameters["type"], headers)
            if one.url.startswith("http"):
                files_by_id[parameters["requestId"]] = one
        elif (
            event["method"] == "Network.loadingFinished" and parameters["requestId"] in files_by_id
        ):
            files_by_id[parameters["requestId"]].size = int(parameters["encodedDataLength"])
    return list(files_by_id.values())


def _faults(one: PageFile) -> list[str]:
    """The reasons why a script, style, font or picture can't be cached; empty if it can."""
    if one.kind not in ("Script", "Stylesheet", "Font", "Image"):
        return []
    parts = urlsplit(one.url)
    address = f"{parts.path}?{parts.query}"
    faults = []
    if not _FINGERPRINT.search(address):
        faults.append(f"{address} has no fingerprint")
    max_age = re.search(r"max-age=(\d+)", one.headers.get("cache-control", ""))
    if not max_age or int(max_age[1]) < CACHE_SECONDS:
        faults.append(f"{address}: Cache-Control is {one.headers.get('cache-control')!r}")
    return faults
