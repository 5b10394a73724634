"""The sections of the Drift page, and the figures in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dash import dcc, html
from dash.development.base_component import Component

from webapp.components.case_grid import HEIGHT
from webapp.components.markup import static_html
from webapp.components.sections import card, graph, section
from webapp.pages.drift import cards, lake_history, tables
from webapp.services.drift.answer import Answer
from webapp.services.formatting import NBSP, share, span
from webapp.services.traffic import windows
from webapp.stats.series import TRAILING

_WHY = {"log_loss": "Log loss", "score": "Mean score", "positives": "Share who bought"}


def sections(
    answer: Answer, view: Mapping[str, str], href: Callable[..., str], lake: Component | None = None
) -> list[Component]:
    """One question each, from harm to what the model sees. ``lake`` tells of its datasets."""
    return [
        section(
            "Does it hurt?",
            _harm_caption(answer),
            card(_legend(answer), graph("drift-harm", 380, _harm_text(answer))),
        ),
        _why(answer, view["why"], href),
        _moved(answer, view["sort"], href),
        _combinations(answer),
        _seen(answer, lake),
    ]


def _harm_caption(answer: Answer) -> str:
    result = answer.result
    assert result is not None
    assert result.performance is not None
    missing = cards.statement(result.performance.window)
    known = (
        f"Log loss of {answer.version}, with the 95{NBSP}% band. It falls by itself when fewer "
        "buy, so what counts is the gap to guessing the average (dotted): the bars below."
    )
    return f"{known} {missing}".strip()


def _legend(answer: Answer) -> html.Ul:
    """What the lines are; a line's own end is often too crowded for its name."""
    assert answer.result is not None
    assert answer.result.performance is not None
    before = answer.result.performance.baseline.log_loss
    names = {
        "loss": "log loss of known outcomes",
        "estimated": "estimated while some are still open",
        "guessing": "guessing the average",
        "before": f"at training {before.value:.3f}" if before else "",
    }
    if answer.baseline_name != windows.TRAINING and before:
        names["before"] = f"in the baseline {before.value:.3f}"
    lines = [html.Li(name, className=f"ec-line-{key}") for key, name in names.items() if name]
    return html.Ul(lines, className="ec-chart-legend")


def _harm_text(answer: Answer) -> str:
    assert answer.result is not None
    judged = answer.result.performance
    assert judged is not None
    if judged.window.log_loss is None or judged.window.guessing is None:
        return "Log loss over time. No outcomes are known in this window."
    return (
        f"Log loss over time: {judged.window.log_loss.value:.3f} in this window, guessing the "
        f"average {judged.window.guessing:.3f}."
    )


def _why(answer: Answer, why: str, href: Callable[..., str]) -> html.Section:
    assert answer.result is not None
    splits = answer.result.splits
    choice = _choice(why, href)
    split = splits.get(why)
    if split is None:
        return section("Why it changed", "Known once outcomes are.", choice)
    parts = [step for step in (split.seen, split.behaviour) if step.low <= 0 <= step.high]
    note = " Grey: its interval spans no change, so these events cannot tell." if parts else ""
    text = (
        "The change, split exactly into who came and what they did. "
        f"{'' if why != 'score' else 'A score does not depend on what players do. '}{note.strip()}"
    )
    shares = why != "log_loss"
    unit = ", in points" if shares else ""
    return section(
        "Why it changed",
        text.strip(),
        choice,
        html.Div(
            [
                card(
                    graph(f"drift-why-{why}", 300, _bridge_text(answer, why)),
                    title="From before to now",
                ),
                card(
                    static_html(tables.why_table(answer, split, shares=shares)),
                    title=f"The cases behind it{unit}",
                ),
            ],
            className="ec-columns ec-why-columns",
        ),
    )


def _choice(why: str, href: Callable[..., str]) -> html.Div:
    """Which mean is explained."""
    return html.Div(
        [
            html.Span(
                dcc.Link(_WHY[name], href=href(why=name), className="ec-choice-one"),
                **({"aria-current": "true"} if name == why else {}),
            )
            for name in _WHY
        ],
        className="ec-choice",
    )


