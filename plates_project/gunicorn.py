"""gunicorn's configuration, and what gunicorn does for the embedded database.

`manage.py serve` starts gunicorn with SIGTERM and SIGINT blocked, so that no signal is lost before
a handler is installed.
"""

import atexit
import logging
import os
import signal
import subprocess
import sys

from gunicorn.arbiter import Arbiter

from plates_project import settings
from plates_project.embedded import Watcher
from plates_project.gunicorn_log import GunicornLogger
from plates_project.stop_signals import STOP_SIGNALS, exit_on

# GunicornLogger formats this log, like all that gunicorn logs.
log = logging.getLogger("gunicorn.error")

# The file descriptor of the lock by which this process uses the embedded server; None without it.
_EMBEDDED_LOCK = int(os.environ["EMBEDDED_LOCK"]) if "EMBEDDED_LOCK" in os.environ else None

# The watcher starts the embedded server again if it dies.
_watcher: Watcher | None = None

wsgi_app = "plates_project.asgi"
bind = f"{settings.URL_HOST}:{settings.PORT}"
workers = settings.WEB_CONCURRENCY
worker_class = "plates_project.server.Worker"

backlog = 2048

# How many seconds a connection may wait for the whole head of its next request. Load balancers keep
# idle connections for less (mostly 60 s). So the server never closes a connection on which a load
# balancer is sending a request.
keepalive = 65
# How many seconds running requests have to finish after a stop was asked for.
graceful_timeout = 10
# After how many seconds without a sign of life a worker is replaced.
timeout = 30

# The application writes a line for each request.
accesslog = None
logger_class = GunicornLogger
control_socket_disable = True


def on_starting(server: Arbiter) -> None:
    """Start the watcher of the embedded server; from now on a signal to stop ends all in order."""
    global _watcher
    if _EMBEDDED_LOCK is not None:
        # The watcher begins with these signals blocked, too, until it can handle them.
        _watcher = Watcher(settings.DATA_DIR)
    exit_on(*STOP_SIGNALS)
    _let_stops_through()
    os.register_at_fork(after_in_parent=_let_stops_through)


def when_ready(server: Arbiter) -> None:
    """Make Ctrl-C act like SIGTERM: by default gunicorn would cut off running requests."""
    signal.signal(signal.SIGINT, lambda number, frame: server.signal(signal.SIGTERM, frame))


def pre_fork(server: Arbiter, worker: object) -> None:
    """Block the signals to stop until the worker can handle them.

    The worker begins with the arbiter's handlers, and a signal that these catch in a worker is
    lost.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)


def post_fork(server: Arbiter, worker: object) -> None:
    """Close the lock and the watcher's socket in a worker, which may outlive the arbiter."""
    if _EMBEDDED_LOCK is not None:
        os.close(_EMBEDDED_LOCK)
    if _watcher is not None:
        _watcher.forget()


def on_exit(server: Arbiter) -> None:
    """Exit with a failure if the stop came because the embedded server does not stay up."""
    if _watcher is not None and _watcher.has_given_up():
        sys.exit(1)


def _let_stops_through() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)


def _leave_embedded_database(lock: int, process: int) -> None:
    # Workers are forks of this process, so they have its exit handlers, too.
    if os.getpid() == process:
        if _watcher is not None:
            _watcher.dismiss()
        from plates_project.embedded import Membership

        try:
            Membership(settings.DATA_DIR, lock).leave()
        except subprocess.SubprocessError as error:
            log.error("the embedded PostgreSQL runs on", extra={"reason": str(error)})


# gunicorn's own hook `on_exit` is not called at every exit, for example if the port is taken.
if _EMBEDDED_LOCK is not None:
    atexit.register(_leave_embedded_database, _EMBEDDED_LOCK, os.getpid())
