"""What to do, in one sentence, and why: composed from verdicts, never from bare numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from webapp.services.drift.answer import Answer
from webapp.services.formatting import day, holders, number, period, plus_minus, points, share, span
from webapp.services.traffic import windows
from webapp.stats.drift import FEWEST, Drift
from webapp.stats.inputs import Feature
from webapp.stats.performance import Performance
from webapp.timing import DAY_MS

Action = Literal["Retrain", "Watch", "Keep", "Wait"]
_NAMED = 2  # games that a sentence names


@dataclass(frozen=True)
class Sentence:
    """What to do; the finding; the reasons."""

    action: Action
    finding: str
    reason: str

    @property
    def text(self) -> str:
        """All of it."""
        return f"{self.action}: {self.finding} {_capital(self.reason)}".strip()


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def compose(answer: Answer, now: int) -> Sentence:
    """For any answer, with or without a result. ``now`` decides what is called *the last* days."""
    if answer.result is None:
        return Sentence("Wait", *_without_result(answer))
    result, over = answer.result, _over(answer, now)
    judged = result.performance
    assert judged is not None
    verdict = result.headline.verdict
    if "harm" in result.headline.causes:
        return Sentence("Retrain", _harm(answer, over), _moves(answer))
    if verdict == "drifted":
        return Sentence("Watch", _moves(answer) or _combinations(result, over), _unharmed(answer))
    if verdict == "stable":
        finding = f"over {over} nothing that matters changed for {answer.version}."
        return Sentence("Keep", finding, _unharmed(answer))
    return Sentence("Wait", _cannot_tell(answer, over), _unharmed(answer))


def _over(answer: Answer, now: int) -> str:
    if not answer.sources:
        return "these rows"  # of a file
    since, until = answer.question.since, answer.question.until
    if until - DAY_MS <= now < until:
        return period(since, until).replace("these", "the last").replace("this day", "today")
    return f"{span(since, until)}".replace(" – ", " to ")


def _without_result(answer: Answer) -> tuple[str, str]:
    when = span(answer.question.since, answer.question.until)
    if answer.empty == "no traffic":
        return f"there is no traffic for {answer.version} yet.", (
            "Predictions made through the API are counted, and so are recorded ones."
        )
    if answer.empty == "no events":
        near = f"The last traffic is of {span(*answer.nearest)}." if answer.nearest else ""
        return f"there are no events in {when}.", near
    if answer.empty == "empty baseline":
        return "there is nothing to compare with.", "The earlier period has no events."
    name = answer.version if answer.baseline_name == windows.TRAINING else answer.baseline_name
    return f"{name} came without training counts.", (
        "Compare with the previous period, or with the training of another version."
    )


def _before(answer: Answer) -> str:
    if answer.baseline_name == windows.TRAINING:
        return "at training"
    if answer.baseline_name == windows.PREVIOUS:
        return "in the period before"
    if answer.baseline_name == windows.WEEK_BEFORE:
        return "a week before"
    return f"in the training of {answer.baseline_name}"


def _skills(before: Performance, now: Performance, where: str) -> str:
    assert before.skill is not None
    assert now.skill is not None
    return f"(skill {plus_minus(now.skill)}, {where} {share(before.skill.value, 1)})"


def _harm(answer: Answer, over: str) -> str:
    judged = answer.result.performance if answer.result else None
    assert judged is not None
    assert judged.window.skill is not None
    skills = _skills(judged.baseline, judged.window, _before(answer))
    if judged.window.skill.high < 0:
        did = "did worse than guessing the average"
    elif judged.window.skill.low <= 0:
        did = "did no better than guessing the average"
    else:
        did = f"was worth less than {_before(answer)}"
    return f"over {over} {answer.version} {did} {skills}."


def _moves(answer: Answer) -> str:
    """The games that moved most, and since when."""
    assert answer.result is not None
    drifted = _drifted(answer.result)
    if not drifted:
        return ""
    since = dict(zip(answer.features.names, answer.since, strict=False))
    told = [_move(row, since.get(row.name)) for row in drifted[:_NAMED]]
    more = len(drifted) - len(told)
    rest = f"; {more} more drifted" if more else ""
    return f"{' and '.join(told)}{rest}."


def _move(row: Feature, since: int | None) -> str:
    verb = "rose" if row.difference.value > 0 else "fell"
    begin = f"since {day(since)} " if since is not None else ""
    moved = f"{share(row.baseline.value)} to {share(row.window.value)}"
    return f"{begin}{holders(row.name)} {verb} from {moved}"


def _drifted(result: Drift) -> list[Feature]:
    rows = [row for row in result.features if row.verdict == "drifted"]
    return sorted(rows, key=lambda row: -abs(row.difference.value))


def _combinations(result: Drift, over: str) -> str:
    assert result.total_variation is not None
    size = share(result.total_variation.corrected)
    return (
        f"over {over} no single game moved beyond the margin, but their combinations did "
        f"(total variation {size})."
    )


def _unharmed(answer: Answer) -> str:
    """What is known of harm where it is not the finding."""
    judged = answer.result.performance if answer.result else None
    assert judged is not None
    if not judged.window.n:
        return _estimate(answer)
    if judged.skill is None:
        return f"Whether it hurts cannot be told: {judged.window.statement}."
    skills = _skills(judged.baseline, judged.window, _before(answer))
    return {
        "worse": f"{answer.version} may be worth less than {_before(answer)} {skills}.",
        "better": f"{answer.version} is worth more than {_before(answer)} {skills}.",
        "no difference that matters": f"{answer.version} is worth as much as {_before(answer)} "
        f"{skills}.",
        "cannot tell": f"Whether it hurts cannot be told yet {skills}.",
    }[judged.verdict]


def _estimate(answer: Answer) -> str:
    judged = answer.result.performance if answer.result else None
    assert judged is not None
    if judged.estimated.log_loss is None:
        return "No outcomes are known yet."
    loss = number(judged.estimated.log_loss.value, 3)
    return f"No outcomes are known yet; if its scores still hold, its log loss is {loss}."


def _cannot_tell(answer: Answer, over: str) -> str:
    result = answer.result
    assert result is not None
    found = [row.detectable for row in result.features if row.detectable is not None]
    events = f"{result.n:,} event{'' if result.n == 1 else 's'}"
    if not found:
        return f"{events} over {over} are too few to tell anything."
    # Beyond the margin, since smaller shifts don't matter.
    least = points(max(found) + result.margin)
    few = "too few to tell" if result.n < FEWEST else "not enough to be sure"
    return f"{events} over {over} are {few}: only shifts of {least} or more would surely show."
