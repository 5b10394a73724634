"""Functions that prepare models in short processes: here, or each in its own environment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from webapp.catalog.environment import describe_rules
from webapp.catalog.limits import PrepareLimits
from webapp.catalog.venvs.build import Environments
from webapp.catalog.venvs.runner import OwnRunner
from webapp.catalog.venvs.wishes import has_wish
from webapp.confinement.confine import Confinement
from webapp.limited_process import ChildResult, run_child

__all__ = ["PrepareLimits", "Preparer", "Runner", "prepare_in_child"]

Runner = Callable[[Path, Path], ChildResult]  # (model folder, place) -> the child's result


@dataclass(frozen=True)
class Preparer:
    """A function that prepares a model, and the rules that it follows (``describe_rules``).

    ``choosing`` gives the function that takes the class that a person chose as the positive one.
    ``own`` prepares models in their own environments: those that ``is_own`` says, by digest.
    """

    run: Runner
    rules: str = ""
    choosing: Callable[[str], Runner] | None = None
    own: Preparer | None = None
    is_own: Callable[[str], bool] = lambda _digest: False

    def runner(self, choice: str | None) -> Runner:
        """The function for a model whose positive class was chosen, or not."""
        return self.run if choice is None or self.choosing is None else self.choosing(choice)

    def for_model(self, digest: str) -> Preparer:
        """The preparer for the model with this digest."""
        return self.own if self.own is not None and self.is_own(digest) else self

    @property
    def all_rules(self) -> tuple[str, ...]:
        """The rules that records are made under."""
        return (self.rules,) if self.own is None else (self.rules, self.own.rules)


def prepare_in_child(
    limits: PrepareLimits,
    should_stop: Callable[[], bool] = lambda: False,
    environments: Environments | None = None,
    *,
    always_own: bool = False,
) -> Preparer:
    """A preparer with limited child processes, which end early when ``should_stop`` is true.

    With ``environments``, models that somebody wished it for are prepared in their own; with
    ``always_own``, all of them are.
    """

    def run_here(folder: Path, place: Path, *choice: str) -> ChildResult:
        return run_child(
            "webapp.catalog.prepare",
            [
                str(folder.absolute()),
                str(place.absolute()),
                *limits.flags,
                *(("--positive", choice[0]) if choice else ()),
            ],
            seconds=limits.seconds,
            megabytes=limits.megabytes,
            is_stopped=should_stop,
            confinement=Confinement((str(folder.absolute()),), str(place.parent.absolute())),
        )

    def runner(*choice: str) -> Runner:
        return lambda folder, place: run_here(folder, place, *choice)

    rules = describe_rules(allow_pickle=limits.allow_pickle, allow_code=limits.allow_code)
    if environments is None:
        return Preparer(runner(), rules, runner)
    own = _prepare_in_own(OwnRunner(environments, limits, run_here, should_stop))
    if always_own:
        return own
    return Preparer(runner(), rules, runner, own, partial(has_wish, environments.folder))


def _prepare_in_own(own: OwnRunner) -> Preparer:
    def runner(*choice: str) -> Runner:
        return lambda folder, place: own.run(folder, place, *choice)

    limits = own.limits
    rules = describe_rules(
        allow_pickle=limits.allow_pickle, allow_code=limits.allow_code, in_own=True
    )
    return Preparer(runner(), rules, runner)
