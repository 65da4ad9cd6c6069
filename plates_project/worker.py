"""The worker process: gunicorn's gevent worker, with a prompt stop and errors in our form."""

import contextlib
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import gevent
import orjson
from gunicorn.http import errors
from gunicorn.workers.ggevent import GeventWorker

from plates_project import bodies, settings

# What gunicorn refuses before there is a request, where it is not 400.
_STATUS_OF: dict[type[Exception], tuple[int, str]] = {
    errors.LimitRequestLine: (414, "URI Too Long"),
    errors.ExpectationFailed: (417, "Expectation Failed"),
    errors.LimitRequestHeaders: (431, "Request Header Fields Too Large"),
    errors.UnsupportedTransferCoding: (501, "Not Implemented"),
}


class Worker(GeventWorker):  # type: ignore[misc]
    """Serves with greenlets; told to stop, it lets go of whoever only waits."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The connections being served, by their greenlets.
        self._clients: dict[object, socket.socket] = {}
        # Those of them that wait for their next request.
        self._idle: set[socket.socket] = set()

    def init_process(self) -> None:
        # The driver decides when it is imported whether its waits give way to other greenlets.
        assert "psycopg" not in sys.modules, "imported before the patching: would block all"
        super().init_process()

    def init_signals(self) -> None:
        super().init_signals()
        # Ctrl-C reaches every process of the terminal; the arbiter passes it on as SIGTERM.
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        # Not here: a signal may come in the middle of anything.
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
            # It does not read what is sent to it: its connection is closed.
            raise StopIteration from error
        except StopIteration:
            if body is not None and not body.is_at_end:
                bodies.linger(client)
            raise

    @contextmanager
    def timeout_ctx(self) -> Iterator[None]:
        """Bounds the wait for a request's head."""
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
        """Answer what never became a request, or what broke outside the application."""
        if isinstance(exc, errors.ParseException):
            status, reason = _STATUS_OF.get(type(exc), (400, "Bad Request"))
            self._refuse(client, status, reason, "invalid_request", str(exc))
        else:
            self.log.exception("error outside the application")
            message = "internal error"
            self._refuse(client, 500, "Internal Server Error", "internal_error", message)

    def _release(self) -> None:
        # Late: the application must be loaded in the worker, after the patching.
        from streams import wakeups

        wakeups.shut_down()
        for client in self._idle:
            self._stop_reading(client)

    def _stop_reading(self, client: socket.socket) -> None:
        # A request that has arrived already is still read, and answered.
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RD)

    def _refuse(self, client: Any, status: int, reason: str, code: str, message: str) -> None:
        body = orjson.dumps({"ok": False, "error": {"code": code, "message": message}})
        head = (
            f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        try:
            client.sendall(head.encode("latin-1") + body)
        except OSError:
            self.log.debug("the client left before it was told of its error")
        else:
            bodies.linger(client)
