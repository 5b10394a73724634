"""What every page says of the whole app: the banner of a broken champion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import dash
import pytest

from tests.support.event_logs import hand_services
from tests.support.versions import broken, ready
from webapp.catalog.versions import Version
from webapp.components import shell
from webapp.components.first_paint import first_paint
from webapp.components.status import BANNER, champion_banner
from webapp.services.context import Services
from webapp.services.predict import version_choice
from webapp.services.predict import view as predict_view
from webapp.services.status import Status, status

CHAMPION = "logit_games_v1"
FINE = Status(CHAMPION, None)


def text(components: Sequence[Any]) -> str:
    """All text of components, in order."""
    if isinstance(components, str):
        return components
    if isinstance(components, (list, tuple)):
        return "".join(text(one) for one in components)
    return text(getattr(components, "children", None) or "")


@pytest.mark.parametrize(
    ("versions", "champion", "problem"),
    [
        ([ready(CHAMPION), broken("b_v1", "torn")], CHAMPION, None),
        ([broken(CHAMPION, "torn"), ready("b_v1")], CHAMPION, "torn"),
        ([Version(CHAMPION, "preparing")], CHAMPION, "it is being prepared"),
        ([ready("own_v1")], "own_v1", None),
        ([], None, None),
    ],
)
def test_the_champion(versions: list[Version], champion: str | None, problem: str | None) -> None:
    state = status(hand_services(versions))
    assert (state.champion, state.problem) == (champion, problem)


def test_a_version_that_went_with_a_dyno() -> None:
    services = replace(hand_services([ready(CHAMPION)]), forgets_models=True)
    services.ledger.promote("b_v1", actor="test", reason="better")
    problem = str(status(services).problem)
    assert problem.startswith("it is not in the models folder")
    assert "set MODELS_URI" in problem


def test_a_promoted_version_that_is_gone() -> None:
    services = hand_services([ready(CHAMPION), ready("b_v1")])
    services.ledger.promote("b_v1", actor="test", reason="better")
    assert status(services) == Status("b_v1", None)
    services.catalog.by_name.pop("b_v1")  # type: ignore[attr-defined]
    state = status(services)
    problem = "it is not in the models folder; restore it, or promote another version"
    assert state == Status("b_v1", problem)
    with pytest.raises(version_choice.VersionNotReadyError, match="b_v1 is unavailable"):
        version_choice.resolve(services, None)
    options = shell.picker_data(version_choice.picker_order(services), state.champion)
    assert not any(option["champion"] for option in options)


def test_the_banner_names_the_version_and_the_reason() -> None:
    assert champion_banner(FINE) == []
    (banner,) = champion_banner(Status("b_v1", "model.skops can't be read."))
    assert (banner.id, banner.role) == (BANNER, "alert")
    words = text(banner)
    assert "The champion b_v1 can't answer: model.skops can't be read. " in words


def test_the_first_paint_says_the_same_and_escapes_it() -> None:
    view = predict_view.view(hand_services([ready(CHAMPION)]), {})
    plain = first_paint(view, FINE)
    assert "ec-banner" not in plain
    page = first_paint(view, Status("b_v1", "<b>torn</b>"))
    assert "can't answer: &lt;b&gt;torn&lt;/b&gt;." in page.replace("&#x27;", "'")


def test_the_frame_is_drawn_anew_only_where_it_changed() -> None:
    services: Services = hand_services([ready(CHAMPION), ready("b_v1")])
    key = status(services).key
    options = shell.picker_data(version_choice.picker_order(services), CHAMPION)
    same = shell.changes(services, options, key)
    assert all(same[part] is dash.no_update for part in ("data", "banner", "state"))
    for name in ("gone_v1", "gone_v2"):  # twice, as the one before would stand in for a moment
        services.ledger.promote(name, actor="test", reason="to see")
    update = shell.changes(services, options, key)
    assert update["banner"][0].id == BANNER
    assert update["state"] == status(services).key != key
    assert [option["champion"] for option in update["data"]] == [False, False]
