"""Bodies for Dash's endpoint: those of our pages, with places that no page would get wrong."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from tests.support.fuzzing.client import FuzzRequest, encode
from tests.support.fuzzing.values import VERSIONS, mutated, scalars, texts, values
from webapp.api.callbacks import ADDRESS
from webapp.app import EverycaseDash

_CSV = "data:text/csv;base64," + base64.b64encode(b"G1,G2\n0,1\n").decode()
_CONTENTS = (None, "", ",", "data:,", "data:;base64,é", "data:;base64,AAAA", "data:;base64,A", _CSV)
_PATHS = ("/", "/drift", "/compare", "/models", "/nothing", "/sign-in", "", None, "//", "/drift/")
_QUERIES = (
    "",
    None,
    "?",
    "?days=1&days=2",
    "?version=%00",
    "?%ff=%fe&=&&==",
    "days=3",
    "?G1=1&G1=",
)
_NAMES = ("version", "versions", "days", "from", "to", "source", "baseline", "margin", "every")
_NAMES += ("G1", "promote", "back", "ledger", "why", "sort", "file", "on", "threshold", "reference")
_NAMES += ("challenger", "gain", "cost", "pathname_", "self", "query")

_versions = st.sampled_from(VERSIONS)
_search = st.lists(
    st.tuples(st.sampled_from(_NAMES) | texts, texts | _versions), min_size=1, max_size=4
).map(lambda pairs: "?" + "&".join(f"{_escape(name)}={_escape(text)}" for name, text in pairs))
_table = st.fixed_dictionaries(
    {"version": _versions, "features": st.just([f"G{i}" for i in range(1, 11)])},
    optional={"words": st.just({"answer": "x"}), "scores": st.just("AAAA")},
)
# What a page of ours could send as a property's value, by component and property
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "_pages_location.pathname": st.sampled_from(_PATHS),
    "_pages_location.search": st.sampled_from(_QUERIES) | _search,
    "predict-request.data": st.fixed_dictionaries(
        {
            "version": _versions,
            "on": st.lists(st.sampled_from(("G1", "G2", "G11")), max_size=3),
            "shown": st.none() | _table,
        }
    ),
    "predict-table.data": st.none() | _table,
    "score-request.data": st.none() | _table,
    "score-upload.contents": st.sampled_from(_CONTENTS),
    "score-upload.filename": st.sampled_from((None, "a.csv", "..", "\u202e.csv")),
    "score-download-button.n_clicks": st.sampled_from((None, 0, 1)),
    "score-example-button.n_clicks": st.sampled_from((None, 0, 1)),
    "models-asked.data": st.fixed_dictionaries(
        {"version": _versions, "action": st.sampled_from(("promote", "roll back", "x"))}
    ),
    "shell-refresh.data": scalars,
    "shell-poll.n_intervals": st.sampled_from((None, 0, 7)),
    "version-picker.data": st.just([]) | values,
    "shell-status.data-state": texts,
}


def _escape(text: str) -> str:
    return quote(text, errors="surrogatepass")


def specs(app: EverycaseDash) -> list[dict[str, Any]]:
    """Dash's own list of the callbacks that the server answers."""
    callback_list = app.server.test_client().get("/_dash-dependencies").get_json()
    return [spec for spec in callback_list if not spec.get("clientside_function")]


def body(spec: dict[str, Any], draw: st.DrawFn) -> dict[str, Any]:
    """The body of a page of ours."""
    inputs = [_part(part, draw) for part in spec["inputs"]]
    changes = [f"{part['id']}.{part['property']}" for part in inputs[:1]]
    return {
        "output": spec["output"],
        "outputs": outputs(spec["output"]),
        "inputs": inputs,
        "state": [_part(part, draw) for part in spec["state"]],
        "changedPropIds": changes,
        "parsedChangedPropsIds": changes,
    }


def outputs(text: str) -> Any:
    """The components and properties in Dash's text for all of them."""
    parts = text.strip(".").split("...") if text.startswith("..") else [text]
    pairs = [dict(zip(("id", "property"), part.rsplit(".", 1), strict=True)) for part in parts]
    return pairs if text.startswith("..") else pairs[0]


def _part(part: dict[str, Any], draw: st.DrawFn) -> dict[str, Any]:
    value = draw(VALUES[f"{part['id']}.{part['property']}"])
    return {"id": part["id"], "property": part["property"], "value": value}


@st.composite
def callback_requests(draw: st.DrawFn, callback_list: list[dict[str, Any]]) -> FuzzRequest:
    """A request to Dash's endpoint: some right, most with wrong values or places, some no JSON."""
    content = body(draw(st.sampled_from(callback_list)), draw)
    where = draw(st.sampled_from((*("values",) * 5, *("places",) * 3, "bytes", "kind")))
    if where == "values":
        for part in (*content["inputs"], *content["state"]):
            part["value"] = draw(mutated(part["value"]))
    elif where == "places":
        content = draw(mutated(content))
    kinds = ("", "text/plain", "application/json; charset=\xff", "a/b/c", "application/x+json")
    kind = draw(st.sampled_from(kinds)) if where == "kind" else "application/json"
    text = encode(content) if where != "bytes" else draw(_torn(encode(content)))
    return FuzzRequest("POST", ADDRESS.encode(), body=text, kind=kind)


@st.composite
def _torn(draw: st.DrawFn, text: bytes) -> bytes:
    """A text that ends early, or has odd bytes in it, or is another JSON value."""
    place = draw(st.integers(0, len(text)))
    match draw(st.integers(0, 2)):
        case 0:
            return text[:place]
        case 1:
            return text[:place] + draw(st.binary(max_size=4)) + text[place:]
        case _:
            return encode(draw(values))
