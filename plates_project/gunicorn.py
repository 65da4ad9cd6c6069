"""gunicorn's configuration, and what it does for the embedded database.

`manage.py serve` starts it with SIGTERM and SIGINT held back, so that none is lost before a handler
is installed.
"""

import atexit
import logging
import os
import signal
import subprocess
import sys

from gunicorn.arbiter import Arbiter

from plates_project import ready_pipe, settings
from plates_project.embedded_watcher import Watcher
from plates_project.gunicorn_log import GunicornLogger
from plates_project.stop_signals import STOP_SIGNALS, exit_on

# GunicornLogger writes it, as it writes all that gunicorn says.
log = logging.getLogger("gunicorn.error")

# The file descriptor of this process' share in the embedded server; None: there is none.
_EMBEDDED_LOCK = int(os.environ["EMBEDDED_LOCK"]) if "EMBEDDED_LOCK" in os.environ else None

# It starts the embedded server again if that dies.
_watcher: Watcher | None = None

wsgi_app = "plates_project.wsgi"
bind = f"{settings.URL_HOST}:{settings.PORT}"
workers = settings.WEB_CONCURRENCY
worker_class = "plates_project.worker.Worker"

# A blocked reader is a connection; so many of them may wait in one worker.
worker_connections = settings.WORKER_CONNECTIONS
backlog = 2048

# Seconds. An idle connection is kept longer than load balancers keep theirs (60 s, mostly), so
# that it is never the server that closes one on which a request is on its way.
keepalive = 65
# Seconds for running requests to finish once a stop is asked for.
graceful_timeout = 10
# Seconds after which a worker that no longer gives signs of life is replaced.
timeout = 30

limit_request_line = settings.REQUEST_LINE_BYTES

# The proxies that are believed about the scheme that a client used, and the header that says it.
# Proxies pass other headers on as the client wrote them.
forwarded_allow_ips = ",".join(settings.FORWARDED_ALLOW_IPS)
secure_scheme_headers = {"X-FORWARDED-PROTO": "https"}

# The middleware writes a line for each request.
accesslog = None
logger_class = GunicornLogger
control_socket_disable = True


def on_starting(server: Arbiter) -> None:
    """Have the embedded server watched; from here on, a signal to stop ends all in order."""
    global _watcher
    if _EMBEDDED_LOCK is not None:
        # It begins with these signals held back too, until it can handle them.
        _watcher = Watcher(settings.DATA_DIR)
    exit_on(*STOP_SIGNALS)
    _let_stops_through()
    os.register_at_fork(after_in_parent=_let_stops_through)


def when_ready(server: Arbiter) -> None:
    """Let Ctrl-C stop as SIGTERM does: gunicorn would cut off running requests."""
    signal.signal(signal.SIGINT, lambda number, frame: server.signal(signal.SIGTERM, frame))


def pre_fork(server: Arbiter, worker: object) -> None:
    """Hold back the signals to stop until the worker can handle them.

    It begins with the arbiter's handlers; what these catch in a worker is lost.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)


def post_fork(server: Arbiter, worker: object) -> None:
    """Close lock and watcher of the embedded server in workers, which may be slow to end."""
    if _EMBEDDED_LOCK is not None:
        os.close(_EMBEDDED_LOCK)
    if _watcher is not None:
        _watcher.forget()


def on_exit(server: Arbiter) -> None:
    """Exit with a failure if the stop came because the embedded server does not stay up."""
    if _watcher is not None and _watcher.has_given_up():
        sys.exit(1)


def post_worker_init(worker: object) -> None:
    """Speed up the driver, which the application has imported by now, and say that it serves."""
    from plates_project import waits

    waits.install()
    ready_pipe.say_ready()


def _let_stops_through() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)


def _leave_embedded_database(lock: int, process: int) -> None:
    # Workers are forks of this process, and bear its exit handlers.
    if os.getpid() == process:
        if _watcher is not None:
            _watcher.dismiss()
        # Imported late: it imports the driver, which workers must import after their patching.
        from plates_project.embedded import Membership

        try:
            Membership(settings.DATA_DIR, lock).leave()
        except subprocess.SubprocessError as error:
            log.error("the embedded PostgreSQL runs on", extra={"reason": str(error)})


# At exit, however it comes: gunicorn's own hook is not called when the port is taken, for one.
if _EMBEDDED_LOCK is not None:
    atexit.register(_leave_embedded_database, _EMBEDDED_LOCK, os.getpid())
