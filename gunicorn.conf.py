"""Gunicorn's settings, the same on a laptop, on one's own server and on Heroku."""

import gc
import os
import resource
import shutil
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path
from threading import Thread

from webapp.private_file import make_private

if not gc.get_freeze_count():  # which it is read again with, on a reload
    gc.disable()  # until all is imported: to search for garbage in that took a fifth of the start

# Before numpy is imported. A second thread per matrix would take the other core from predictions,
# and what waits for one that doesn't run burns its own.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from webapp.server import allocator, analyst, companions, exposure, logging_setup, multi_machine
from webapp.server.access_log import StructuredLog
from webapp.server.connections.clients import ClientTable
from webapp.server.gunicorn_worker import BufferingWorker, ConnectionRules
from webapp.server.session_files import SessionFiles
from webapp.settings import SettingError, Settings

allocator.bound_heaps()
try:
    settings = Settings.read()
except SettingError as error:
    sys.exit(f"everycase: {error}")


def _address() -> str:
    """All interfaces, IPv6 with IPv4 mapped where there is IPv6, unless HOST is set."""
    if settings.host:
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        return f"{host}:{settings.port}"
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::", 0))
    except OSError:
        return f"0.0.0.0:{settings.port}"
    return f"[::]:{settings.port}"


def _share_metrics() -> None:
    """Give the workers a folder for their metrics; this file is read again on a reload."""
    if FOLDER not in os.environ:
        folder = settings.var_dir / f"metrics-{settings.port}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        os.environ[FOLDER] = str(folder)


