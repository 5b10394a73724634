"""Memory of the whole process tree: master, two preloaded workers, supervisor, consumer."""

from __future__ import annotations

import re
import time
from pathlib import Path

import psutil

from benchmarks.browser import chromium, open_page
from benchmarks.figures import Figure
from benchmarks.servers import get, serving
from benchmarks.single import PATH

BAR = 280
READINGS, PREDICTIONS = 5, 100


def measure() -> list[Figure]:
    """Measure the idle processes after a visit to each page and a number of predictions."""
    if not Path("/proc/self/smaps_rollup").exists():
        print("  skipped: only Linux has proportional set sizes")
        return []
    with serving() as server:
        _use(server.url, server.port)
        time.sleep(5)
        try:
            parts = _parts(server.process.pid)
        except PermissionError:
            print("  skipped: root alone may look into processes that have secrets")
            return []
        sums = []
        for _ in range(READINGS):
            sums.append(sum(mb for _, mb in _parts(server.process.pid)))
            time.sleep(0.5)
    print("  " + ", ".join(f"{name} {mb:.0f} MB" for name, mb in parts))
    what = f"memory (PSS), {len(parts)} processes"
    return [Figure(what, "", tuple(sums), unit="MB", at_most=BAR, digits=0)]


def _use(url: str, port: int) -> None:
    with chromium() as driver:
        open_page(driver, url)
        links = "return [...document.querySelectorAll('a.ec-nav-link')].map(a => a.href)"
        for link in driver.execute_script(links):
            driver.get(link)
            time.sleep(3)
    for _ in range(PREDICTIONS):
        get(port, PATH)


def _parts(master: int) -> list[tuple[str, float]]:
    processes = [psutil.Process(master), *psutil.Process(master).children(recursive=True)]
    return [(_name(process), _pss(process.pid)) for process in processes]


def _name(process: psutil.Process) -> str:
    words = process.cmdline()
    for module in ("webapp.server.supervisor", "webapp.jobs.consumer"):
        if module in words:
            return module.rpartition(".")[2]
    return f"gunicorn {process.pid}"


def _pss(pid: int) -> float:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    match = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(match[1]) / 1024 if match else 0.0
