"""The state of one check of the retraining policy, passed from step to step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from webapp.cases import Features
from webapp.catalog.prepared import Prepared
from webapp.catalog.stores.store import Store
from webapp.db.tables.checks import Check
from webapp.jobs.reporter import Reporter
from webapp.services.context import Services
from webapp.stats.counts import Counts
from webapp.training.policy.plan import RetrainPlan


@dataclass(frozen=True)
class RunContext:
    """The stores and callbacks that a run works with.

    ``check_lock`` raises LogUnavailableError when the database's lock was lost. ``wait_served``
    waits for a version to be served and returns why it must not be promoted, or None.
    """

    services: Services
    store: Store
    reporter: Reporter
    clock: Callable[[], int]
    check_lock: Callable[[], None]
    wait_served: Callable[[str], str | None]
    sender: str = ""  # by whom, as the caller says: free text, which proves nothing


@dataclass(frozen=True)
class NamedVersion:
    """A version that can answer, by name."""

    name: str
    prepared: Prepared


@dataclass(frozen=True)
class CheckRun:
    """A check that decided to retrain, with all that is needed to carry it out.

    ``blocks`` are the matured events to fit on, oldest first, counted by case of ``features``;
    ``reference`` is the champion that the new version is held against.
    """

    context: RunContext
    check: Check
    plan: RetrainPlan
    features: Features
    blocks: Sequence[Counts]
    reference: NamedVersion

    @property
    def services(self) -> Services:
        """The services of the context."""
        return self.context.services

    @property
    def is_simulated(self) -> bool:
        """True if the check reads simulated traffic."""
        return self.check.traffic == "simulated"

    def step(self, progress: float, step: str, message: str) -> None:
        """Report progress from 0 to 1. Raises CancelledError and GivenUpError."""
        self.context.reporter.step(progress, step, message)

    def with_check(self, **changes: Any) -> CheckRun:
        """The run with changed fields of its check; nothing is written."""
        return replace(self, check=replace(self.check, **changes))

    def save(self, **changes: Any) -> CheckRun:
        """Change fields of the check and write it. Raises LogUnavailableError."""
        run = self.with_check(**changes)
        run.services.checks.update(run.check)
        return run