def _raise_descriptors() -> int:
    """Allow as many descriptors as the system lets us: how many connections a worker may have.

    A connection takes up to three: its socket, a body and a response that wait on disk.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS)
    if soft == resource.RLIM_INFINITY or soft >= most:
        most = soft if soft != resource.RLIM_INFINITY else most
    else:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return max(100, (min(most, DESCRIPTORS) - 256) // 3)


DESCRIPTORS = 32768


def _share_address() -> None:
    """Give the workers the address of the process for heavy questions, one of each master."""
    prefix = f"everycase-{os.getpid()}-"
    if prefix not in os.environ.get(analyst.ADDRESS, ""):
        os.environ[analyst.ADDRESS] = str(Path(tempfile.mkdtemp(prefix=prefix)) / "analyst")


FOLDER = "PROMETHEUS_MULTIPROC_DIR"
LINK_FILE = "sign-in-link"  # in VAR_DIR
_share_metrics()
_share_address()
logging_setup.configure(settings.log_format, settings.log_level)
logger_class = StructuredLog
bind = _address()
workers = settings.web_concurrency
worker_class = BufferingWorker
worker_connections = _raise_descriptors()
threads = settings.threads + analyst.THREADS  # which take no turn: they wait for the analyst
preload_app = True
keepalive = 95  # longer than Heroku's router (90 s) keeps an idle connection
timeout = 60
graceful_timeout = 25  # Heroku kills 30 s after SIGTERM
accesslog = "-"
loglevel = settings.log_level.lower()
# Headers such as X-Forwarded-Proto and SCRIPT_NAME are believed from nobody here, not even from
# this machine: TRUSTED_PROXIES decides (webapp/server/responses.py)
forwarded_allow_ips = ""
secure_scheme_headers = {}
control_socket_disable = True  # unused, and it would write to the home folder
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None

forwarder_headers = ""  # nobody sets SCRIPT_NAME, which would be a 500 where it doesn't fit

_connection_rules = ConnectionRules(
    ClientTable(),
    settings.threads,
    settings.client_connections,
    settings.trusted_proxies,
    settings.var_dir,
)


def when_ready(server) -> None:
    """Start the supervisor beside the workers, and log the address."""
    gc.collect()
    gc.freeze()  # what the workers share stays shared
    gc.enable()
    heavy = analyst.Analyst.of(server.app.wsgi())
    if heavy is not None:
        companions.analyst[:] = [_fork_analyst(server, heavy)]  # before there is another thread
        Thread(target=_keep_analyst, args=(server, heavy), daemon=True, name="analyst").start()
    Thread(target=_supervise, args=(server,), daemon=True, name="supervisor").start()
    host = settings.host or "127.0.0.1"
    server.log.info("Everycase is ready: http://%s:%d", host, settings.port)
    multi_machine.log_warnings(settings)
    exposure.log_openings(settings)
    if settings.is_private:
        _print_link(server)


def _print_link(server) -> None:
    """Print a link to sign in with, once, where a person reads it at once.

    No log keeps the secret: where standard output is a file or a service's journal, the link is in
    a file for the owner alone.
    """
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    try:
        secret = SessionFiles(settings.var_dir, key=settings.secret_key).make_link()
    except OSError as error:
        server.log.warning("No one-time link to sign in: %s", error)
        return
    link = f"http://{host}:{settings.port}/sign-in?once={secret}"
    if not logging_setup.is_kept(sys.stdout.fileno()):
        print(f"Sign in as administrator (works once, for an hour): {link}", flush=True)
        return
    place = settings.var_dir / LINK_FILE
    try:
        make_private(place)
        place.write_text(f"{link}\n", "utf-8")
    except OSError as error:
        server.log.warning("No one-time link to sign in: %s", error)
        return
    print(f"Sign in as administrator: a link that works once, for an hour, is in {place}")


def _supervise(server) -> None:
    """Keep one supervisor running until gunicorn stops."""
    command = [sys.executable, "-m", "webapp.server.supervisor", str(os.getpid())]
    while not companions.stopping:
        # subprocess would wait at a pipe for its child to start. A worker forked at that moment
        # would hold the pipe open, and the wait would never end.
        # The child must not hold the port, which gunicorn leaves open for a successor.
        actions = [(os.POSIX_SPAWN_CLOSE, listener.fileno()) for listener in server.LISTENERS]
        pid = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
        companions.supervisor[:] = [pid]
        while _runs(companions.supervisor[0]):
            time.sleep(1)
        time.sleep(1)  # not at once, in case it can't start at all


def _fork_analyst(server, heavy) -> int:
    return analyst.fork(heavy, os.environ[analyst.ADDRESS], server.LISTENERS)


def _keep_analyst(server, heavy) -> None:
    """Keep one process for heavy questions running until gunicorn stops."""
    while True:
        while _runs(companions.analyst[0]):
            time.sleep(1)
        time.sleep(1)
        if companions.stopping:
            return
        companions.analyst[:] = [_fork_analyst(server, heavy)]


def _runs(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG) == (0, 0)
    except ChildProcessError:  # gunicorn reaps all children that end
        return False


def on_reload(server) -> None:
    """Have the process for heavy questions replaced, as the workers are: a new one is forked."""
    for pid in companions.analyst:
        if _runs(pid):
            os.kill(pid, analyst.RETIRE)


def pre_fork(server, worker) -> None:
    """Give a worker its row in the table of clients."""
    worker.rules = _connection_rules
    worker.row = _connection_rules.table.take_row()


def post_fork(server, worker) -> None:
    """Let a signal end a worker that doesn't serve yet: gunicorn would miss it."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    while not server.SIG_QUEUE.empty():  # what came since the fork
        if server.SIG_QUEUE.get_nowait() == signal.SIGTERM:
            os._exit(0)


def child_exit(server, worker) -> None:
    """Add its metrics to those of the dead, and drop the connections of its clients."""
    from webapp.server.metric_files import fold_dead

    fold_dead(Path(os.environ[FOLDER]))
    if worker.row is not None:  # of its own table: a reload makes another
        worker.rules.table.free_row(worker.row)


def on_exit(server) -> None:
    """End the supervisor and the process for heavy questions with gunicorn."""
    companions.stopping.append(True)
    ends = (companions.supervisor, signal.SIGTERM), (companions.analyst, signal.SIGKILL)
    for pid, number in ((pid, number) for pids, number in ends for pid in pids):
        if _runs(pid):
            os.kill(pid, number)
    shutil.rmtree(Path(os.environ[analyst.ADDRESS]).parent, ignore_errors=True)
