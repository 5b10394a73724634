"""The record of background jobs, on SQLite and PostgreSQL."""

from __future__ import annotations

from threading import Thread

import pytest

from webapp.db.database import Database
from webapp.db.ids import new_id
from webapp.db.tables.jobs import LOST_MS, STRANDED_MS, Job, Jobs

NOW = 1_795_000_000_000


@pytest.fixture
def jobs(database: Database) -> Jobs:
    return Jobs(database)


def get(jobs: Jobs, job: Job) -> Job:
    current = jobs.get(job.id)
    assert current is not None
    return current


def test_a_job_from_its_start_to_its_end(jobs: Jobs) -> None:
    job = jobs.add("retrain", {"policy": "on_gain", "windows": [2000, "all"]}, "ann", NOW)
    assert (job.state, job.progress, job.actor, job.over) == ("queued", 0.0, "ann", False)
    assert job.arguments == {"policy": "on_gain", "windows": [2000, "all"]}
    assert jobs.begin(job.id, NOW + 1)
    assert not jobs.begin(job.id, NOW + 1), "somebody runs it already"
    assert jobs.progress(job.id, 0.4, "fit", "fitted on 4,000 events", NOW + 2)
    at_work = get(jobs, job)
    assert (at_work.progress, at_work.step, at_work.seen_at) == (0.4, "fit", NOW + 2)
    assert jobs.end(job.id, "done", "It is done.", NOW + 3, version="a_v1", result={"n": 1})
    final = get(jobs, job)
    assert (final.state, final.progress, final.version) == ("done", 1.0, "a_v1")
    assert (final.started_at, final.finished_at, final.result) == (NOW + 1, NOW + 3, {"n": 1})
    assert not jobs.end(job.id, "failed", "too late", NOW + 4)
    assert not jobs.cancel(job.id, NOW + 4)
    assert get(jobs, job) == final


def test_cancelling_before_and_while_it_runs(jobs: Jobs) -> None:
    waiting, running = (jobs.add("retrain", {}, "ann", NOW + i) for i in range(2))
    assert jobs.cancel(waiting.id, NOW + 5)
    assert get(jobs, waiting).state == "cancelled"
    assert not jobs.begin(waiting.id, NOW + 6)
    assert jobs.begin(running.id, NOW + 6)
    assert jobs.seen(running.id, NOW + 7)
    assert jobs.cancel(running.id, NOW + 8)
    assert jobs.cancel(running.id, NOW + 9)  # asking twice is no error
    assert get(jobs, running).state == "running"
    assert get(jobs, running).cancel_at == NOW + 8
    assert not jobs.progress(running.id, 0.5, "fit", "", NOW + 9), "it has to stop"
    assert not jobs.seen(running.id, NOW + 9)
    assert jobs.end(running.id, "cancelled", "Cancelled by ann.", NOW + 10)


def test_one_whose_process_died_is_given_up_with_the_reason(jobs: Jobs) -> None:
    job = jobs.add("retrain", {}, "ann", NOW)
    assert jobs.give_up_lost(NOW + LOST_MS) == 0
    jobs.begin(job.id, NOW)
    assert jobs.give_up_lost(NOW + LOST_MS) == 0
    assert jobs.give_up_lost(NOW + LOST_MS + 1) == 1
    failure = get(jobs, job)
    assert failure.state == "failed"
    assert "process ended unexpectedly" in failure.message


def test_one_that_never_begins_is_given_up_in_the_end(jobs: Jobs) -> None:
    job = jobs.add("retrain", {}, "ann", NOW)
    assert jobs.give_up_lost(NOW + 3_600_000) == 0
    assert jobs.give_up_lost(NOW + 3_600_001) == 1
    assert "It wasn't started within an hour" in get(jobs, job).message


def test_of_many_that_ask_at_once_one_gets_its_job(jobs: Jobs) -> None:
    results: list[Job | None] = []

    def ask() -> None:
        results.append(jobs.add_unless_busy("retrain", {}, "ann", NOW))

    threads = [Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (first,) = [job for job in results if job is not None]
    assert jobs.add_unless_busy("backtest", {}, "ann", NOW) is not None
    jobs.cancel(first.id, NOW)
    assert jobs.add_unless_busy("retrain", {}, "ann", NOW) is not None


def test_the_newest_come_first_and_unknown_ids_are_no_jobs(jobs: Jobs) -> None:
    both = [jobs.add(kind, {}, "ann", NOW + i) for i, kind in enumerate(("retrain", "backtest"))]
    assert [job.id for job in jobs.history()] == [both[1].id, both[0].id]
    assert [job.id for job in jobs.history(kind="retrain")] == [both[0].id]
    assert len(jobs.history(1)) == 1
    assert jobs.get("nonsense") is None
    assert not jobs.cancel("nonsense", NOW)
    assert jobs.get("01900000-0000-7000-8000-000000000000") is None


def test_one_that_is_written_down_as_running_never_waits(jobs: Jobs) -> None:
    job = jobs.add("retrain", {}, "ann", NOW, running_id=new_id(NOW))
    assert (job.state, job.started_at, job.seen_at) == ("running", NOW, NOW)
    assert not jobs.begin(job.id, NOW), "it runs already"
    assert jobs.add_unless_busy("retrain", {}, "ann", NOW) is None


def test_one_without_a_worker_is_found_unless_another_runs(jobs: Jobs) -> None:
    waiting = jobs.add("retrain", {}, "ann", NOW)
    later = NOW + STRANDED_MS + 1
    assert jobs.find_stranded("retrain", later - 1) is None
    assert jobs.find_stranded("backtest", later) is None
    candidate = jobs.find_stranded("retrain", later)
    assert candidate is not None
    assert candidate.id == waiting.id
    other = jobs.add("backtest", {}, "ann", NOW, running_id=new_id(NOW))
    assert jobs.find_stranded("retrain", later) is None, "it has its turn after that one"
    jobs.end(other.id, "done", "", later)
    assert jobs.begin(waiting.id, later)
    assert jobs.find_stranded("retrain", later + STRANDED_MS) is None
