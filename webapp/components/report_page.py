"""The frame that analysts' pages share: from a link to an answer, and what is around the answer.

The address holds everything that is chosen. What a link gets wrong is reported above the page and
left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html
from dash.development.base_component import Component

from webapp.cases import InputError
from webapp.components.icons import icon
from webapp.components.shell import PICKER
from webapp.db.database import LogUnavailableError
from webapp.grammar import as_sentence, explain_ignored
from webapp.services.answer_cache import BusyError
from webapp.services.predict.version_choice import UnknownVersionError, VersionNotReadyError

Question = TypeVar("Question")
Answer = TypeVar("Answer")
_SEND = re.compile("^send ")
_WORDS = {  # for parameters of links, whose names are those of the API
    "from": "The first day",
    "to": "The last day",
    "days": "The number of days",
    "source": "The source",
    "baseline": "The baseline",
    "margin": "The margin",
    "every": "The granularity",
}
LINK_ERRORS = (UnknownVersionError, VersionNotReadyError, InputError)


def read_link(
    read: Callable[[Mapping[str, str], int], Question], params: Mapping[str, str], now: int
) -> tuple[Question, list[str]]:
    """The question of a link as far as it can be read, and messages about the rest.

    ``read`` raises InputError for the first parameter that it can't use.
    """
    try:
        return read(params, now), []
    except InputError as error:
        rest = {name: value for name, value in params.items() if name != error.field}
        if len(rest) == len(params):
            rest = {}
        question, messages = read_link(read, rest, now)
        return question, [ignored_message(error), *messages]


def answer_link(
    answer: Callable[[Question], Answer],
    question: Question,
    simplify: Callable[[Exception], Question],
) -> tuple[Answer | None, list[str]]:
    """The answer to a question, or to the simpler one where it can't be answered; and messages.

    ``simplify`` gives the question to ask after an error. None if even that has no answer.
    """
    try:
        return answer(question), []
    except LogUnavailableError as error:
        return None, [f"{log_unavailable_message(error)} The other pages still work."]
    except BusyError as error:
        return None, [as_sentence(error)]
    except LINK_ERRORS as error:
        simpler = simplify(error)
        if simpler == question:
            return None, [as_sentence(error)]
        result, messages = answer_link(answer, simpler, simplify)
        return result, [ignored_message(error), *messages]


def ignored_message(error: Exception) -> str:
    """The message about a part of a link that can't be used, with advice if there is any."""
    # The same messages answer the API, where parameters are sent.
    if not isinstance(error, InputError):
        text = as_sentence(str(error).replace(": send ", ": use "))
        return f"{text} That part of this link was ignored."
    problem, _, advice = error.problem.partition(": ")
    message = explain_ignored(_WORDS.get(error.field, error.field), problem)
    return f"{message} {as_sentence(_SEND.sub('use ', advice))}" if advice else message


def log_unavailable_message(error: object) -> str:
    """The message shown in place of anything from the event log."""
    return f"The event log is unavailable: {error}."


def top(
    title: str, subtitle: str, badge: Component | None = None, actions: Sequence[Component] = ()
) -> html.Div:
    """The heading with a badge beside it, the page's question, and its buttons."""
    buttons = html.Div(list(actions), className="ec-report-actions") if actions else None
    return html.Div(
        [
            html.Div([html.H1(title), badge], className="ec-report-title"),
            html.P(subtitle, className="ec-subtitle"),
            buttons,
        ],
        className="ec-report-top",
    )


def action(label: str, id_: str) -> html.Button:
    """A button at the top of a page."""
    return html.Button(label, id=id_, type="button", className="ec-button")


def notice(id_: str, messages: Sequence[str], class_name: str = "ec-notice ec-warn") -> html.Div:
    """The messages above a page; empty and without a frame where there are none."""
    texts = html.Div([html.P(text) for text in messages])
    return html.Div(
        [icon("warning"), texts] if messages else [],
        id=id_,
        role="status",
        className=class_name if messages else None,
    )


def stores(data_id: str, data: dict[str, Any], done_id: str) -> list[dcc.Store]:
    """The store that the page's script draws from, and the one that it sets when it has drawn."""
    return [dcc.Store(id=data_id, data=data), dcc.Store(id=done_id)]


def connect_drawing(app: Dash, script: str, data_id: str, done_id: str) -> None:
    """Have ``draw`` of the page's script draw when the data changes."""
    app.clientside_callback(
        ClientsideFunction(script, "draw"), Output(done_id, "data"), Input(data_id, "data")
    )


def connect_controls(app: Dash, script: str, controls: Sequence[str], data_id: str) -> None:
    """Have the page's script write the address when a control or the version picker changes."""
    app.clientside_callback(
        ClientsideFunction(script, "navigate"),
        *(Input(control, "value") for control in controls),
        State(data_id, "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction(script, "pick"),
        Input(PICKER, "value"),
        State(data_id, "data", allow_optional=True),  # the picker is on all pages
        prevent_initial_call=True,
    )
