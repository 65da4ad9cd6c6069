"""The worker process: gunicorn's worker for uvicorn, but with a fast stop and our own log."""

import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gunicorn.arbiter import Arbiter
from uvicorn.server import Server
from uvicorn_worker import UvicornWorker

from plates_project import ready_pipe
from plates_project.server.defects import guarded
from plates_project.stop_signals import STOP_SIGNALS


class Worker(UvicornWorker):  # type: ignore[misc]
    """Serves with uvicorn. When it must stop, it ends the connections that only wait."""

    CONFIG_KWARGS = {
        "loop": "uvloop",
        "http": "plates_project.server.protocol:Protocol",
        "ws": "none",
        "lifespan": "off",
        # The application says whom it trusts, and writes a line for each request.
        "proxy_headers": False,
        "access_log": False,
        "server_header": False,
        # A request that waited for the one before it must not inherit that one's context.
        "reset_contextvars": True,
    }

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # The arbiter kills when its own time is over, so this one ends before.
        self.config.timeout_graceful_shutdown = max(self.cfg.graceful_timeout - 1, 1)
        # Its other lines say what the arbiter has said already.
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)

    async def _serve(self) -> None:
        self.config.app = guarded(self.wsgi)
        server = _Server(self)
        # gunicorn wraps its sockets; the event loop takes them as they are.
        await server.serve([listener.sock for listener in self.sockets])
        if not server.started:
            sys.exit(Arbiter.WORKER_BOOT_ERROR)

    def let_go(self) -> None:
        """End the requests that only wait, because the worker stops."""
        # Imported late, because the application sets Django up.
        from streams import wakeups

        wakeups.shut_down()


class _Server(Server):
    """uvicorn's server, in a worker of gunicorn."""

    def __init__(self, worker: Worker) -> None:
        super().__init__(worker.config)
        self._worker = worker
        self._parent = os.getppid()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        ready_pipe.say_ready()

    async def on_tick(self, counter: int) -> bool:
        # Without its arbiter the worker must not go on.
        return await super().on_tick(counter) or os.getppid() != self._parent

    async def shutdown(self, sockets: Any = None) -> None:
        self._worker.let_go()
        # The listening sockets are closed with the servers that use them.
        await super().shutdown()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop by SIGTERM and SIGQUIT, and end as a process that was asked to, not killed."""
        signal.signal(signal.SIGTERM, self.handle_exit)
        signal.signal(signal.SIGQUIT, self._quit)
        # Ctrl-C reaches every process of the terminal, and the arbiter then sends SIGTERM.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        # They have been blocked since before the fork.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        yield

    def _quit(self, number: int, frame: Any) -> None:
        self.should_exit = self.force_exit = True
