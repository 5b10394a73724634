"""The cards of the Predict page.

Elements with a ``predict-…`` id and no children belong to assets/js/50-predict.js, which fills
them: React never touches an element that has none, so a flip needs no round trip through it.
"""

from __future__ import annotations

from collections.abc import Sequence

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from webapp.cases import Features
from webapp.components.icons import icon
from webapp.components.terms import explain
from webapp.vocabulary import Vocabulary

FEATURE_TYPE = "feature"
SCORE = "predict-score"  # the card that scores a file
CLEAR, RANDOM = "predict-clear", "predict-random"
COPY_LINK, COPY_CURL, COPY_PYTHON = "copy-link", "copy-curl", "copy-python"
MAP_MODE, MAP_UNSEEN = "map-mode", "map-unseen"


def card(
    title: str,
    caption: str,
    children: Sequence[Component],
    term: str | None = None,
    **props: str,
) -> html.Section:
    """A titled card; ``term`` explains a title with names in it."""
    head = [html.H2(explain(title, term)), html.P(caption, className="ec-caption")]
    props["className"] = f"ec-card {props.get('className', '')}".strip()
    return html.Section([*head, *children], **props)


def problem_list(problems: Sequence[str]) -> list[Component]:
    """Alerts about what the link had wrong."""
    return [
        dmc.Alert(
            problem, color="orange", variant="light", icon=icon("warning"), className="ec-alert"
        )
        for problem in problems
    ]


def switch_rows(features: Features, case: int, vocabulary: Vocabulary) -> list[Component]:
    """A row per feature: its switch, and room for the bar of what flipping it would do."""
    return [
        html.Div(
            [
                dmc.Switch(
                    id={"type": FEATURE_TYPE, "name": name},
                    label=vocabulary.label(name),
                    checked=bool(on),
                    size="md",
                    withThumbIndicator=False,
                    className="ec-switch",
                    **{"aria-label": vocabulary.label(name)},
                ),
                html.Div(className="ec-flip", **{"data-flip": name}),
            ],
            className="ec-switch-row",
            title=vocabulary.label(name),
        )
        for name, on in features.row(case).items()
    ]


def hero(
    features: Features, case: int, vocabulary: Vocabulary, *, may_record: bool = True
) -> html.Section:
    """The main card: the switches on the left, the probability on the right."""
    return html.Section(
        [_cause(features, case, vocabulary), _effect(vocabulary, may_record=may_record)],
        className="ec-card ec-hero",
    )


def _cause(features: Features, case: int, vocabulary: Vocabulary) -> html.Div:
    return html.Div(
        [
            html.H2(vocabulary.question, id="predict-question"),
            html.P(vocabulary.flips, className="ec-caption"),
            html.Div(
                switch_rows(features, case, vocabulary),
                id="predict-switches",
                className="ec-switches",
                style={"--rows": features.half},
                role="group",
                **{"aria-labelledby": "predict-question"},
            ),
            html.Div(
                [
                    html.Span("Examples", className="ec-caption"),
                    html.Div(id="predict-examples", className="ec-chips"),
                    html.P(id="predict-story", className="ec-caption ec-story"),
                ],
                className="ec-examples",
            ),
            html.Div(
                [
                    _quiet_button("Clear", CLEAR, "close"),
                    _quiet_button(f"Random {vocabulary.person}", RANDOM, "shuffle"),
                    html.A("Try it with your file", href=f"#{SCORE}", className="ec-link"),
                ],
                className="ec-quiet-buttons",
            ),
        ],
        className="ec-hero-cause",
    )


