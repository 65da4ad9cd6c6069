"""One connection: uvicorn's protocol over httptools, with bounds on what a client may do.

    what a client does                              what happens
    sends no whole head within gunicorn's keepalive the connection is closed
    sends no whole body though it has its answer    the connection is closed, after a while
    sends what is no request                        an answer in JSON, then the end
    sends more than is read                         reading pauses (uvicorn)
    takes less than 64 KiB of what waits for it     the connection is cut off after a while
    leaves                                          the reads that block for it end

Besides the public interface this uses of uvicorn's class: `cycle` with `disconnected`, `body`,
`more_body`, `response_started`, `response_complete`, `keep_alive`, `transport` and
`message_event`; `flow`, `pipeline`, `scope`, `url`, `headers`, `connections`.
"""

import asyncio
from collections.abc import Sized
from typing import Any

import httptools
from django.conf import settings
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from plates_project.server.heads import HeadLimits
from plates_project.server.refusals import NoRequest
from streams.client_address import is_trusted_peer
from streams.wakeups import Client

LINGER_SECONDS = 2.0
"""How long a closing connection still reads what the client sends."""

FRAMING = (b"content-length", b"transfer-encoding")
"""The headers that say where a body ends."""

CHUNKED = b"transfer-encoding: chunked\r\n"

HIGH_WATER_BYTES = 64 * 1024
"""How many bytes of an answer wait in memory for a client that does not read, and how many it must
read within STREAMS_TAIL_SEND_TIMEOUT_MS."""


