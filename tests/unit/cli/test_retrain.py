"""Who is noted for a retrain that a command starts."""

from __future__ import annotations

import getpass

import click
import pytest

from tests.support.event_logs import hand_services
from tests.support.events import make_event
from tests.support.installation import PLAN
from tests.support.versions import ready
from webapp.cli.context import user_name
from webapp.cli.retrain import _sayable
from webapp.jobs.reporter import Reporter
from webapp.jobs.retrain import check as retrain_check
from webapp.jobs.retrain import execute
from webapp.timing import now_ms


def test_the_actor_is_the_systems_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "ann")
    assert user_name() == "ann"

    def fail() -> str:
        raise KeyError("no name of 10001")

    monkeypatch.setattr(getpass, "getuser", fail)
    assert user_name() == "command"


def test_what_the_caller_says_is_part_of_the_reason() -> None:
    services = hand_services([ready("logit_games_v1")])
    at = now_ms() - 1000
    events = [make_event(at, case=i, label=i % 2, labelled_at=at, source="api") for i in range(9)]
    services.log.record_all(events, lambda _: None)
    outcome = retrain_check.run(
        services,
        PLAN,
        actor="ann",
        sender="airflow",
        store=None,  # type: ignore[arg-type] # nothing is fitted
        reporter=Reporter(services.jobs, now_ms),
        clock=now_ms,
    )
    assert outcome.check is not None
    assert (outcome.check.actor, outcome.check.evidence["sender"]) == ("ann", "airflow")
    services.close()
    assert execute._reason({"sentence": "It is better."}, "airflow") == (
        "It is better. (said to be by airflow)"
    )
    assert len(execute._reason({"sentence": "x" * 2000}, "airflow")) == 1000
    assert execute._reason({"sentence": "It is better."}, None) == "It is better."


@pytest.mark.parametrize("text", ["x" * 101, "a\nb", "\x1b[2J"])
def test_what_nobody_is_called(text: str) -> None:
    with pytest.raises(click.ClickException, match="--actor must be a text of at most 100"):
        _sayable(text)
    assert _sayable(" airflow ") == "airflow"
