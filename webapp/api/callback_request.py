"""Is the body of a request to Dash's endpoint one that a page of ours could have sent?

Dash believes what it is sent: names, places and number of the values are the page's business to
it, and a body that differs ends in an exception.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import isfinite
from typing import Any

from dash.dependencies import DashDependency, Input, Wildcard

from webapp.api.browser_values import check_property
from webapp.cases import InputError, shorten

DEEPEST = 32  # a table in a store of a page is 6 deep
_RELOAD = "reload the page"


def check_request(body: object, callback_map: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise InputError unless the body asks for a callback of ``Dash.callback_map`` as it is."""
    check_values(body)
    if not isinstance(body, dict):
        raise InputError("body", "must be a JSON object")
    output = body.get("output")
    callback = callback_map.get(output) if isinstance(output, str) else None
    if callback is None or "callback" not in callback:
        raise InputError("output", f"names no callback of this server: {_RELOAD}")
    if not callback.get("no_output"):
        _check_outputs(body.get("outputs"), callback["output"])
    inputs = _check_list("inputs", body.get("inputs", []), callback["inputs"])
    _check_list("state", body.get("state", []), callback["state"])
    _check_changes(body.get("changedPropIds", []), inputs)


def check_values(body: object) -> None:
    """Raise InputError for what no answer could hold, and for what is nested too deeply."""
    values = [(body, 0)]
    while values:
        value, depth = values.pop()
        if isinstance(value, str):
            _check_text(value)
        elif isinstance(value, float):
            if not isfinite(value):
                raise InputError("body", "has a number that JSON hasn't: NaN or an infinity")
        elif isinstance(value, (dict, list)):
            if depth == DEEPEST:
                raise InputError("body", f"is nested too deeply: send at most {DEEPEST} levels")
            if isinstance(value, dict):
                values += [(name, depth) for name in value]
            inner = value.values() if isinstance(value, dict) else value
            values += [(part, depth + 1) for part in inner]


def _check_text(text: str) -> None:
    if "\0" in text:
        raise InputError("body", "has a text with the character NUL, which nothing can store")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise InputError("body", "has half a character, which nothing can store") from None


def _check_outputs(
    outputs: object, dependencies: DashDependency | Sequence[DashDependency]
) -> None:
    """Raise InputError unless the properties to change are the callback's."""
    if isinstance(dependencies, DashDependency):
        _check_part("outputs", outputs, dependencies)
        return
    if not isinstance(outputs, list) or len(outputs) != len(dependencies):
        raise _number_error("outputs", len(dependencies))
    for i, (output, dependency) in enumerate(zip(outputs, dependencies, strict=True)):
        _check_part(f"outputs[{i}]", output, dependency)


def _check_list(
    field: str, parts: object, dependencies: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Check inputs or states; all of them, without the lists of those that match a pattern."""
    if not isinstance(parts, list) or len(parts) != len(dependencies):
        raise _number_error(field, len(dependencies))
    flat: list[dict[str, Any]] = []
    for i, (part, spec) in enumerate(zip(parts, dependencies, strict=True)):
        dependency, name = (
            _dependency(spec["id"], spec["property"]),
            f"{spec['id']}.{spec['property']}",
        )
        matches = _check_part(f"{field}[{i}]", part, dependency)
        for match in matches:
            check_property(match["property"], name, match.get("value"))
        flat += matches
    return flat


def _check_part(field: str, part: object, dependency: DashDependency) -> list[dict[str, Any]]:
    """The component of a dependency, or the list of those that match it. Raises InputError."""
    if _matches_many(dependency):
        if not isinstance(part, list):
            raise InputError(field, f"must be a list, as {dependency} is a pattern: {_RELOAD}")
        parts = part
    else:
        parts = [part]
    for match in parts:
        if not _is_match(match, dependency):
            raise InputError(field, f"isn't {dependency}: {_RELOAD}")
    return parts


def _is_match(part: object, dependency: DashDependency) -> bool:
    if not isinstance(part, dict) or not isinstance(part.get("property"), str):
        return False
    id_ = part.get("id")
    if isinstance(id_, dict):
        if not all(isinstance(value, (str, int, float)) for value in id_.values()):
            return False
    elif not isinstance(id_, str):
        return False
    return bool(Input(id_, part["property"].split("@")[0]) == dependency)


def _check_changes(changes: object, inputs: Sequence[Mapping[str, Any]]) -> None:
    """Raise InputError unless what is said to have changed is among the inputs."""
    if not isinstance(changes, list):
        raise InputError("changedPropIds", "must be a list of texts")
    for change in changes:
        id_, _, name = change.rpartition(".") if isinstance(change, str) else ("", "", "")
        if not any(_as_id(id_) == part["id"] and name == part["property"] for part in inputs):
            problem = f"has {shorten(change)}, which is no input: {_RELOAD}"
            raise InputError("changedPropIds", problem)


def _as_id(text: str) -> object:
    """The id of a component from its text; that of a pattern is an object."""
    if not text.startswith("{"):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


@lru_cache(maxsize=1024)
def _dependency(id_: str, name: str) -> DashDependency:
    """A dependency from Dash's own text of it, in which a wildcard is a list of its name."""
    if not id_.startswith("{"):
        return Input(id_, name)
    parts = json.loads(id_).items()
    return Input({k: Wildcard(v[0]) if isinstance(v, list) else v for k, v in parts}, name)


def _matches_many(dependency: DashDependency) -> bool:
    id_ = dependency.component_id
    many = (Wildcard.ALL, Wildcard.ALLSMALLER)
    return isinstance(id_, dict) and any(value in many for value in id_.values())


def _number_error(field: str, number: int) -> InputError:
    return InputError(field, f"must be a list of {number}, as the callback has: {_RELOAD}")
