"""``everycase work``: the background work of all servers, in a process of its own."""

from __future__ import annotations

import logging
import signal
import threading

import click

from webapp.settings import Settings

_log = logging.getLogger("everycase")


@click.command()
@click.pass_obj
def work(settings: Settings) -> None:
    """Run jobs, CLOCK, alerts and pruning for servers with JOBS=0, until a signal ends it.

    Jobs come from REDIS_URL, or without it from VAR_DIR for a server on the same machine.
    """
    from webapp.server import logging_setup, multi_machine, supervisor

    logging_setup.configure(settings.log_format, settings.log_level, settings.secrets)
    multi_machine.log_warnings(settings)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    jobs = supervisor.start_work(settings, stop)
    _log.info("Everycase takes jobs from %s", multi_machine.queue_name(settings))
    # A server on the same machine watches the models already: then this waits until it ends.
    with supervisor.only_one(settings.var_dir, stop):
        supervisor.watch_models(settings, stop)
    jobs.join(supervisor.STOP_SECONDS)
