"""The recommendation in one sentence, composed from verdicts, never from bare numbers."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.grammar import capitalize, pluralize, quantity
from webapp.services.drift.answer import DriftReport, NoAnswer, Scope
from webapp.services.drift.calibration import describe_calibration
from webapp.services.drift.limit_words import describe_limits
from webapp.services.drift.missing import find_missing, has_no_reference
from webapp.services.drift.words import (
    AVERAGE,
    describe_doubt,
    describe_need,
    format_margin,
    when_measured,
)
from webapp.services.formatting import (
    during,
    number,
    past_day,
    plus_minus,
    points,
    share,
    short_day,
    span,
)
from webapp.services.traffic import windows
from webapp.services.traffic.advice import Action, Rival
from webapp.services.traffic.source_choice import describe_mend, name_source
from webapp.services.traffic.store_command import store_command
from webapp.stats.drift import FEWEST
from webapp.stats.harm import Judgement
from webapp.stats.inputs import Feature
from webapp.stats.verdicts import SKILL_MARGIN
from webapp.timing import DAY_MS, HOUR_MS

_MOST_NAMED = 2  # inputs that a sentence names
_PLENTY = 10  # times the baseline's events, from which more of them tell nothing more


@dataclass(frozen=True)
class Sentence:
    """The recommended action, the finding, and the reason, which may be empty."""

    action: Action
    finding: str
    reason: str

    @property
    def text(self) -> str:
        """The whole sentence."""
        return f"{self.action}: {self.finding} {capitalize(self.reason)}".strip()


def compose(answer: DriftReport | NoAnswer, now: int) -> Sentence:
    """The sentence of any answer. ``now`` (ms) decides which days are called *the last*."""
    if isinstance(answer, NoAnswer):
        return Sentence("Wait", *_describe_absence(answer))
    when = _describe_window(answer.scope, now)
    finding, reason = _describe_finding(answer, when)
    return Sentence(answer.action, finding, _join((reason, describe_calibration(answer))))


def _describe_finding(report: DriftReport, when: str) -> tuple[str, str]:
    """The finding behind the action, and the reason."""
    headline, rival = report.result.headline, report.rival
    if rival is not None and rival.is_better:
        return _describe_better(report, rival, when), _describe_change(report, when)
    if "harm" in headline.causes:
        reasons = (_describe_promotion(report), _describe_moves(report))
        return f"{when} {_describe_harm(report)}", _join(reasons)
    if rival is not None and rival.is_no_help:
        names = f"neither {report.scope.version} nor {rival.name}"
        return f"{when} {names} did better than {AVERAGE}.", _describe_moves(report)
    reason = _describe_performance(report)
    if headline.verdict == "drifted":
        return _describe_moves(report) or _describe_mix(report, when), reason
    if headline.verdict == "stable":
        return f"{when} nothing that matters changed for {report.scope.version}.", reason
    if headline.verdict == "unknown":
        return _describe_half_a_check(report, when), reason
    return _describe_doubt(report, when), reason


def _join(sentences: tuple[str, ...]) -> str:
    return " ".join(capitalize(sentence) for sentence in sentences if sentence)


def _describe_better(report: DriftReport, rival: Rival, when: str) -> str:
    gate, version = rival.gate, report.scope.version
    losses = [number(loss or 0.0, 3) for loss in (gate.challenger_loss, gate.champion_loss)]
    return (
        f"{when} {rival.name} did better than {version} on {quantity(gate.n, 'outcome')}: "
        f"log loss {losses[0]} against {losses[1]}."
    )


def _describe_change(report: DriftReport, when: str) -> str:
    """What became of the version that is judged, where another one is better."""
    harm = "harm" in report.result.headline.causes
    moves = _describe_moves(report)
    if not moves and "combinations" in report.result.headline.causes:
        moves = _describe_mix(report, when)
    return _join((_describe_harm(report) if harm else "", moves))


def _describe_promotion(report: DriftReport) -> str:
    """Why a version that does worse than at its baseline is only watched; empty if it isn't."""
    if report.action != "Watch" or report.promoted is None:
        return ""
    return (
        f"it replaced another version on {past_day(report.promoted)}, on these events, and no "
        "version is clearly better."
    )


