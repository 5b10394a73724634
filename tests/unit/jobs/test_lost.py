"""A check whose job was given up, or whose traffic was removed, while it was under way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.installation import PLAN, Installation
from tests.support.labelled_events import record_labelled
from webapp.db.database import Database
from webapp.db.tables.checks import Checks
from webapp.db.tables.jobs import LOST_MS, Jobs
from webapp.events.log import EventLog
from webapp.jobs.reporter import GivenUpError
from webapp.timing import now_ms

pytestmark = pytest.mark.filterwarnings("ignore")


def test_what_was_taken_for_dead_and_wakes_up_is_not_cancelled(
    sqlite_installation: Installation,
) -> None:
    """Its process was frozen, so its job was given up as lost, without a request to cancel it."""
    database = Database(sqlite_installation.address)
    record_labelled(database, 2500)
    jobs = Jobs(database)

    def freeze(step: str) -> None:
        if step == "gate":
            assert jobs.give_up_lost(now_ms() + LOST_MS + 1000) == 1

    with pytest.raises(GivenUpError, match="the next check resumes it"):
        sqlite_installation.run(on_step=freeze)
    (check,) = Checks(database).history()
    assert check.finished_at is None, "it is open, to be carried on"
    assert jobs.history()[0].state == "failed"
    assert sqlite_installation.run().status == "promoted"
    assert sqlite_installation.versions() == ["logit_games_v1", "logit_games_v2"]
    assert [row.id for row in Checks(database).history()] == [check.id]
    database.close()


def test_an_open_check_ends_with_its_traffic(sqlite_installation: Installation) -> None:
    database = Database(sqlite_installation.address)
    plan = replace(PLAN, simulated=True)
    record_labelled(database, 2500, source="demo")
    sqlite_installation.killed(at="fit", plan=plan)
    EventLog(database).forget("demo")
    (check,) = Checks(database).history(traffic="simulated")
    assert (check.finished_at is not None, check.verdict) == (True, "failed")
    assert check.explanation.endswith("Its traffic was removed.")
    assert sqlite_installation.run(plan).status == "nothing new"
    database.close()
