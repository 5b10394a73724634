"""Find out what to ask a model in its own environment, without loading it.

``python -m webapp.catalog.venvs.plan MODEL_FOLDER PLACE [--allow-pickle] [--no-code]`` prints a
plan and the environment as JSON, or writes a refusal with its reason to PLACE. An imported table
is read by code of ours, so that it is prepared here: then it prints that.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from webapp.cases import MAX_FEATURES
from webapp.catalog.code import is_table, refuse_code, refuse_outside
from webapp.catalog.digest import model_digest
from webapp.catalog.file_checks import check_files
from webapp.catalog.inputs import UNNAMED, read_features
from webapp.catalog.mends import flavor_of, pickle_mend, probability_mend
from webapp.catalog.mlmodel import read_flavors
from webapp.catalog.prepare import refusal_facts
from webapp.catalog.prepared import PreparedError, write_prepared
from webapp.catalog.reviewed import PLAIN_TYPES
from webapp.catalog.runtimes.lightgbm_models import is_booster
from webapp.catalog.signature import Signature, read_metadata
from webapp.catalog.trust import refuse_pickle
from webapp.catalog.venvs.requirements import Requirements, read_requirements

# Flavors that are loaded by their library, and the key of the file that it loads
_FILES = {"sklearn": "pickled_model", "xgboost": "data", "lightgbm": "data", "catboost": "data"}
_FORMS = {
    "sklearn": "serialization_format",
    "lightgbm": "serialization_format",
    "catboost": "save_format",
}


def make_plan(
    folder: Path, *, allow_pickle: bool, allow_code: bool
) -> tuple[dict[str, Any], Requirements]:
    """The plan for the program, and the environment to run it in. Raises PreparedError."""
    flavors = read_flavors(folder)
    refuse_outside(folder, flavors)
    check_files(folder, flavors)
    if not allow_pickle:
        refuse_pickle(folder, flavors)
    if not allow_code:
        refuse_code(folder, flavors)
        _refuse_trusting(flavors)
    metadata = read_metadata(folder)
    name = next((each for each in _FILES if each in flavors), flavor_of(flavors))
    values = flavors.get(name, {})
    form = str(values.get(_FORMS.get(name, ""), "") or "")
    plan = {
        "folder": str(folder.absolute()),
        "flavor": name,
        "file": _find_file(folder, name, values),
        "form": form,
        "model_class": str(values.get("model_class", "")),
        "allow_pickle": allow_pickle,
        "types": sorted(PLAIN_TYPES),
        "mend": pickle_mend(name),
        "lead": probability_mend(name),
        "unnamed": UNNAMED,
        "most": MAX_FEATURES,
        **_describe_inputs(metadata.signature),
    }
    python = str(flavors.get("python_function", {}).get("python_version", ""))
    is_skops = form == "skops" and not (name == "lightgbm" and is_booster(values))
    requirements = read_requirements(
        folder, python, has_loader=name in _FILES, is_skops=is_skops, allow_any=allow_code
    )
    return plan, requirements


def _find_file(folder: Path, name: str, values: Mapping[str, Any]) -> str:
    """The file that a library loads; empty where MLflow loads the model. Raises PreparedError."""
    if name not in _FILES:
        return ""
    key = str(values.get(_FILES[name]) or ("model.skops" if name == "sklearn" else ""))
    file = (folder / key).resolve()
    if not key or not file.is_relative_to(folder.resolve()) or not file.is_file():
        raise PreparedError(f"Its MLmodel names a file that is missing: {key or 'none'}")
    return str(file)


def _refuse_trusting(flavors: Mapping[str, Any]) -> None:
    """Raise PreparedError for skops files that MLflow loads, trusting what they say."""
    for name, values in flavors.items():
        if name not in ("sklearn", "lightgbm") and values.get("serialization_format") == "skops":
            raise PreparedError(
                f"Its {name} model is a skops file, which isn't checked in its own environment: "
                "set PREPARE_ENV=here"
            )


def _describe_inputs(signature: Signature | None) -> dict[str, Any]:
    """Columns and tensors as the program takes them. Raises PreparedError."""
    if signature is None or signature.inputs is None:
        return {"columns": None, "tensors": None}
    names = read_features(signature, None).names
    inputs = signature.inputs.inputs
    if signature.inputs.is_tensor_spec():
        tensors = [[one.name, str(one.type)] for one in inputs]
        return {"columns": [[name, "double"] for name in names], "tensors": tensors}
    return {"columns": [[one.name, one.type] for one in inputs], "tensors": None}


def main(arguments: Sequence[str]) -> int:
    """Run the child process; returns 0 when there is a plan or a refusal."""
    folder, place, options = Path(arguments[0]), Path(arguments[1]), arguments[2:]
    try:
        if is_table(folder, read_flavors(folder)):
            print(json.dumps({"here": True}))
            return 0
        plan, requirements = make_plan(
            folder,
            allow_pickle="--allow-pickle" in options,
            allow_code="--no-code" not in options,
        )
    except PreparedError as error:
        write_prepared(place, refusal_facts(folder, model_digest(folder), error))
        return 0
    print(json.dumps({"plan": plan, "requirements": asdict(requirements)}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