def _describe_window(scope: Scope, now: int) -> str:
    """The window as an adverb: ``over the last 14 days``, ``today``, ``on 8 Nov 2026``."""
    if not scope.sources:
        return "in these rows"  # of a file
    since, until = scope.question.since, scope.question.until
    days, hours = round((until - since) / DAY_MS), round((until - since) / HOUR_MS)
    if until - DAY_MS <= now < until:
        if days < 1:
            return f"over the last {hours} hours" if hours > 1 else "in this hour"
        return f"over the last {days} days" if days > 1 else "today"
    return during(since, until)


def _describe_absence(answer: NoAnswer) -> tuple[str, str]:
    """The finding and the reason where something is missing, with a way out."""
    scope = answer.scope
    if answer.reason == "no traffic":
        source = scope.question.source
        finding = f"there is no {name_source(source)} for {scope.version} yet."
        return finding, describe_mend(source)
    if answer.reason == "no events":
        nearest = answer.nearest
        when = during(scope.question.since, scope.question.until)
        return f"there are no events {when}.", (
            f"The most recent traffic is from {span(*nearest)}." if nearest else ""
        )
    missing = find_missing(answer)
    command = f"{missing.command} adds rows to compare with." if missing else ""
    if answer.reason == "empty baseline":
        if missing is None:
            return "there is nothing to compare with.", "The baseline has no events."
        reason = f"{missing.text} The period before has no events."
        return "there is nothing to compare with.", f"{reason} {command}"
    is_own = scope.baseline_name == windows.TRAINING
    name = scope.version if is_own else scope.baseline_name
    return f"there are no training counts for {name}.", (
        f"Compare with the previous period, or with the training data of another version. {command}"
    ).strip()


def _describe_skills(report: DriftReport) -> str:
    """Skill now and before in brackets; empty if one of them is unknown."""
    judgement = report.result.performance
    before, now = judgement.baseline.skill, judgement.window.skill
    if before is None or now is None:
        return ""
    return f" (skill {plus_minus(now)}, {when_measured(report)} {share(before.value, 1)})"


def _describe_harm(report: DriftReport) -> str:
    skill = report.result.performance.window.skill
    comparison = f"performed worse than {when_measured(report)}"
    if skill is not None and skill.high < 0:
        comparison = f"did worse than {AVERAGE}"
    elif skill is not None and skill.low <= 0:
        comparison = f"did no better than {AVERAGE}"
    return f"{report.scope.version} {comparison}{_describe_skills(report)}."


def _describe_moves(report: DriftReport) -> str:
    """The inputs that moved most, and since when; empty if none drifted."""
    rows = [row for row in report.result.features if row.verdict == "drifted"]
    rows.sort(key=lambda row: -abs(row.difference.value))
    if not rows:
        return ""
    moves = [_describe_move(report, row) for row in rows[:_MOST_NAMED]]
    more = len(rows) - len(moves)
    rest = f"; {more} more drifted" if more else ""
    return f"{' and '.join(moves)}{rest}."


def _describe_move(report: DriftReport, row: Feature) -> str:
    verb = "rose" if row.difference.value > 0 else "fell"
    begin = report.since.get(row.name)
    since = f"since {short_day(begin)} " if begin is not None else ""
    shares = f"from {share(row.baseline.value)} to {share(row.window.value)}"
    return f"{since}{report.scope.vocabulary.holders(row.name)} {verb} {shares}"


def _describe_mix(report: DriftReport, when: str) -> str:
    margin = format_margin(report.result.margin)
    return (
        f"{when} no single {report.scope.vocabulary.input} moved by more than {margin}, "
        "but combinations did."
    )