class Protocol(HttpToolsProtocol):
    """The server's side of one connection."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.plates_client = Client()
        self._limits = HeadLimits()
        self._head_timer: asyncio.TimerHandle | None = None
        self._send_timer: asyncio.TimerHandle | None = None
        # Whether something came that cannot be read.
        self._has_ended_reading = False
        # Whether what comes is read only so that the client gets to read its answer.
        self._is_lingering = False

    # The connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow = _Flow(transport, self.pipeline)
        transport.set_write_buffer_limits(high=HIGH_WATER_BYTES)
        self._close_in(self.timeout_keep_alive)
        if len(self.connections) > settings.WORKER_CONNECTIONS:
            too_many = "the server has too many open connections"
            self._refuse(NoRequest(503, too_many, "unavailable"))

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._head_timer, self._send_timer):
            if timer:
                timer.cancel()
        super().connection_lost(exc)
        self.plates_client.is_gone = True
        self.plates_client.leave()

    def eof_received(self) -> bool:  # type: ignore[override]
        """The client sends no more. An answer that is under way is still sent."""
        if self._is_lingering or not self._is_answering:
            return False
        if self.cycle.more_body:
            self._refuse(NoRequest(400, "the body is shorter than its request said"))
            return True
        self.cycle.keep_alive = False
        self.plates_client.leave()
        return True

    def data_received(self, data: bytes) -> None:
        if self._is_lingering or self._has_ended_reading:
            return
        try:
            self._limits.count(data)
            self._feed(data)
            self._limits.check_body()
        except NoRequest as refusal:
            self._refuse(refusal)
        except httptools.HttpParserCallbackError as error:
            cause = error.__context__
            self._refuse(cause if isinstance(cause, NoRequest) else _malformed())
        except httptools.HttpParserError:
            self._refuse(_malformed())

    def _feed(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            # It is answered as the request that it is, without an upgrade, and is the last one on
            # this connection.
            self.cycle.keep_alive = False
            (end_of_head,) = upgrade.args
            self._read_body_of_upgrade(data[end_of_head:])

    def _read_body_of_upgrade(self, rest: bytes) -> None:
        """Read the body of a request that asks for another protocol.

        The parser takes what follows the head for that protocol. So another parser reads it, after
        a head that says no more than how the body is framed.
        """
        if not self._has_body_of_upgrade():
            self._has_ended_reading = True
            return
        framing = b"".join(
            b"%s: %s\r\n" % header for header in self.headers if header[0] in FRAMING
        )
        self.parser = httptools.HttpRequestParser(_BodyOnly(self))
        self.parser.feed_data(b"POST / HTTP/1.1\r\n%s\r\n" % framing)
        self.parser.feed_data(rest)

    def _has_body_of_upgrade(self) -> bool:
        return any(name in FRAMING and value != b"0" for name, value in self.headers)

    # A request

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._limits.begin()
        self.scope["extensions"] = {
            "plates.client": self.plates_client,  # type: ignore[dict-item]
            "plates.cut_off": self.cut_off,  # type: ignore[dict-item]
        }

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._limits.check_line(self.parser.get_method(), self.url)

    def on_body(self, body: bytes) -> None:
        self._limits.count_body(body)
        super().on_body(body)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._limits.is_in_head:
            return  # What stands behind a body in chunks is no header.
        super().on_header(name, value)
        self._limits.check_header(*self.headers[-1])
        # No other header is trusted: proxies may pass others on as the client wrote them.
        if self.headers[-1][0] == b"x-forwarded-proto" and self._is_from_trusted_proxy():
            self.scope["scheme"] = "https" if value == b"https" else "http"

    def on_headers_complete(self) -> None:
        self._limits.end(self.parser.get_http_version())
        if self._head_timer:
            self._head_timer.cancel()
            self._head_timer = None
        super().on_headers_complete()
        writes_plainly = self.scope["http_version"] == "1.0"
        ending = _EndingWithoutChunks(self) if writes_plainly else _Ending(self)
        self.cycle.transport = ending  # type: ignore[assignment]

    def on_response_complete(self) -> None:
        if self._is_lingering or self.transport.is_closing():
            return
        super().on_response_complete()
        # The request that waited last, if any, has just been taken.
        self.flow.resume_reading()
        self._unset_keepalive_if_required()
        if not self.cycle.response_complete:
            return
        if self.cycle.more_body:
            self._close_in(settings.STREAMS_BODY_TIMEOUT_MS / 1000)
        else:
            self._close_in(self.timeout_keep_alive)

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade() and self._has_body_of_upgrade():
            return
        if self.cycle.response_complete and self.cycle.more_body:
            self.cycle.more_body = False
            self._close_in(self.timeout_keep_alive)
        super().on_message_complete()

    def shutdown(self) -> None:
        if self._is_lingering:
            return
        super().shutdown()

    def end(self) -> None:
        """Close the connection after an answer.

        If a connection is closed with unread bytes, it is reset, and the client loses the answer.
        So this waits until the client has closed its side, too, but not for long.
        """
        if self._is_lingering or self.transport.is_closing():
            return
        self._is_lingering = True
        # They get no answer, and must not keep the server from reading on.
        self.pipeline.clear()
        self.transport.write_eof()
        self.flow.resume_reading()
        self._await_sending()
        self.loop.call_later(LINGER_SECONDS, self._stop_lingering)

    @property
    def has_ended(self) -> bool:
        """Whether nothing more may be written."""
        return self._is_lingering or self.transport.is_closing()

    def cut_off(self) -> None:
        """Close the connection in the middle of an answer."""
        if self._is_answering:
            self.cycle.disconnected = True
        self._await_sending()
        self.transport.close()

    # A client that does not read

    def pause_writing(self) -> None:
        super().pause_writing()
        self._await_sending()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._send_timer and not self._is_lingering:
            self._send_timer.cancel()
            self._send_timer = None

    def _await_sending(self) -> None:
        """Cut the connection off if the client reads too little for a while."""
        if self._send_timer is None:
            self._arm_send_timer(self.transport.get_write_buffer_size())

    def _arm_send_timer(self, unsent: int) -> None:
        seconds = settings.STREAMS_TAIL_SEND_TIMEOUT_MS / 1000
        self._send_timer = self.loop.call_later(seconds, self._check_sending, unsent)

    def _check_sending(self, unsent_before: int) -> None:
        unsent = self.transport.get_write_buffer_size()
        if unsent > unsent_before - HIGH_WATER_BYTES and unsent:
            if self._is_answering:
                self.cycle.disconnected = True
            self.transport.abort()
        elif unsent:
            self._arm_send_timer(unsent)

    # Ends

    def _close_in(self, seconds: float) -> None:
        """Close the connection then, unless a request comes before."""
        if self._head_timer:
            self._head_timer.cancel()
        self._head_timer = self.loop.call_later(seconds, self.transport.close)

    def _refuse(self, refusal: NoRequest) -> None:
        """Answer what is no request, unless another answer is under way; then end."""
        cycle, is_running = self.cycle, self._is_answering
        if is_running and (not cycle.more_body or self.pipeline):
            # It came after whole requests, which have their answers first.
            cycle.keep_alive = False
            self._has_ended_reading = True
            return
        if is_running:
            # The application has a body that it cannot read to its end, and logs that.
            cycle.disconnected = True
            cycle.message_event.set()
        if not (is_running and cycle.response_started):
            host = self.client[0] if self.client else ""
            self.transport.write(refusal.answer(host, is_logged=not is_running))
        self.end()

    @property
    def _is_answering(self) -> bool:
        """Whether a request has come to which the answer is not complete."""
        # uvicorn's type hides that there is no cycle before the first request.
        cycle: Any = self.cycle
        return cycle is not None and not cycle.response_complete

    def _stop_lingering(self) -> None:
        if self.transport.is_closing():
            return
        if self.transport.get_write_buffer_size():
            # It is closed when the client has read its answer, or by `_check_sending`.
            self.loop.call_later(LINGER_SECONDS, self._stop_lingering)
        else:
            self.transport.close()

    def _is_from_trusted_proxy(self) -> bool:
        return self.client is not None and is_trusted_peer(self.client[0])


def _malformed() -> NoRequest:
    return NoRequest(400, "the request is malformed")


class _Flow(FlowControl):
    """Reads nothing while whole requests wait for the answer to the one before them."""

    def __init__(self, transport: asyncio.Transport, waiting: Sized) -> None:
        super().__init__(transport)
        self._waiting = waiting

    def resume_reading(self) -> None:
        if not self._waiting:
            super().resume_reading()


class _BodyOnly:
    """What a parser calls that reads a body only."""

    __slots__ = ("on_body", "on_message_complete")

    def __init__(self, protocol: Protocol) -> None:
        self.on_body = protocol.on_body
        self.on_message_complete = protocol.on_message_complete


class _Ending:
    """The transport as an answer sees it: to close it is to `end` the connection."""

    __slots__ = ("_protocol", "is_closing")

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol
        self.is_closing = protocol.transport.is_closing

    def write(self, data: bytes) -> None:
        # The event loop takes a write to a connection that ends for a defect.
        if not self._protocol.has_ended:
            self._protocol.transport.write(data)

    def close(self) -> None:
        self._protocol.end()


class _EndingWithoutChunks(_Ending):
    """The same for a client of HTTP/1.0, which knows no chunks: the body ends with the connection.

    uvicorn writes each chunk by itself.
    """

    __slots__ = ("_is_in_chunks",)

    def __init__(self, protocol: Protocol) -> None:
        super().__init__(protocol)
        # None: the head is still to come.
        self._is_in_chunks: bool | None = None

    def write(self, data: bytes) -> None:
        if self._is_in_chunks is None:
            self._is_in_chunks = CHUNKED in data
            super().write(data.replace(CHUNKED, b""))
        elif self._is_in_chunks:
            size, _, chunk = data.partition(b"\r\n")
            super().write(chunk[: int(size, 16)] if size else b"")
        else:
            super().write(data)
