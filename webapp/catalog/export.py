"""Bundles: a prepared version and the modules of ``bundle``, to run without this app.

The same version always gives the same bytes, so a digest shows whether two places run the same.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from array import array
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from webapp import bundle
from webapp.bundle import table
from webapp.cases import shorten
from webapp.catalog.prepared import Prepared

Target = Literal["lambda", "gcf", "wheel"]
Files = dict[str, bytes]

PACKAGE = "everycase_edge"
RELEASE = "1"  # of the wheel: a version of a model never changes
_COMMON = ("rules", "yes_no", "table")
_ANSWERS = ("ids", "reading", "answers", "remote", "lines", "multipart", "messages")
_MODULES: dict[Target, tuple[str, ...]] = {
    "lambda": (*_COMMON, *_ANSWERS, "aws"),
    "gcf": (*_COMMON, *_ANSWERS, "gcp"),
    "wheel": (*_COMMON, "library"),
}
_LAMBDA = f'''"""{{version}} on AWS Lambda: set the handler to lambda_function.lambda_handler."""

from {PACKAGE}.aws import make_handler

lambda_handler = make_handler()
'''
_GCF = f'''"""{{version}} on Google Cloud Functions: predict for HTTP, record for Pub/Sub."""

import functions_framework

from {PACKAGE}.gcp import Function

_function = Function()


@functions_framework.http
def predict(request):
    """Answer a request."""
    return _function.http(request)


@functions_framework.cloud_event
def record(event):
    """Log a message."""
    _function.pubsub(event)
'''
_GCF_REQUIREMENTS = "functions-framework>=3.10,<4\n"
# The only text put into code is a version's name: names of inputs can hold anything, even quotes
_WHEEL = '''"""P(label = 1) by {version}: ``predict(**row)`` and ``predict_proba(rows)``."""

import os

from . import table
from .library import Library
from .rules import InputError

_model = table.load_model(os.path.dirname(__file__))
_library = Library(_model)
VERSION = _model.name
FEATURES = _model.names
BASE_RATE = _model.base_rate
POSITIVE = _model.positive  # the class whose probability it is; None where the model names none
DIGEST = _model.digest
predict = _library.predict
predict_proba = _library.predict_proba

__all__ = [
    "BASE_RATE",
    "DIGEST",
    "FEATURES",
    "POSITIVE",
    "VERSION",
    "InputError",
    "predict",
    "predict_proba",
]
'''
_METADATA = """Metadata-Version: 2.4
Name: {name}
Version: {release}
Summary: {probability} by {version}, a table of {cases} cases, exported by Everycase
Requires-Python: >=3.11
"""
_WHEEL_FACTS = (
    "Wheel-Version: 1.0\nGenerator: everycase\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
)


def make_bundle(version: str, prepared: Prepared, target: Target) -> Files:
    """The files of a bundle: path to content."""
    if target == "wheel":
        return _wheel_files(version, prepared)
    files = _package_files(PACKAGE, version, prepared, target)
    if target == "lambda":
        files["lambda_function.py"] = _LAMBDA.format(version=version).encode()
    else:
        files["main.py"] = _GCF.format(version=version).encode()
        files["requirements.txt"] = _GCF_REQUIREMENTS.encode()
    return files


def make_zip(files: Files) -> bytes:
    """A zip of the files, with the same bytes whenever and wherever it is made.

    Nothing is compressed: compression libraries differ in their bytes, and the files are small.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name)  # dated 1980, its default
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, files[name])
    return buffer.getvalue()


def module_name(version: str) -> str:
    """The name of the package that a version's wheel installs, different for every version."""
    name = re.sub(r"[^a-z0-9]+", "_", version.lower()).strip("_")
    if name != version:  # another version may be reduced to the same letters
        name += f"_{hashlib.sha256(version.encode()).hexdigest()[:8]}"
    return f"everycase_{name}"


def wheel_name(version: str) -> str:
    """The file name of a version's wheel, in the form that pip needs."""
    return f"{module_name(version)}-{RELEASE}-py3-none-any.whl"


def write_folder(place: Path, files: Mapping[str, bytes]) -> None:
    """Write the files into a folder. Raises OSError."""
    for name, content in files.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _package_files(name: str, version: str, prepared: Prepared, target: Target) -> Files:
    """The modules and the version's data in the package ``name``."""
    source = Path(bundle.__file__).parent
    files = {
        f"{name}/{module}.py": (source / f"{module}.py").read_bytes() for module in _MODULES[target]
    }
    files[f"{name}/__init__.py"] = f'"""{version}, exported by Everycase."""\n'.encode()
    data = _data_files(version, prepared)
    sums = "".join(f"{hashlib.sha256(data[each]).hexdigest()}  {each}\n" for each in sorted(data))
    data[table.SUMS] = sums.encode()
    return files | {f"{name}/{each}": content for each, content in data.items()}


def _data_files(version: str, prepared: Prepared) -> Files:
    counts = prepared.baseline
    rate = None
    if counts is not None and counts.n.sum():
        rate = float(counts.positives.sum() / counts.n.sum())
    facts = {
        "format": table.FORMAT,
        "version": version,
        "features": list(prepared.features.names),
        "base_rate": rate,
        "classes": list(prepared.facts.classes),
        "positive": prepared.facts.positive,
        "digest": prepared.facts.build,
    }
    scores = array("d", prepared.scores.tolist())
    return {
        table.FACTS: json.dumps(facts, indent=2, sort_keys=True).encode() + b"\n",
        table.TABLE: table.pack_scores(scores),
    }


def _wheel_files(version: str, prepared: Prepared) -> Files:
    name, features = module_name(version), prepared.features
    files = _package_files(name, version, prepared, "wheel")
    files[f"{name}/__init__.py"] = _WHEEL.format(version=version).encode()
    files[f"{name}/py.typed"] = b""
    info = f"{name}-{RELEASE}.dist-info"
    about = {"name": name, "release": RELEASE, "version": version, "cases": f"{features.cases:,}"}
    about["probability"] = f"P({shorten(prepared.facts.outcome or 'label = 1')})"
    files[f"{info}/METADATA"] = _METADATA.format(**about).encode()
    files[f"{info}/WHEEL"] = _WHEEL_FACTS.encode()
    record = [f"{each},{_record_entry(files[each])}" for each in sorted(files)]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,\n"]).encode()
    return files


def _record_entry(content: bytes) -> str:
    digest = urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"sha256={digest},{len(content)}"
