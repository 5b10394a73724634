"""``Services``: the stores and settings that every use case works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from webapp.catalog.stores.mirror_state import Mirror
from webapp.catalog.versions import Catalog
from webapp.db.tables.alerts import Alerts
from webapp.db.tables.checks import Checks
from webapp.db.tables.jobs import Jobs
from webapp.db.tables.ledger import Ledger
from webapp.db.tables.uploads import Uploads
from webapp.events.counts import CountsReader
from webapp.events.lake.counts import Lake
from webapp.events.log import EventLog
from webapp.services.answer_cache import AnswerCache
from webapp.services.simulated_share import Traffic
from webapp.training.policy.plan import RetrainPlan

DEFAULT_CHAMPION = "logit_games_v1"


class QueueError(RuntimeError):
    """The queue can't take a job now; the message says why."""


def no_queue(job: str) -> None:
    """The queue of services that nobody gave one."""
    raise QueueError(f"job {job} can't be begun here: nothing runs jobs")


@dataclass(frozen=True)
class Services:
    """What a page or a view may call upon; made once an app by ``create_app``."""

    catalog: Catalog
    log: EventLog
    ledger: Ledger
    counts: CountsReader
    alerts: Alerts
    close: Callable[[], None]  # drops the connections; the next use makes new ones
    champion: str = DEFAULT_CHAMPION
    queue: Callable[[str], None] = no_queue  # has a job begun; raises QueueError
    plan: RetrainPlan = field(default_factory=RetrainPlan)  # of retraining, from the settings
    clock: str = ""  # when the supervisor checks the policy by itself, as in a crontab
    settle_days: int = 0  # that an event is old before retraining looks at its outcome
    mirror: Mirror | None = None  # where versions come from a registry or a bucket
    forgets_models: bool = False  # are new versions on a disk that the next start doesn't have?

    @cached_property
    def jobs(self) -> Jobs:
        """Background work: the record of it."""
        return Jobs(self.log.database)

    @cached_property
    def uploads(self) -> Uploads:
        """Labelled files to compare versions on."""
        return Uploads(self.log.database)

    @cached_property
    def lake(self) -> Lake:
        """What was counted in lakes."""
        return Lake(self.log.database)

    @cached_property
    def checks(self) -> Checks:
        """What the retraining policy decided, and why."""
        return Checks(self.log.database)

    @cached_property
    def traffic(self) -> Traffic:
        """Whose traffic the log holds."""
        return Traffic(self.log)

    @cached_property
    def answers(self) -> AnswerCache:
        """What Drift and Compare answered, until something is counted."""
        return AnswerCache()
