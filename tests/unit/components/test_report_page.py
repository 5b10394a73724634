"""The frame of analysts' pages: what a link gets wrong is reported and left out."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from webapp.cases import InputError
from webapp.components import report_page
from webapp.db.database import LogUnavailableError
from webapp.services.predict.version_choice import UnknownVersionError


def read(params: Mapping[str, str], _now: int) -> str:
    for name, value in params.items():
        if value == "bad":
            raise InputError(name, "is bad")
    return ",".join(params)


@pytest.mark.parametrize(
    ("params", "question", "messages"),
    [
        ({}, "", []),
        ({"a": "1", "b": "bad", "c": "2"}, "a,c", ["b in this link is bad, so it was ignored."]),
        (
            {"a": "bad", "b": "bad"},
            "",
            [
                "a in this link is bad, so it was ignored.",
                "b in this link is bad, so it was ignored.",
            ],
        ),
    ],
)
def test_a_link_is_read_as_far_as_possible(
    params: dict[str, str], question: str, messages: list[str]
) -> None:
    assert report_page.read_link(read, params, 0) == (question, messages)


def test_a_problem_with_no_parameter_of_the_link_leaves_out_all() -> None:
    def refuse(params: Mapping[str, str], _now: int) -> int:
        if params:
            raise InputError("other", "is bad")
        return 7

    question, messages = report_page.read_link(refuse, {"a": "1"}, 0)
    assert (question, len(messages)) == (7, 1)


def answer(question: str) -> str:
    if question == "away":
        raise LogUnavailableError("no connection")
    if question != "simple":
        raise UnknownVersionError(f"there is no version {question}")
    return "answer"


@pytest.mark.parametrize(
    ("question", "simpler", "result", "messages"),
    [
        ("simple", "simple", "answer", []),
        ("x", "simple", "answer", ["There is no version x. That part of this link was ignored."]),
        ("x", "x", None, ["There is no version x."]),
        (
            "away",
            "simple",
            None,
            ["The event log is unavailable: no connection. The other pages still work."],
        ),
    ],
)
def test_a_question_without_an_answer_is_simplified(
    question: str, simpler: str, result: str | None, messages: list[str]
) -> None:
    assert report_page.answer_link(answer, question, lambda _: simpler) == (result, messages)


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        ("is x: send a, b", "The granularity in this link is x, so it was ignored. Use a, b."),
        (
            "has expired: upload it again",
            "The granularity in this link has expired, so it was ignored. Upload it again.",
        ),
        ("can't be used", "The granularity in this link can't be used, so it was ignored."),
    ],
)
def test_the_advice_follows_the_problem(problem: str, message: str) -> None:
    assert report_page.ignored_message(InputError("every", problem)) == message


def test_a_notice_has_a_frame_only_around_messages() -> None:
    assert report_page.notice("x", []).to_plotly_json()["props"]["className"] is None
    assert (
        report_page.notice("x", ["one"]).to_plotly_json()["props"]["className"]
        == "ec-notice ec-warn"
    )