def _effect(vocabulary: Vocabulary, *, may_record: bool) -> html.Div:
    attributes = {} if may_record else {"data-closed": "true"}  # assets/js/53-record.js
    return html.Div(
        [
            html.H2(vocabulary.answer),
            html.Div(
                [
                    html.Div(id="probability", className="ec-probability"),
                    html.Div(id="predict-relative", className="ec-relative"),
                    html.Div(id="predict-said", className="ec-sr", **{"aria-live": "polite"}),
                ],
                className="ec-answer",
            ),
            html.Div(id="predict-scale", className="ec-scale"),
            html.Div(id="predict-support", className="ec-support"),
            html.Div(
                [
                    _copy_button("Copy link", COPY_LINK, "link"),
                    _copy_button("curl", COPY_CURL, "terminal", "Copy as "),
                    _copy_button("Python", COPY_PYTHON, "code", "Copy as "),
                    html.Div(id="predict-record", className="ec-record", **attributes),
                ],
                className="ec-copy-buttons",
            ),
        ],
        className="ec-hero-effect",
    )


def why_card() -> html.Section:
    """Exact Shapley values as a waterfall."""
    return card(
        "Why",
        "From the average to this one: exact Shapley values, in points.",
        [
            html.Div(
                [
                    html.Span("raises", className="ec-raises"),
                    html.Span("lowers", className="ec-lowers"),
                ],
                className="ec-legend ec-why-legend",
            ),
            html.Div(id="predict-why", className="ec-chart"),
        ],
        className="ec-why",
    )


def versions_card(vocabulary: Vocabulary) -> html.Section:
    """Every version's probability of the same case."""
    return card(
        f"All versions on this {vocabulary.person}",
        f"The same {vocabulary.inputs}, predicted by every version.",
        [html.Div(id="predict-versions", className="ec-chart")],
        term="all_versions_here",
        className="ec-versions",
    )


def map_card(features: Features, vocabulary: Vocabulary) -> html.Section:
    """The whole model as a Karnaugh map."""
    return card(
        "The whole model",
        f"Every possible {vocabulary.person} at once. Hover to read a cell, click to jump to it.",
        [
            html.Div(
                [
                    html.Div(
                        id="predict-map",
                        className="ec-map",
                        role="application",
                        tabIndex=0,
                        **{
                            "aria-label": "Karnaugh map of all cases. "
                            "Arrow keys move to the neighbouring cell, "
                            f"one {vocabulary.input} away."
                        },
                    ),
                    _map_side(features, vocabulary),
                ],
                className="ec-map-columns",
            )
        ],
    )


def _map_side(features: Features, vocabulary: Vocabulary) -> html.Div:
    help_text = (
        f"Each cell is one of the {features.cases:,} possible {vocabulary.people}; a step to the "
        f"next cell changes exactly one {vocabulary.input}. Lines at the edges show which columns "
        "and rows have it."
    )
    return html.Div(
        [
            _map_modes(vocabulary),
            html.P(id="predict-map-note", className="ec-caption ec-map-note"),
            dmc.Switch(
                id=MAP_UNSEEN,
                label="Mark cells never seen in training",
                size="xs",
                checked=False,
                withThumbIndicator=False,
            ),
            html.Div(id="predict-map-legend", className="ec-map-legend"),
            html.P(help_text, className="ec-caption ec-reading-help"),
            html.Div(id="predict-cell", className="ec-cell"),
            html.Div(id="predict-highest", className="ec-highest"),
        ],
        className="ec-map-side",
    )


def _map_modes(vocabulary: Vocabulary) -> dmc.SegmentedControl:
    return dmc.SegmentedControl(
        id=MAP_MODE,
        data=[
            {"value": "probability", "label": "Probability"},
            {"value": "training", "label": f"Training {vocabulary.people}"},
            {"value": "champion", "label": "Against champion"},
        ],
        value="probability",
        fullWidth=True,
        size="sm",
    )


def _quiet_button(text: str, element: str, symbol: str) -> dmc.Button:
    return dmc.Button(
        text, id=element, leftSection=icon(symbol), variant="subtle", size="compact-sm"
    )


def _copy_button(text: str, element: str, symbol: str, prefix: str = "") -> dmc.Button:
    """A button that copies; narrow screens leave out ``prefix``."""
    return dmc.Button(
        html.Span([html.Span(prefix, className="ec-wide"), text] if prefix else text),
        id=element,
        leftSection=icon(symbol),
        variant="default",
        size="sm",
        **{"aria-label": f"{prefix}{text}"},
    )
