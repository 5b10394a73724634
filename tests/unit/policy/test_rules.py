"""Windows, challengers and rules as texts, and what is refused."""

from __future__ import annotations

import pytest

from webapp.training.errors import PolicyError
from webapp.training.policy.rules import (
    Challenger,
    PolicyRules,
    TrainingWindow,
)


@pytest.mark.parametrize(
    ("text", "events"), [("2000", 2000), ("1", 1), ("all", None), (" 40 ", 40)]
)
def test_windows_are_read(text: str, events: int | None) -> None:
    assert TrainingWindow.parse(text) == TrainingWindow(events)
    assert TrainingWindow.parse(str(TrainingWindow(events))) == TrainingWindow(events)


@pytest.mark.parametrize("text", ["0", "-5", "2.5", "", "everything", "²", "9" * 30])
def test_windows_that_are_none_are_refused_with_the_fix(text: str) -> None:
    with pytest.raises(PolicyError, match="use a number of events or all"):
        TrainingWindow.parse(text)


@pytest.mark.parametrize(
    ("policy", "estimators", "more", "message"),
    [
        ("sometimes", ["logit"], {}, "policy 'sometimes': use never, periodic"),
        ("never", ["forest"], {}, "estimator 'forest': use logit, logit2"),
        ("never", [], {}, "use at least one estimator"),
        ("periodic", ["logit"], {"every": 0}, "every: use a number"),
        ("never", ["logit"], {"alpha": 1.0}, "alpha: use a number"),
    ],
)
def test_rules_name_what_is_wrong(
    policy: str, estimators: list[str], more: dict[str, object], message: str
) -> None:
    with pytest.raises(PolicyError, match=message):
        PolicyRules.of(policy, estimators, ["all"], **more)


def test_challengers_are_every_estimator_on_every_window_once() -> None:
    result = PolicyRules.of("never", ["logit", "hgb", "logit"], ["2000", "all"])
    assert [c.key for c in result.challengers] == ["logit@2000", "logit@all", "hgb@2000", "hgb@all"]
    assert Challenger.parse("hgb@all") == result.challengers[3]
