"""What each section of the Compare page found, in a line that stays when the section is closed."""

from __future__ import annotations

from webapp.grammar import pluralize, quantity
from webapp.services.compare.answer import ComparisonReport, ScoredVersion
from webapp.services.compare.recommendation import join_names
from webapp.services.formatting import number, share
from webapp.stats.metric_specs import SPECS
from webapp.timing import DAY_MS


def metrics(report: ComparisonReport) -> str:
    """``hgb_games_v1 against logit_games_v1: 5 of 7 better, 0 worse``"""
    challenger, reference = _pair(report)
    if report.withholds_verdict(challenger):
        return f"No verdict on {challenger.name}"
    differences = report.result(challenger).differences
    verdicts = [one.verdict for spec in SPECS if (one := differences.get(spec.key))]
    better, worse = verdicts.count("better"), verdicts.count("worse")
    counts = f"{better} of {len(verdicts)} better, {worse} worse"
    return f"{challenger.name} against {reference.name}: {counts}"


def curves(report: ComparisonReport) -> str:
    """``ROC AUC 0.795 against 0.764, calibration error 0.011 against 0.013``"""
    parts = []
    for key, title in (("auc", "ROC AUC"), ("ece", "calibration error")):
        own, other = (report.result(version).metrics[key] for version in _pair(report))
        if own is not None and other is not None:
            parts.append(f"{title} {number(own.value, 3)} against {number(other.value, 3)}")
    return ", ".join(parts)


def decisions(report: ComparisonReport) -> str:
    """``At 20 %, hgb_games_v1 picks 24.7 % of events and logit_games_v1 19.6 %``"""
    picks = [
        report.events[version.scores >= report.request.threshold].sum() / report.events.sum()
        for version in _pair(report)
    ]
    challenger, reference = (share(float(part), 1) for part in picks)
    names = [version.name for version in _pair(report)]
    at = share(report.request.threshold)
    return f"At {at}, {names[0]} picks {challenger} of events and {names[1]} {reference}"


def flips(report: ComparisonReport) -> str:
    """``12.0 % of decisions flip at 20 %, in 83 cases``"""
    result = report.close_up.flips
    where = f", in {quantity(len(result.cases), 'case')}" if result.cases else ""
    return f"{share(result.share.value, 1)} of decisions flip at {share(result.threshold)}{where}"


def cases(report: ComparisonReport) -> str:
    """``hgb_games_v1 is better for 8 of 10 games, worse for G8``"""
    rows, words = report.close_up.segments, report.vocabulary
    challenger, _ = _pair(report)
    if not report.labelled.total or report.withholds_verdict(challenger):
        support = report.close_up.support
        return "" if support is None else f"Scores {number(support.mean * 100, 1)} points apart"
    losers = [words.label(row.name) for row in rows if row.verdict == "worse"]
    noun = pluralize(len(rows), words.input, words.inputs)
    better = sum(row.verdict == "better" for row in rows)
    worse = f"worse with {join_names(losers)}" if losers else "worse with none"
    return f"{challenger.name} is better with {better} of {len(rows)} {noun}, {worse}"


def periods(report: ComparisonReport) -> str:
    """``hgb_games_v1 is best in 4 of 4 weeks``"""
    table = report.periods
    unit = "week" if table.length > DAY_MS else "day"
    wins = {
        version.name: sum(loss.best for loss in losses)
        for version, losses in zip(report.versions, table.losses, strict=True)
    }
    if not any(wins.values()):
        return "No outcomes in any period"
    best = max(wins, key=lambda name: wins[name])
    return f"{best} is best in {wins[best]} of {quantity(len(table.begins), unit)}"


def facts(report: ComparisonReport) -> str:
    """``4 versions, trained on 4,000 to 12,000 events``"""
    sizes = [
        size
        for version in report.versions
        if isinstance(size := version.prepared.facts.training.get("n"), int)
    ]
    versions = quantity(len(report.versions), "version")
    if not sizes:
        return versions
    least, most = min(sizes), max(sizes)
    events = quantity(most, "event") if least == most else f"{least:,} to {quantity(most, 'event')}"
    return f"{versions}, trained on {events}"


def _pair(report: ComparisonReport) -> tuple[ScoredVersion, ScoredVersion]:
    """Challenger and reference."""
    return report.close_up.challenger, report.reference