def _bridge_text(answer: Answer, why: str) -> str:
    assert answer.result is not None
    split = answer.result.splits[why]
    return (
        f"{_WHY[why]} went from {split.before.value:.3f} to {split.after.value:.3f}: "
        f"{split.population.value:+.3f} by who came, {split.behaviour.value:+.3f} by what they did."
    )


def _moved(answer: Answer, sort: str, href: Callable[..., str]) -> html.Section:
    result = answer.result
    assert result is not None
    assert result.total_variation is not None
    varied = result.total_variation
    points = f"{result.margin * 100:g}"
    caption = (
        f"Share of events that have each, with 95{NBSP}% interval. Dashed: the baseline, in the "
        f"band of the margin (±{points} points). The strip is the verdict of the trailing "
        f"{TRAILING} days: tall orange drifted, middle grey cannot tell, low teal stable."
    )
    note = (
        f"PSI without any drift would be {result.psi_by_chance:.4f}. p is adjusted for the "
        f"{len(result.features)} features (Benjamini–Hochberg). Total variation over all cases: "
        f"{share(varied.value)}, by chance alone {share(varied.by_chance)}."
    )
    return section(
        "Which features moved",
        caption,
        html.Div(
            id="drift-small",
            className="ec-small-multiples",
            role="img",
            **{"aria-label": "Share of each feature over time; the table below has the numbers."},
        ),
        card(
            static_html(tables.feature_table(answer, sort, href)),
            html.P(note, className="ec-caption"),
        ),
    )


def _combinations(answer: Answer) -> html.Section:
    result = answer.result
    assert result is not None
    drifted = sum(pair.verdict == "drifted" for pair in result.pairs)
    pairs = (
        f"Change of the log odds ratio. Numbered: the {drifted} of {len(result.pairs)} that "
        f"drifted (5{NBSP}% false discovery rate, odds changed by a quarter or more)."
    )
    cases = (
        f"Points of share gained or lost; neighbours differ by one feature. ○ never seen in the "
        f"baseline: {share(result.unseen.value, 1) if result.unseen else '–'} of events. Blank: no "
        "events before or now. A click opens the case in Predict."
    )
    return section(
        "Which combinations moved",
        "Two features together, then every case at once.",
        html.Div(
            [
                card(
                    html.P(pairs, className="ec-caption"),
                    graph("drift-pairs", 360, pairs),
                    static_html(tables.pair_table(result)),
                    title="Pairs",
                ),
                card(
                    html.P(cases, className="ec-caption"),
                    graph("drift-map", HEIGHT, cases),
                    title="All cases",
                ),
            ],
            className="ec-columns",
        ),
    )


def _seen(answer: Answer, lake: Component | None) -> html.Section:
    result = answer.result
    assert result is not None
    assert result.scores is not None
    scores = result.scores
    about_scores = (
        f"Share of events by score. Bars: the window, mean {share(scores.window.value, 1)}. "
        f"Dotted: before, mean {share(scores.baseline.value, 1)}. PSI {scores.psi:.3f} (by chance "
        f"{scores.psi_by_chance:.4f}), Kolmogorov–Smirnov {scores.ks:.3f}."
    )
    return section(
        "What the model sees",
        "The scores that it gave, and how much there was to see.",
        html.Div(
            [
                card(
                    html.P(about_scores, className="ec-caption"),
                    graph("drift-scores", 240, about_scores),
                    title="Scores",
                ),
                _volume(answer),
            ],
            className="ec-columns",
        ),
        lake,
    )


def _volume(answer: Answer) -> html.Div:
    assert answer.window is not None
    total, known = answer.window.total, answer.window.labelled.total
    about = (
        f"{total:,} events in {span(answer.question.since, answer.question.until)}, {known:,} with "
        f"a known outcome ({share(known / total)}). Pale: still open. {lake_history.part(answer)}"
    ).strip()
    return card(
        html.P(about, className="ec-caption"),
        lake_history.legend(answer),
        graph("drift-volume", 240, about),
        title="Volume and outcomes",
    )
