"""Gunicorn's settings, the same on a laptop, on one's own server and on Heroku."""

import gc
import os
import socket
import subprocess
import sys
from pathlib import Path
from threading import Thread

from webapp.settings import SettingError, Settings

try:
    settings = Settings.read()
except SettingError as error:
    sys.exit(f"everycase: {error}")


def _address() -> str:
    """All interfaces, IPv6 with IPv4 mapped where there is IPv6, unless HOST says otherwise."""
    if settings.host:
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        return f"{host}:{settings.port}"
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::", 0))
    except OSError:
        return f"0.0.0.0:{settings.port}"
    return f"[::]:{settings.port}"


bind = _address()
workers = settings.web_concurrency
worker_class = "gthread"
threads = settings.threads
preload_app = True
keepalive = 95  # longer than Heroku's router (90 s) keeps an idle connection
timeout = 60
graceful_timeout = 25  # Heroku kills 30 s after SIGTERM
accesslog = "-"
access_log_format = '%(h)s "%(r)s" %(s)s %(b)s %(M)sms'
loglevel = settings.log_level.lower()
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None

_supervisor: list[subprocess.Popen] = []
_stopping: list[bool] = []


def when_ready(server) -> None:
    """Start the supervisor beside the workers, and say where to look."""
    gc.collect()
    gc.freeze()  # what the workers share stays shared
    Thread(target=_supervise, daemon=True, name="supervisor").start()
    host = settings.host or "127.0.0.1"
    server.log.info("Everycase is ready: http://%s:%d", host, settings.port)


def _supervise() -> None:
    """Keep one supervisor running until gunicorn stops."""
    while not _stopping:
        process = subprocess.Popen([sys.executable, "-m", "webapp.supervisor"], env=os.environ)
        _supervisor[:] = [process]
        process.wait()


def on_exit(server) -> None:
    """Gunicorn ends: so does its supervisor."""
    _stopping.append(True)
    for process in _supervisor:
        process.terminate()
