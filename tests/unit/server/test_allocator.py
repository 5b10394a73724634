"""What threads have freed doesn't stay with a process."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from webapp.settings import ROOT

# Twelve threads at once hold 18 MB each of large blocks, twice, and free them. The larger one
# before has glibc keep such blocks
_WORK = """
import sys, threading
from pathlib import Path
from webapp.server.allocator import bound_heaps

if sys.argv[1] == "bounded":
    assert bound_heaps()
block = bytearray(30 << 20)
del block
gate = threading.Barrier(12)

def work():
    for _ in range(2):
        gate.wait()
        blocks = [bytearray(1_500_000) for _ in range(12)]
        gate.wait()
        del blocks

threads = [threading.Thread(target=work) for _ in range(12)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(int(Path("/proc/self/status").read_text().partition("RssAnon:")[2].split()[0]) / 1024)
"""


# Small blocks, of which every fiftieth stays: nothing is free at the end of the heap
_HOLES = """
from pathlib import Path
from webapp.server.allocator import return_freed

def megabytes():
    status = Path("/proc/self/status").read_text()
    return int(status.partition("RssAnon:")[2].split()[0]) / 1024

start = megabytes()
blocks = [bytearray(40_000) for _ in range(1000)]
kept_blocks = blocks[::50] + blocks[-1:]
del blocks
before = megabytes() - start
return_freed()
print(before, megabytes() - start)
"""


def kept_megabytes(how: str) -> float:
    words = [sys.executable, "-c", _WORK, how]
    return float(subprocess.check_output(words, cwd=ROOT, timeout=60))


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have one heap")
def test_what_threads_have_freed_goes_back() -> None:
    assert kept_megabytes("bounded") < 0.5 * kept_megabytes("as ever")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries do it themselves")
def test_what_is_free_between_others_goes_back() -> None:
    output = subprocess.check_output([sys.executable, "-c", _HOLES], cwd=ROOT, timeout=60)
    before, after = map(float, output.split())
    assert before > 30, "it stays by itself"
    assert after < 10
