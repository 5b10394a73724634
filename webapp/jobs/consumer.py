"""The consumer: a small process beside the supervisor that runs jobs and scheduled checks.

Each job is a process of its own, one at a time, so that this process stays small: it imports
neither the database nor anything that trains. It ends with the supervisor, and so does its job.
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

FINE = (0, 3, 4)  # exit statuses of a check that need no attention: see docs/operations.md
_CLOCK = "clock"  # the task's name
_LOOK_SECONDS = 0.5
_STOP_SECONDS = 9
_MOST_DELAY = 1.0  # seconds between looks into an empty queue
_QUIET_SECONDS = 60.0  # in which the same message is logged once
_log = logging.getLogger("everycase.jobs")


class RepeatFilter(logging.Filter):
    """Passes each message of the queue library once a minute, in one line.

    While the queue is unavailable, the library retries every second, each time with a traceback.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._last_times: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """True if the record is to be logged; a traceback in it becomes one line."""
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            record.msg, record.args = f"{text}: {record.exc_info[1]}", ()
            record.exc_info = record.exc_text = None
        is_repeat = self._clock() - self._last_times.get(text, float("-inf")) < _QUIET_SECONDS
        if not is_repeat:
            self._last_times[text] = self._clock()
        return not is_repeat


def main(arguments: Sequence[str]) -> int:
    """Run jobs until the parent ends or a signal comes; the argument is the parent's process id."""
    parent = int(arguments[0]) if arguments else os.getppid()
    try:
        settings = Settings.read()
    except SettingError as error:
        print(f"everycase: {error}", file=sys.stderr)
        return 1
    logging_setup.configure(settings.log_format, settings.log_level, settings.secrets)
    logging.getLogger("huey").setLevel(logging.WARNING)
    logging.getLogger("huey.consumer.Worker").addFilter(RepeatFilter())
    logging.getLogger("huey.consumer.Scheduler").addFilter(RepeatFilter())
    runner = Runner()
    queue = prepare(settings, runner)
    consumer = queue.create_consumer(
        workers=1,
        periodic=bool(settings.clock),
        max_delay=_MOST_DELAY,
        scheduler_interval=5,
        graceful_signal="INT",
    )
    threading.Thread(target=_stop_with_parent, args=(parent, consumer), daemon=True).start()
    consumer.run()
    runner.stop()
    return 0


def prepare(settings: Settings, runner: Runner) -> Huey:
    """The queue with its tasks: a job, and the scheduled check if the setting CLOCK is set."""
    queue = open_queue(settings.var_dir, settings.redis_url)
    task_of(queue, runner.job)
    if settings.clock:

        @queue.periodic_task(read_crontab(settings.clock), name=_CLOCK)  # type: ignore[untyped-decorator]
        def check() -> None:
            # Checks that take longer than the interval would pile up, and jobs behind them.
            if any(task.name == _CLOCK for task in queue.pending()):
                return  # that one will read everything that this one would
            runner.command(("retrain", "--by-clock"), FINE)

    return queue


def _stop_with_parent(parent: int, consumer: object) -> None:
    """Stop when the parent has ended, by force if that takes too long."""
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    consumer.stop_flag.set()  # type: ignore[attr-defined]
    time.sleep(_STOP_SECONDS)
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
