"""The Models page: what it says of versions, ledger, policy and jobs, to whom; its dialog."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from tests.support.app_access import ADMIN_TOKEN, SAME_ORIGIN, session
from tests.support.models_view import drawn, plain, texts
from tests.support.traffic import NOW, A, B, C, D, send, shipped, with_versions
from tests.support.versions import HandCatalog, broken, ready
from webapp.api.auth import Access
from webapp.app import create_app
from webapp.cases import Features
from webapp.components.version_key import class_names
from webapp.db.database import LogUnavailableError
from webapp.db.tables.ledger import Ledger
from webapp.pages.models import page
from webapp.server.session_files import SessionFiles
from webapp.services.context import Services
from webapp.settings import Settings


def test_versions_that_can_not_answer_say_why(permissions: Access) -> None:
    unsafe = "It was saved as pickle. ALLOW_PICKLE=1 loads it anyway"
    services = with_versions(
        shipped(A),
        broken("slow_v1", "Preparing it took longer than 60 s and was stopped"),
        broken("unsafe_v1", unsafe),
        broken("new_v1", "", "preparing"),
    )
    content = drawn(services, permissions)
    text = plain(content)
    assert "1 version answers, logit_games_v1 by default. 1 version is being prepared." in text
    assert "2 folders can't be served." in text
    assert "Which version answers, how good is each, and is it time to retrain?" in text
    (look,) = services.looks.places([A]).values()
    assert f'class="ec-version-key {class_names(look)}"' in texts(content)
    assert "Unavailable Preparing it took longer than 60 s and was stopped" in text
    assert "Refused: pickle It was saved as pickle. ALLOW_PICKLE=1 loads it anyway" in text
    assert "<code>ALLOW_PICKLE=1</code>" in texts(content)
    assert "Preparing… Its table is being computed." in text
    assert "Compare all" not in text  # there is nothing to compare with
    assert "data-promote" not in texts(content)
    services.close()


def test_the_champion_stands_out_and_the_others_can_take_its_place(services: Services) -> None:
    send(services, 2000)
    text = texts(page.draw(services, {}, NOW, Access("k" * 32, SessionFiles(Path("/nowhere")))))
    assert "2,000 outcomes from the last 28\u00a0days. Dashed line: the champion." in text
    assert re.findall(r'data-promote="(\w+)"', text) == [B, C, D]
    assert text.count("ec-v-dot-full") == 1
    assert text.count("ec-v-champion") == 4
    assert "by default" in text


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
    assert "different inputs" in row
    services.close()


def test_a_champion_that_was_trained_on_the_events_is_no_line_to_compare_with(
    permissions: Access,
) -> None:
    services = with_versions(shipped(A, rows="1:300", sha256="d" * 64), shipped(B))
    send(services, 2000)
    text = texts(drawn(services, permissions))
    assert f"No reference line: {A} was trained on some of these events." in text
    assert "ec-v-champion" not in text
    services.close()


def test_without_traffic_versions_or_log_the_page_says_so(
    services: Services, permissions: Access
) -> None:
    text = unescape(plain(drawn(services, permissions)))
    assert "There is no traffic yet, so versions can't be compared." in text
    assert "logit_games_v1 is the first champion" in text
    assert "No checks yet" in text
    assert "No background jobs yet." in text
    none = with_versions(broken("torn_v1", "torn"))
    assert "No version is ready yet." in plain(drawn(none, permissions))
    assert isinstance(none.catalog, HandCatalog)
    none.catalog.by_name.clear()
    empty = plain(drawn(none, permissions))
    assert "No versions yet" in empty
    assert "No version has been champion yet." in empty
    none.close()


class AwayLedger(Ledger):
    """One whose database is unavailable."""

    def history(self, limit: int = 100) -> Any:
        del limit
        raise LogUnavailableError("no connection")


def test_an_unavailable_log_leaves_the_rest_of_the_page(
    services: Services, permissions: Access
) -> None:
    away = replace(services, ledger=AwayLedger(services.log.database))
    text = plain(drawn(away, permissions))
    assert "The event log is unavailable: no connection." in text
    assert "logistic regression" in text


# ---- who may ----


@pytest.mark.parametrize(
    ("settings", "expectation"),
    [
        ({}, "To promote and retrain, set ADMIN_TOKEN ."),
        ({"admin_token": ADMIN_TOKEN}, "Sign in as administrator to promote"),
        (
            {"links": True},
            "the server printed when it started, get a new one with everycase link , or set",
        ),
    ],
)
def test_visitors_see_what_would_enable_the_buttons(
    services: Services, tmp_path: Path, settings: dict[str, Any], expectation: str
) -> None:
    content = page.draw(services, {}, NOW, Access("k" * 32, SessionFiles(tmp_path), **settings))
    assert expectation in plain(content)
    for button in re.findall(r"<button[^>]*data-(?:promote|start)[^>]*>", texts(content)):
        assert 'disabled="True"' in button


def test_a_signed_in_user_may(tmp_path: Path) -> None:
    app = create_app(
        Settings(var_dir=tmp_path, admin_token=ADMIN_TOKEN), HandCatalog([shipped(A), shipped(B)])
    )
    request_ = {
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
        answer = client.post("/_dash-update-component", json=request_, headers=SAME_ORIGIN)
        assert answer.status_code == 200, answer.text
        assert ("disabled" in answer.text.split("data-promote")[0][-200:]) is not may
        assert ("models-visitor" in answer.text) is not may


# ---- the dialog ----


def test_the_dialog_shows_the_evidence(services: Services) -> None:
    send(services, 3000)
    content = page.open_dialog(services, {"version": B, "action": "promote"}, NOW, can_admin=True)
    assert content["opened"] is True
    assert content["title"] == f"Promote {B}?"
    body = re.sub(r"<[^>]+>", " ", content["body"])
    assert "ec-tone-good" in content["body"]  # though it changes more decisions than the cap
    assert "On 3,000 outcomes since" in body
    assert "lower" in body
    assert "max. 5.0" in body
    assert "newly picked" in body
    worse = page.open_dialog(services, {"version": D, "action": "promote"}, NOW, can_admin=True)
    assert worse["override"].startswith("Promote despite the gate: ")
    assert worse["style"] == {}
    back = page.open_dialog(services, {"version": B, "action": "roll back"}, NOW, can_admin=False)
    assert (content["said"], back["said"]) == ("", page.VISITOR)
    assert (back["title"], back["confirm"]) == (f"Roll back to {B}?", f"Roll back to {B}")


def test_the_dialog_when_the_gate_says_promote_asks_for_no_override(services: Services) -> None:
    lenient = replace(services, plan=replace(services.plan, churn=1.0))
    send(lenient, 3000)
    content = page.open_dialog(lenient, {"version": B}, NOW, can_admin=True)
    assert (content["override"], content["style"]) == ("", {"display": "none"})
    assert "Promote" in content["body"]


@pytest.mark.parametrize("request_", [None, {}, {"version": ""}, {"version": None}])
def test_a_dialog_that_was_not_requested_stays_closed(services: Services, request_: object) -> None:
    from dash import no_update

    assert all(
        value is no_update
        for value in page.open_dialog(services, request_, NOW, can_admin=True).values()
    )


def test_what_the_dialog_can_not_do_is_explained(services: Services) -> None:
    assert (
        "There is no version nope."
        in page.open_dialog(services, {"version": "nope"}, NOW, can_admin=True)["said"]
    )
    assert (
        "champion already"
        in page.open_dialog(services, {"version": A}, NOW, can_admin=True)["said"]
    )
    assert isinstance(services.catalog, HandCatalog)
    services.catalog.by_name[A] = broken(A, "torn")
    content = page.open_dialog(services, {"version": B}, NOW, can_admin=True)
    assert "No evidence" in content["body"]
    assert "despite the gate: it can't be judged" in content["override"]


def test_links_open_the_dialog_and_say_what_is_wrong(
    services: Services, permissions: Access
) -> None:
    content = drawn(services, permissions, promote=B)
    modal = next(c for c in content.children if getattr(c, "id", "") == "models-dialog")
    assert (modal.opened, modal.title) == (True, f"Promote {B}?")
    wrong = plain(drawn(services, permissions, back="nope", ledger="some"))
    assert "There is no version nope." in wrong
    assert "ledger=some in this link isn't all or promotions, so it was ignored." in wrong
