"""The consumer: a small process beside the supervisor that runs jobs and keeps the clock.

Each job is a process of its own, one at a time, so that this one stays small: it imports neither
the database nor anything that trains. It ends with the supervisor, and the job at work with it.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence

from huey import Huey

from webapp.crontab import read_crontab
from webapp.jobs.process import Runner
from webapp.jobs.queue import open_queue, task_of
from webapp.server import logging_setup
from webapp.settings import SettingError, Settings

FINE = (0, 3, 4)  # ends of a check that nobody has to look at: see docs/operations.md
_CLOCK = "clock"  # the task's name
_LOOK_SECONDS = 0.5
_STOP_SECONDS = 9
_MOST_DELAY = 1.0  # seconds between looks into an empty queue
_QUIET_SECONDS = 60.0  # in which a queue that is away is said once
_log = logging.getLogger("everycase.jobs")


class Sparing(logging.Filter):
    """Lets the queue library say the same only once a minute, and in a line: it looks for a queue
    that is away every second, and says so with a traceback.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Shall it be said?"""
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            record.msg, record.args = f"{text}: {record.exc_info[1]}", ()
            record.exc_info = record.exc_text = None
        again = self._clock() - self._said.get(text, float("-inf")) < _QUIET_SECONDS
        if not again:
            self._said[text] = self._clock()
        return not again


def main(arguments: Sequence[str]) -> int:
    """Run jobs until the parent ends or a signal comes; the argument is the parent's number."""
    parent = int(arguments[0]) if arguments else os.getppid()
    try:
        settings = Settings.read()
    except SettingError as error:
        print(f"everycase: {error}", file=sys.stderr)
        return 1
    logging_setup.configure(settings.log_format, settings.log_level)
    logging.getLogger("huey").setLevel(logging.WARNING)
    logging.getLogger("huey.consumer.Worker").addFilter(Sparing())
    logging.getLogger("huey.consumer.Scheduler").addFilter(Sparing())
    runner = Runner()
    queue = prepare(settings, runner)
    consumer = queue.create_consumer(
        workers=1,
        periodic=bool(settings.clock),
        max_delay=_MOST_DELAY,
        scheduler_interval=5,
        graceful_signal="INT",
    )
    threading.Thread(target=_follow, args=(parent, consumer), daemon=True).start()
    consumer.run()
    runner.stop()
    return 0


def prepare(settings: Settings, runner: Runner) -> Huey:
    """The queue with its tasks: a job, and the check of the policy where there is a clock."""
    queue = open_queue(settings.var_dir, settings.redis_url)
    task_of(queue, runner.job)
    if settings.clock:

        @queue.periodic_task(read_crontab(settings.clock), name=_CLOCK)  # type: ignore[untyped-decorator]
        def check() -> None:
            # Checks that take longer than the clock's beat would pile up, and jobs behind them.
            if any(task.name == _CLOCK for task in queue.pending()):
                return  # that one will see all that this one would
            runner.command(("retrain", "--actor", "clock"), FINE)

    return queue


def _follow(parent: int, consumer: object) -> None:
    """Stop when the parent is gone, and by force when that takes too long."""
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    consumer.stop_flag.set()  # type: ignore[attr-defined]
    time.sleep(_STOP_SECONDS)
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
