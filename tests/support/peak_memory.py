"""The peak memory of requests, above that of the idle app: run as a process of its own.

``python -m tests.support.peak_memory FOLDER URL ADDRESS…`` prints a line of JSON per address:
the address, the lowest length of what it answers if its status is 200, and by how many MB the
process grew at most meanwhile. Several addresses with spaces between them are asked for at once.
Pages are had as the browser has them, from Dash's endpoint.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.support.router import router_body
from tests.support.versions import HandCatalog
from webapp.api.callbacks import ADDRESS, ANALYSTS_PAGES
from webapp.app import create_app, warm_up
from webapp.catalog.digest import OWN_FOLDER
from webapp.catalog.prepared import read_prepared
from webapp.catalog.versions import Version
from webapp.server import allocator
from webapp.settings import Settings


def main(folder: Path, url: str, addresses: list[str]) -> None:
    """Ask for one address after the other."""
    allocator.bound_heaps()  # as the server does
    models = sorted((folder / "models").iterdir())
    versions = [Version(m.name, "ready", prepared=read_prepared(m / OWN_FOLDER)) for m in models]
    app = create_app(Settings(database_url=url, var_dir=folder / "var"), HandCatalog(versions))
    warm_up(app)
    app.services.answers.wait_seconds = 300  # what is measured is memory
    _ask(app, f"/drift?days=1&version={versions[0].name}")  # whose code is loaded once
    idle = _megabytes("VmRSS")
    for address in addresses:
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
        with ThreadPoolExecutor() as threads:
            lengths = list(threads.map(lambda one: _ask(app, one), address.split()))
        row = address, min(lengths), round(_megabytes("VmHWM") - idle)
        print(json.dumps(row), flush=True)


def _ask(app: Any, address: str) -> int:
    """The length of the answer; 0 if its status isn't 200."""
    client, place = app.server.test_client(), urlsplit(address)
    if place.path in ANALYSTS_PAGES:
        search = f"?{place.query}"
        response = client.post(ADDRESS, json=router_body(place.path, search))
    else:
        response = client.get(address)
    with response:
        length = len(response.get_data())
    return length if response.status_code == 200 else 0


def _megabytes(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) / 1024


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
