"""The Models page: what it says of versions, ledger, policy and jobs, to whom; its dialog."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dash import html

from tests.support.app_access import ADMIN_TOKEN, SAME_ORIGIN, session
from tests.support.traffic import NOW, A, B, C, D, send, shipped, with_versions
from tests.support.versions import HandCatalog, broken, ready
from webapp.api.auth import Access
from webapp.app import create_app
from webapp.cases import Features
from webapp.db.database import LogUnavailableError
from webapp.db.tables.ledger import Ledger
from webapp.pages.models import page
from webapp.server.session_files import Kept
from webapp.services.context import Services
from webapp.settings import Settings


@pytest.fixture
def permissions(tmp_path: Path) -> Access:
    return Access("k" * 32, Kept(tmp_path))


def texts(part: Any) -> str:
    """Everything that a page shows, inert parts too."""
    if part is None:
        return ""
    if isinstance(part, (list, tuple)):
        return " ".join(map(texts, part))
    if not hasattr(part, "to_plotly_json"):
        return str(part)
    props = part.to_plotly_json()["props"]
    own = [props.get("data-markup", ""), texts(props.get("children")), texts(props.get("label"))]
    return " ".join(text for text in own if text)


def plain(part: Any) -> str:
    """The same without tags, with plain spaces."""
    return " ".join(re.sub(r"<[^>]+>", " ", texts(part)).replace("\u00a0", " ").split())


def drawn(services: Services, permissions: Access, **query: str) -> html.Div:
    return page.draw(services, query, NOW, permissions)


def test_versions_that_can_not_answer_say_why(permissions: Access) -> None:
    unsafe = "it was saved as pickle. ALLOW_PICKLE=1 would load it"
    services = with_versions(
        shipped(A),
        broken("slow_v1", "preparing it took longer than 60 s and was stopped"),
        broken("unsafe_v1", unsafe),
        broken("new_v1", "", "preparing"),
    )
    shown = drawn(services, permissions)
    said = plain(shown)
    assert "1 version answers, logit_games_v1 by default. 3 folders can't be served." in said
    assert "Unavailable Preparing it took longer than 60 s and was stopped" in said
    assert "Refused: pickle It was saved as pickle. ALLOW_PICKLE=1 would load it" in said
    assert "<code>ALLOW_PICKLE=1</code>" in texts(shown)
    assert "Preparing… Its table is being computed." in said
    assert "Compare all" not in said  # there is nothing to compare with
    assert "data-promote" not in texts(shown)
    services.close()


def test_the_champion_stands_out_and_the_others_can_take_its_place(services: Services) -> None:
    send(services, 2000)
    said = texts(page.draw(services, {}, NOW, Access("k" * 32, Kept(Path("/nowhere")))))
    assert "the last 30\u00a0days, 2,000 matured. Dashed line: the champion." in said
    assert re.findall(r'data-promote="(\w+)"', said) == [B, C, D]
    assert said.count("ec-v-dot-full") == 1
    assert said.count("ec-v-champion") == 4
    assert "by default" in said


def test_versions_trained_on_some_of_the_events_get_no_fair_comparison(
    permissions: Access,
) -> None:
    services = with_versions(shipped(A), shipped(B, rows="1:300", sha256="d" * 64))
    send(services, 2000)
    table = texts(drawn(services, permissions)).split("ec-ledger")[0]
    row = table.split(f'data-version="{B}"')[1].split("</tr>")[0]
    assert "trained on some of these" in row
    assert "ec-v-line" not in row
    assert "trained on some of these" not in table.split(f'data-version="{A}"')[1].split("</tr>")[0]
    services.close()


def test_versions_with_other_inputs_say_so(permissions: Access) -> None:
    services = with_versions(shipped(A), ready("odd_v1", Features(("G1", "H"))))
    send(services, 300)
    row = texts(drawn(services, permissions)).split('data-version="odd_v1"')[1].split("</tr>")[0]
    assert "asks for other inputs" in row
    services.close()


def test_a_champion_that_was_trained_on_the_events_is_no_line_to_compare_with(
    permissions: Access,
) -> None:
    services = with_versions(shipped(A, rows="1:300", sha256="d" * 64), shipped(B))
    send(services, 2000)
    said = texts(drawn(services, permissions))
    assert f"No line to compare with: {A} was trained on some of them." in said
    assert "ec-v-champion" not in said
    services.close()


def test_without_traffic_versions_or_log_the_page_says_so(
    services: Services, permissions: Access
) -> None:
    said = plain(drawn(services, permissions))
    assert "There is no traffic yet, so nothing says which of them is better." in said
    assert "logit_games_v1 is the first champion by default" in said
    assert "No checks yet" in said
    assert "Nothing was done in the background yet." in said
    none = with_versions(broken("torn_v1", "torn"))
    assert "No version can answer yet." in plain(drawn(none, permissions))
    assert isinstance(none.catalog, HandCatalog)
    none.catalog.by_name.clear()
    empty = plain(drawn(none, permissions))
    assert "No versions yet" in empty
    assert "No version has been champion yet." in empty
    none.close()


class AwayLedger(Ledger):
    """One whose database is away."""

    def history(self, limit: int = 100) -> Any:
        del limit
        raise LogUnavailableError("no connection")


def test_a_log_that_is_away_leaves_the_rest_of_the_page(
    services: Services, permissions: Access
) -> None:
    away = replace(services, ledger=AwayLedger(services.log.database))
    said = plain(drawn(away, permissions))
    assert "The event log is away: no connection." in said
    assert "logistic regression" in said


# ---- who may ----


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "Promoting and retraining are off: set ADMIN_TOKEN ."),
        ({"admin_token": ADMIN_TOKEN}, "Sign in as administrator to promote"),
        ({"links": True}, "open the link that the server printed at its start, or set ADMIN_TOKEN"),
    ],
)
def test_visitors_see_what_would_enable_the_buttons(
    services: Services, tmp_path: Path, given: dict[str, Any], expected: str
) -> None:
    shown = page.draw(services, {}, NOW, Access("k" * 32, Kept(tmp_path), **given))
    assert expected in plain(shown)
    for button in re.findall(r"<button[^>]*data-(?:promote|start)[^>]*>", texts(shown)):
        assert 'disabled="True"' in button


def test_whoever_is_signed_in_may(tmp_path: Path) -> None:
    app = create_app(
        Settings(var_dir=tmp_path, admin_token=ADMIN_TOKEN), HandCatalog([shipped(A), shipped(B)])
    )
    asked = {
        "output": ".._pages_content.children..._pages_store.data..",
        "outputs": [
            {"id": "_pages_content", "property": "children"},
            {"id": "_pages_store", "property": "data"},
        ],
        "inputs": [
            {"id": "_pages_location", "property": "pathname", "value": "/models"},
            {"id": "_pages_location", "property": "search", "value": ""},
        ],
        "changedPropIds": ["_pages_location.pathname"],
        "state": [],
    }
    for client, may in ((session(app), True), (app.server.test_client(), False)):
        answer = client.post("/_dash-update-component", json=asked, headers=SAME_ORIGIN)
        assert answer.status_code == 200, answer.text
        assert ("disabled" in answer.text.split("data-promote")[0][-200:]) is not may
        assert ("models-visitor" in answer.text) is not may


# ---- the dialog ----


def test_the_dialog_shows_the_evidence(services: Services) -> None:
    send(services, 3000)
    shown = page.asked_dialog(services, {"version": B, "action": "promote"}, NOW, may=True)
    assert shown["opened"] is True
    assert shown["title"] == f"Promote {B}?"
    body = re.sub(r"<[^>]+>", " ", shown["body"])
    assert "Keep the champion" in body  # better, but it changes too many decisions
    assert "On 3,000 matured events since" in body
    assert "lower" in body
    assert "cap 5.0" in body
    assert "picked from now on" in body
    assert shown["override"] == "Promote although the gate says: churn above the cap"
    assert shown["style"] == {}
    back = page.asked_dialog(services, {"version": B, "action": "roll back"}, NOW, may=False)
    assert (shown["said"], back["said"]) == ("", page.VISITOR)
    assert (back["title"], back["confirm"]) == (f"Roll back to {B}?", f"Roll back to {B}")


def test_the_dialog_when_the_gate_says_promote_asks_for_no_override(services: Services) -> None:
    lenient = replace(services, plan=replace(services.plan, churn=1.0))
    send(lenient, 3000)
    shown = page.asked_dialog(lenient, {"version": B}, NOW, may=True)
    assert (shown["override"], shown["style"]) == ("", {"display": "none"})
    assert "Promote" in shown["body"]


@pytest.mark.parametrize("asked", [None, 5, [], {}, {"version": 7}, {"version": None}])
def test_a_dialog_that_nobody_asked_for_stays_closed(services: Services, asked: object) -> None:
    from dash import no_update

    assert all(
        value is no_update for value in page.asked_dialog(services, asked, NOW, may=True).values()
    )


def test_what_the_dialog_can_not_do_is_said(services: Services) -> None:
    assert (
        "There is no version nope."
        in page.asked_dialog(services, {"version": "nope"}, NOW, may=True)["said"]
    )
    assert "champion already" in page.asked_dialog(services, {"version": A}, NOW, may=True)["said"]
    assert isinstance(services.catalog, HandCatalog)
    services.catalog.by_name[A] = broken(A, "torn")
    shown = page.asked_dialog(services, {"version": B}, NOW, may=True)
    assert "There is no evidence" in shown["body"]
    assert "although the gate says: it can't be judged" in shown["override"]


def test_links_open_the_dialog_and_say_what_is_wrong(
    services: Services, permissions: Access
) -> None:
    shown = drawn(services, permissions, promote=B)
    modal = next(c for c in shown.children if getattr(c, "id", "") == "models-dialog")
    assert (modal.opened, modal.title) == (True, f"Promote {B}?")
    wrong = plain(drawn(services, permissions, back="nope", ledger="some"))
    assert "There is no version nope." in wrong
    assert "In this link, ledger is some: send one of all, promotions. It is ignored." in wrong
