"""The section of the Drift page that explains why a mean changed."""

from __future__ import annotations

from functools import partial

from dash import dcc, html

from webapp.components.long_page import fold
from webapp.components.markup import static_html
from webapp.components.sections import card, graph
from webapp.pages.drift import conclusions, tables
from webapp.pages.drift.view import WHYS, Href, View
from webapp.services.drift.answer import DriftReport, Scope
from webapp.services.drift.words import BEHAVIOUR, MIX, name_mean, when_measured
from webapp.services.formatting import share, signed
from webapp.stats.drift import LEAST_SPLIT
from webapp.stats.split import Split


def why_section(report: DriftReport, view: View, href: Href) -> html.Section:
    """A mean before and now, the steps between, and the cases behind them."""
    why = view.why
    choice, split = _choice(report.scope, why, href), report.result.splits.get(why)
    place = partial(
        fold, "why", "Why it changed", conclusions.why(report, why), is_open="why" in view.opened
    )
    if split is None:
        need = f"{LEAST_SPLIT} {conclusions.need_of(why)} in both the baseline and the window"
        return place(choice, caption=f"Available with {need}.")
    shares = why != "log_loss"
    unit = ", in points" if shares else ""
    return place(
        choice,
        html.Div(
            [
                card(
                    graph(f"drift-why-{why}", 300, _describe_bridge(report.scope, split, why)),
                    title="From before to now",
                ),
                card(
                    static_html(tables.why_table(report, split, shares=shares)),
                    title=f"The cases behind it{unit}",
                ),
            ],
            className="ec-columns ec-why-columns",
        ),
        caption=_why_caption(report, split, why),
    )


def _why_caption(report: DriftReport, split: Split, why: str) -> str:
    texts = [
        f"The change, split into {MIX.lower()} (which cases came) and {BEHAVIOUR.lower()} (their "
        "outcomes, compared within each case)."
    ]
    if why == "log_loss" and report.result.performance.reference != "baseline":
        texts.append(
            f"Before is what it was {when_measured(report)}: training rows flatter a version."
        )
    if why == "score":
        texts.append("Scores don't depend on outcomes, so behaviour adds nothing.")
    else:
        texts += _describe_untold(split)
    if any(step.low <= 0 <= step.high for step in (split.seen, split.behaviour)):
        texts.append("Grey: the interval includes no change.")
    return " ".join(texts)


def _describe_untold(split: Split) -> list[str]:
    """For which events behaviour can't be told, if there are any."""
    shares = {"now": split.untold.window_share, "before": split.untold.baseline_share}
    events = [f"{share(size, 1)} of events {when}" for when, size in shares.items() if size]
    if not events:
        return []
    return [
        f"For {' and '.join(events)} {BEHAVIOUR.lower()} can't be told, because the other side "
        "has none of their cases; the intervals allow for as much change there as in similar ones."
    ]


def _choice(scope: Scope, why: str, href: Href) -> html.Div:
    """Links that choose which mean is explained; as markup, they keep what was opened since."""
    links = html.Div(
        [
            html.Span(
                dcc.Link(name_mean(scope, name), href=href(why=name), className="ec-choice-one"),
                **({"aria-current": "true"} if name == why else {}),
            )
            for name in WHYS
        ],
        className="ec-choice",
    )
    return static_html(links)


def _describe_bridge(scope: Scope, split: Split, why: str) -> str:
    """The chart in words."""
    return (
        f"{name_mean(scope, why)} went from {split.before.value:.3f} to {split.after.value:.3f}: "
        f"{signed(split.population.value, 3)} from {MIX.lower()}, "
        f"{signed(split.behaviour.value, 3)} from {BEHAVIOUR.lower()}."
    )
