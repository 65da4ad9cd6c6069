"""The worker process: gunicorn's gevent worker, but with a fast stop and errors in JSON."""

import contextlib
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import gevent
from gunicorn.http import errors
from gunicorn.workers.ggevent import GeventWorker

from plates_project import bodies, settings
from plates_project.early_refusals import EarlyRefusal
from plates_project.stop_signals import STOP_SIGNALS


class Worker(GeventWorker):  # type: ignore[misc]
    """Serves with greenlets. When it must stop, it ends the connections that only wait."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The open connections, by the greenlets that serve them.
        self._clients: dict[object, socket.socket] = {}
        # The connections that wait for their next request.
        self._idle: set[socket.socket] = set()

    def init_process(self) -> None:
        # Only if the driver is imported after the patching do its waits let other greenlets run.
        assert "psycopg" not in sys.modules, "psycopg was imported before gevent's patching"
        super().init_process()

    def init_signals(self) -> None:
        super().init_signals()
        # Ctrl-C reaches every process of the terminal, and the arbiter then sends SIGTERM.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        # They have been blocked since before the fork.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        # A greenlet does it, because a signal may interrupt any code.
        gevent.spawn(self._release)

    def handle(self, listener: socket.socket, client: socket.socket, addr: Any) -> None:
        greenlet = gevent.getcurrent()
        self._clients[greenlet] = client
        try:
            super().handle(listener, client, addr)
        finally:
            del self._clients[greenlet]

    def handle_request(self, listener: Any, request: Any, client: Any, address: Any) -> Any:
        body = bodies.watch(request, settings.STREAMS_BODY_TIMEOUT_MS / 1000)
        try:
            return super().handle_request(listener, request, client, address)
        except TimeoutError as error:
            # The client does not read what is sent to it: its connection is closed.
            raise StopIteration from error
        except StopIteration:
            if body is not None and not body.is_at_end:
                bodies.linger(client)
            raise

    @contextmanager
    def timeout_ctx(self) -> Iterator[None]:
        """Bound the wait for a request's head."""
        client = self._clients[gevent.getcurrent()]
        self._idle.add(client)
        if not self.alive:
            self._stop_reading(client)
        try:
            with super().timeout_ctx():
                yield
        finally:
            self._idle.discard(client)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer a malformed request, or an error outside of the application."""
        if not isinstance(exc, errors.ParseException):
            self.log.exception("error outside the application")
        try:
            EarlyRefusal.of(exc).send(client, addr)
        except OSError:
            self.log.debug("the client left before the answer to its error")
        else:
            bodies.linger(client)

    def _release(self) -> None:
        # Imported late, because the worker must load the application after the patching.
        from streams import wakeups

        wakeups.shut_down()
        for client in self._idle:
            self._stop_reading(client)

    def _stop_reading(self, client: socket.socket) -> None:
        # A request that has arrived already is still read and answered. The shutdown uses a second
        # object for the same connection, because gevent raises an error in greenlets that wait on
        # the object that is shut down.
        with contextlib.suppress(OSError), client.dup() as connection:
            connection.shutdown(socket.SHUT_RD)
