"""The HTML report runs its own scripts and no others, and sends nothing anywhere."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256

import numpy as np

from tests.support.traffic import NOW, A, B, shipped, with_versions
from webapp.cases import Features
from webapp.pages.compare import report
from webapp.services.compare.labelled_file import compare_on_file
from webapp.services.compare.request import read_request
from webapp.stats.counts import Counts


def test_its_policy_names_its_scripts() -> None:
    services = with_versions(shipped(A), shipped(B))
    n = np.full(1024, 3, np.int64)
    request = read_request({"versions": f"{A},{B}"}, NOW)
    answer = compare_on_file(services, request, Counts(n, n // 2), Features.numbered(10))
    services.close()
    text = report.render(answer, NOW)
    head, policy = text.partition("<title>")[0], re.search(r'Policy" content="([^"]+)"', text)
    assert policy
    assert policy[0] in head, "before anything that it is about"
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert len(scripts) > 10
    digests = [b64encode(sha256(script.encode()).digest()).decode() for script in scripts]
    directives = dict(part.split(" ", 1) for part in policy[1].split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"].split() == [f"'sha256-{digest}'" for digest in digests]
    assert not {"connect-src", "frame-src"} & directives.keys(), "as default-src says: nothing"
