"""``Services``: the stores and settings that every use case works with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from webapp.catalog.stores.mirror_state import Mirror
from webapp.catalog.versions import Catalog
from webapp.db.schema import SOURCES, Source
from webapp.db.tables.alerts import Alerts
from webapp.db.tables.checks import Checks
from webapp.db.tables.class_choices import ClassChoices
from webapp.db.tables.evaluations import Evaluations
from webapp.db.tables.jobs import Jobs
from webapp.db.tables.ledger import Ledger
from webapp.db.tables.uploads import Uploads
from webapp.db.tables.version_looks import VersionLooks
from webapp.events.counts import CountsReader
from webapp.events.lake.counts import Lake
from webapp.events.log import EventLog
from webapp.services.answer_cache import AnswerCache
from webapp.training.policy.plan import RetrainPlan

DEFAULT_CHAMPION = "logit_games_v1"


class QueueError(RuntimeError):
    """The queue can't take a job; the message has the reason."""


def no_queue(job: str) -> None:
    """The queue of services without one. Raises QueueError."""
    raise QueueError(f"job {job} can't be started: nothing here runs jobs")


def no_sharing(choices: Mapping[str, str]) -> None:
    """Where no supervisor follows the choices of positive classes."""
    del choices


@dataclass(frozen=True)
class Services:
    """The stores and settings of one app; ``composition`` makes them."""

    catalog: Catalog
    log: EventLog
    ledger: Ledger
    counts: CountsReader
    alerts: Alerts
    close: Callable[[], None]  # closes all connections; the next use opens new ones
    champion: str = DEFAULT_CHAMPION
    queue: Callable[[str], None] = no_queue  # starts a job by its id; raises QueueError
    plan: RetrainPlan = field(default_factory=RetrainPlan)  # of retraining, from the settings
    clock: str = ""  # when the policy is checked, as in a crontab
    settle_days: int = 0  # to wait for outcomes before retraining uses an event
    mirror: Mirror | None = None  # if versions come from a registry or a bucket
    share_choices: Callable[[Mapping[str, str]], object] = no_sharing  # with this machine's catalog
    learns_from_form: bool = False  # True if what was recorded in the form counts as evidence
    forgets_models: bool = False  # True if new versions are on a disk that the next start lacks

    @property
    def evidence(self) -> tuple[Source, ...]:
        """The sources of real traffic that anything is concluded from.

        Anybody may record in the form, so it is one of them only if the owner says so.
        """
        apart = ("demo",) if self.learns_from_form else ("demo", "form")
        return tuple(source for source in SOURCES if source not in apart)

    @cached_property
    def jobs(self) -> Jobs:
        """Background jobs."""
        return Jobs(self.log.database)

    @cached_property
    def class_choices(self) -> ClassChoices:
        """Which classes people chose as the positive ones."""
        return ClassChoices(self.log.database)

    @cached_property
    def evaluations(self) -> Evaluations:
        """Labelled rows that versions weren't trained on."""
        return Evaluations(self.log.database)

    @cached_property
    def looks(self) -> VersionLooks:
        """The colour and dash of each version."""
        return VersionLooks(self.log.database)

    @cached_property
    def uploads(self) -> Uploads:
        """Labelled files to compare versions on."""
        return Uploads(self.log.database)

    @cached_property
    def lake(self) -> Lake:
        """Datasets counted in lakes."""
        return Lake(self.log.database)

    @cached_property
    def checks(self) -> Checks:
        """Decisions of the retraining policy, with reasons."""
        return Checks(self.log.database)

    @cached_property
    def answers(self) -> AnswerCache:
        """Cached answers of Drift and Compare."""
        return AnswerCache(self.counts.state)