def _describe_performance(report: DriftReport) -> str:
    """The performance, where it is not the finding."""
    judgement = report.result.performance
    if judgement.sees_no_harm:
        return _describe_no_harm(report)
    if judgement.verdict == "unknown":
        return _describe_unknown(report)
    before, skills = when_measured(report), _describe_skills(report)
    return {
        "worse": f"The model may be performing worse than {before}{skills}.",
        "better": f"The model performs better than {before}{skills}.",
        "no difference that matters": (
            f"The model performs as well as {before}{skills}{_describe_ruled_out(judgement)}."
        ),
    }[judgement.verdict]


def _describe_ruled_out(judgement: Judgement) -> str:
    """The loss that the outcomes exclude, where smaller ones remain possible."""
    if judgement.skill is None or judgement.skill.low > -SKILL_MARGIN:
        return ""
    return f"; a loss of more than {points(-judgement.skill.low)} of skill is ruled out"


def _describe_no_harm(report: DriftReport) -> str:
    """That no loss shows, and which one the baseline's outcomes leave possible."""
    judgement = report.result.performance
    change, room = judgement.skill, ""
    if change is not None and change.low < 0:
        room = f"; a loss of up to {points(-change.low)} can't be ruled out: "
        room += describe_need(judgement)
    return f"No harm is seen{_describe_skills(report)}{room}."


def _describe_unknown(report: DriftReport) -> str:
    """What wasn't checked, and how many outcomes would tell."""
    judgement = report.result.performance
    doubt = describe_doubt(report)
    half_a_check = f"Only what comes in could be checked: {doubt}{_describe_skills(report)}."
    estimate = judgement.estimated.log_loss
    if has_no_reference(report):
        half_a_check += f" {store_command(report.scope.version)} gives it rows to be held against."
    elif judgement.outcomes_needed is None and not _is_first(report):
        half_a_check += " Compare with a baseline that has more."
    if judgement.window.n or estimate is None:
        return half_a_check
    return (
        f"{half_a_check} If behaviour didn't change, log loss is about {number(estimate.value, 3)}."
    )


def _is_first(report: DriftReport) -> bool:
    """True if all known outcomes of the window are those that later ones are held against."""
    judgement = report.result.performance
    return judgement.reference == "first outcomes" and not judgement.window.n


def _describe_half_a_check(report: DriftReport, when: str) -> str:
    """The finding where inputs are stable, and nobody knows what came of it."""
    name = report.scope.version
    if report.result.performance.sees_no_harm:
        return f"{when} what comes in didn't change for {name}."
    return f"{when} what comes in didn't change, but whether {name} still answers well is unknown."


def _describe_doubt(report: DriftReport, when: str) -> str:
    """The finding where there is no verdict: how large a shift these events would show."""
    result = report.result
    events, verb = quantity(result.n, "event"), pluralize(result.n, "is", "are")
    few = pluralize(result.n, "too little", "too few")
    if min(result.n, result.baseline_n) < FEWEST:
        before = quantity(result.baseline_n, "event")
        have = [f"{events} {when}"] if result.n < FEWEST else []
        have += [f"{before} in the baseline"] if result.baseline_n < FEWEST else []
        is_one = len(have) == 1 and have[0].startswith("1 ")
        lack = "is too little" if is_one else "are too few"
        least = str(FEWEST) if len(have) == 1 else f"{FEWEST} of each"
        return f"{' and '.join(have)} {lack} for a verdict: {least} are needed."
    sizes = [row.detectable for row in result.features if row.detectable is not None]
    if not sizes:
        return f"{events} {when} {verb} {few} to tell anything."
    # Beyond the margin, since smaller shifts don't matter.
    limits = capitalize(describe_limits(report.limits_of_inputs))
    more = f" {limits} would do." if limits else ""
    doubt = f"to be sure: only shifts of {points(max(sizes) + result.margin)} or more would show"
    if result.n >= _PLENTY * result.baseline_n:
        before = f"{when} the baseline's {quantity(result.baseline_n, 'event')}"
        return f"{before} are not enough {doubt}, however many there are now.{more}"
    return f"{events} {when} {verb} not enough {doubt}.{more}"
