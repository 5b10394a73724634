"""Everything that clients ask for, right and wrong, as requests to repeat."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.app_access import ADMIN_TOKEN, API_TOKEN

NAMES = [f"G{i}" for i in range(1, 11)]
VERSIONS = ("logit_games_v1", "logit_games_v2", "hgb_games_v1", "keras_games_v1")
# Few different questions, so that answers that are kept for a while are all kept soon
_DAYS, _SHARES = (7, 28, 365), (0.03, 0.2)
Headers = dict[str, str]


@dataclass(frozen=True)
class Ask:
    """A request."""

    method: str
    path: str
    body: bytes | None
    headers: Headers


def _json(path: str, value: Any, method: str = "POST", **headers: str) -> Ask:
    proof = {"Authorization": f"Bearer {ADMIN_TOKEN}", "Content-Type": "application/json"}
    return Ask(method, path, json.dumps(value).encode(), proof | headers)


def _get(path: str, accept: str = "*/*") -> Ask:
    proof = {"Authorization": f"Bearer {API_TOKEN}", "Accept-Encoding": "br, gzip"}
    return Ask("GET", path, None, proof | {"Accept": accept})


def _row(rng: random.Random) -> dict[str, int]:
    return {name: rng.randrange(2) for name in NAMES}


def _predict(rng: random.Random) -> Ask:
    return _json("/api/v1/predict", _row(rng) | {"request_id": f"soak-{rng.getrandbits(90)}"})


def _batch(rng: random.Random) -> Ask:
    return _json("/api/v1/predict/batch", {"rows": [_row(rng) for _ in range(50)]})


def _events(rng: random.Random) -> Ask:
    events = [
        {
            "request_id": f"e-{rng.getrandbits(90)}",
            "version": "logit_games_v1",
            "features": _row(rng),
        }
        | {"label": rng.randrange(2)}
        for _ in range(20)
    ]
    return _json("/api/v1/events", {"events": events})


def _root(rng: random.Random) -> Ask:
    query = "&".join(f"{name}={bit}" for name, bit in _row(rng).items())
    return _get(f"/?{query}", rng.choice(("text/html", "*/*")))


def _page(rng: random.Random) -> Ask:
    return _get(rng.choice(("/drift", "/compare", "/models", "/nowhere", "/sign-in")), "text/html")


def _router(rng: random.Random) -> Ask:
    days, margin = rng.choice(_DAYS), rng.choice(_SHARES)
    search = rng.choice((f"?days={days}&margin={margin}", f"?days={days}", "", "?days=1&days=2"))
    path = rng.choice(("/", "/drift", "/compare", "/models"))
    return _callback(
        ("_pages_content.children", "_pages_store.data"),
        {"_pages_location.pathname": path, "_pages_location.search": search},
    )


def _dialog(rng: random.Random) -> Ask:
    version = rng.choice((*VERSIONS, f"nothing_v{rng.randrange(999)}"))
    places = ("models-dialog.title", "models-dialog.opened", "models-dialog-body.data-markup")
    places += ("models-confirm.children", "models-override.label", "models-override.style")
    places += ("models-dialog-problem.children",)
    return _callback(places, {"models-asked.data": {"version": version, "action": "promote"}})


def _callback(outputs: tuple[str, ...], values: dict[str, Any]) -> Ask:
    body = {
        "output": f"..{'...'.join(outputs)}..",
        "outputs": [_place(output) for output in outputs],
        "inputs": [_place(name) | {"value": value} for name, value in values.items()],
        "state": [],
        "changedPropIds": list(values)[:1],
    }
    return _json("/_dash-update-component", body)


def _place(name: str) -> dict[str, str]:
    return dict(zip(("id", "property"), name.rsplit(".", 1), strict=True))


def _wrong(rng: random.Random) -> Ask:
    path = rng.choice(("/_dash-update-component", "/api/v1/predict", "/page/record", "/page/label"))
    odd = rng.choice(([], {"output": "x" * rng.randrange(99)}, {"G1": 7}, {"version": None}, 0))
    return _json(path, odd)


def _report(rng: random.Random) -> Ask:
    return _get(f"/page/compare.html?threshold={rng.choice(_SHARES)}&days=28")


def _question(rng: random.Random) -> Ask:
    days = rng.choice(_DAYS)
    place = rng.choice(("drift", "compare", "versions", "jobs", "champion", "retrain"))
    return _get(f"/api/v1/{place}" + (f"?days={days}" if place in ("drift", "compare") else ""))


def _upload(rng: random.Random) -> Ask:
    rows = "".join(
        f"{','.join(map(str, _row(rng).values()))},{rng.randrange(2)}\n" for _ in range(60)
    )
    headers = {"Content-Type": "application/octet-stream", "X-File-Name": "soak.csv"}
    headers["Authorization"] = f"Bearer {ADMIN_TOKEN}"
    body = f"{','.join(NAMES)},label\n{rows}".encode()
    return Ask("POST", "/page/compare/file?versions=logit_games_v1", body, headers)


def _sign_in(_rng: random.Random) -> Ask:
    headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
    return Ask("POST", "/sign-in", f"token={ADMIN_TOKEN}".encode(), headers)


Maker = Callable[[random.Random], Ask]
# How often each is asked for, of 100
SHARES: dict[Maker, int] = {
    _predict: 34,
    _batch: 6,
    _events: 6,
    _root: 14,
    _page: 10,
    _router: 10,
    _dialog: 2,
    _wrong: 8,
    _report: 1,
    _question: 7,
    _sign_in: 2,
}
UPLOAD: Maker = _upload  # takes a process of its own, so it is asked for by the minute


def one(rng: random.Random) -> Ask:
    """Any of them."""
    return rng.choices(list(SHARES), list(SHARES.values()))[0](rng)
