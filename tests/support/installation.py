"""A small installation to retrain in; runs see it anew, as processes of their own would."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from webapp.catalog.reader import FolderCatalog
from webapp.catalog.stores.folder import FolderStore
from webapp.db.database import Database
from webapp.db.tables.alerts import Alerts
from webapp.db.tables.ledger import Ledger
from webapp.events.counts import CountsReader
from webapp.events.log import EventLog
from webapp.jobs.reporter import Reporter
from webapp.jobs.retrain import check as retrain_check
from webapp.jobs.retrain.check import CheckOutcome
from webapp.services.context import Services
from webapp.settings import ROOT
from webapp.timing import now_ms
from webapp.training.policy.plan import RetrainPlan

PLAN = RetrainPlan(
    policy="periodic",
    windows=("all",),
    estimators=("logit",),
    every=1000,
    holdout=500,
    churn=1.0,
    refit=False,
    promote=True,
)


@dataclass
class Installation:
    """Models and a database; each run sees them anew, as a process of its own would."""

    folder: Path
    address: str
    steps: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.models, self.var = self.folder / "models", self.folder / "var"
        source = ROOT / "models" / "logit_games_v1"
        shutil.copytree(source, self.models / "logit_games_v1", dirs_exist_ok=True)

    def services(self, **more: Any) -> Services:
        database = Database(self.address)
        return Services(
            FolderCatalog(self.models, self.var),
            EventLog(database),
            Ledger(database),
            CountsReader(database),
            Alerts(database),
            database.close,
            **more,
        )

    def run(
        self, plan: RetrainPlan = PLAN, on_step: Callable[[str], None] | None = None, **more: Any
    ) -> CheckOutcome:
        services = self.services(**more)
        reporter = Noting(services, self.steps, on_step)
        try:
            with reporter.failing():
                outcome = retrain_check.run(
                    services,
                    plan,
                    actor="ann",
                    store=FolderStore(self.models),
                    reporter=reporter,
                    clock=now_ms,
                )
                if reporter.job is not None:
                    reporter.end(outcome.explanation, result=outcome.as_json())
                return outcome
        finally:
            services.close()

    def versions(self) -> list[str]:
        return sorted(path.name for path in self.models.iterdir())

    def killed(self, *patches: tuple[Any, str], at: str = "", plan: RetrainPlan = PLAN) -> None:
        """A run in a process of its own that is killed at a step, or as it calls something."""
        fork = multiprocessing.get_context("fork")
        process = fork.Process(target=self._die, args=(patches, at, plan))
        process.start()
        process.join(60)
        assert process.exitcode == -signal.SIGKILL, process.exitcode

    def _die(self, patches: tuple[tuple[Any, str], ...], at: str, plan: RetrainPlan) -> None:
        def kill(*_arguments: Any, **_options: Any) -> None:
            os.kill(os.getpid(), signal.SIGKILL)

        for place, name in patches:
            setattr(place, name, kill)
        self.run(plan, on_step=lambda step: kill() if step == at else None)


class Noting(Reporter):
    """Keeps a list of the steps, and tells of each."""

    def __init__(
        self, services: Services, steps: list[str], on_step: Callable[[str], None] | None
    ) -> None:
        super().__init__(services.jobs, now_ms)
        self._steps = steps
        self._on_step = on_step

    def step(self, progress: float, step: str, message: str) -> None:
        self._steps.append(step)
        if self._on_step is not None:
            self._on_step(step)
        super().step(progress, step, message)
