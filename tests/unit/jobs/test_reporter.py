"""How a job ends that is stopped."""

from __future__ import annotations

import contextlib

import pytest

from webapp.db.database import Database
from webapp.db.tables.jobs import Jobs
from webapp.jobs.reporter import Reporter
from webapp.timing import now_ms


def test_a_job_stops_at_its_next_step_though_the_signal_s_error_was_lost(
    database: Database,
) -> None:
    jobs = Jobs(database)
    reporter = Reporter(jobs, now_ms)
    reporter.begin("retrain", {}, "ann")
    with pytest.raises(SystemExit) as caught, reporter.failing():
        work(reporter)
    assert caught.value.code == 143
    job = jobs.history(1)[0]
    assert job.state == "failed"
    assert job.message.endswith("was stopped; the next check resumes it.")


def work(reporter: Reporter) -> None:
    with contextlib.suppress(BaseException):  # as some library might
        reporter.interrupt(SystemExit(143))
        raise SystemExit(143)
    reporter.step(0.5, "fit", "Fitting.")
