"""Add to a CycloneDX SBOM the license of each component, as the package itself declares it.

``python scripts/add_licenses.py build/sbom.json`` rewrites the file. A lock names no licenses, so
they are read from the packages that are installed here; where the lock has several versions of a
package for different systems, from the one for this system. It exits with 1 if one is unknown.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

# Of packages that the lock has for other systems and Pythons alone, and that no image holds; as the
# metadata of async-timeout 5.0.1, brotlicffi 1.2.1.0 and pywin32 312 says
_ELSEWHERE = {"async-timeout": "Apache-2.0", "brotlicffi": "MIT", "pywin32": "PSF-2.0"}
# Of packages that ship the text of their license and don't name it
_UNNAMED = {"huey": "MIT", "skops": "MIT"}
_CLASSIFIER = "License :: OSI Approved :: "
# What classifiers and older fields say, where it is one license of the SPDX list and no other
_SPDX = {
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "Apache-2.0": "Apache-2.0",
    "BSD 3-Clause": "BSD-3-Clause",
    "3-Clause BSD License": "BSD-3-Clause",
    "BSD-3-Clause": "BSD-3-Clause",
    "BSD-2-Clause": "BSD-2-Clause",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "MIT": "MIT",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "Zope Public License": "ZPL-2.1",
}
_LONGEST = 100  # characters; more is a license's text, not its name


def license_of(name: str) -> dict[str, Any] | None:
    """A package's license in CycloneDX' form; None if nobody says it."""
    try:
        facts = metadata(name)
    except PackageNotFoundError:
        return _by_id(_ELSEWHERE[name]) if name in _ELSEWHERE else None
    if expression := facts.get("License-Expression"):
        return {"expression": expression}
    classifiers = facts.get_all("Classifier") or []
    texts = [one.removeprefix(_CLASSIFIER) for one in classifiers if one.startswith(_CLASSIFIER)]
    texts += [facts.get("License") or "", _UNNAMED.get(name, "")]
    names = [text for text in texts if text and len(text) <= _LONGEST and "\n" not in text]
    for text in names:
        if text in _SPDX:
            return _by_id(_SPDX[text])
    return {"license": {"name": names[0]}} if names else None


def _by_id(identifier: str) -> dict[str, Any]:
    return {"license": {"id": identifier}}


def main(place: Path) -> int:
    """Rewrite the file at ``place``; 1 if a component's license is unknown."""
    form = json.loads(place.read_text("utf-8"))
    unknown = []
    for part in form["components"]:
        license_ = license_of(part["name"])
        if license_ is None:
            unknown.append(part["name"])
        else:
            part["licenses"] = [license_]
    place.write_text(json.dumps(form, indent=2) + "\n", "utf-8")
    if unknown:
        print(f"no license is known of: {', '.join(unknown)}", file=sys.stderr)
    return int(bool(unknown))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
