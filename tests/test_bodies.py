"""Bodies that do not come as they were announced, over real connections."""

import secrets
import time
from collections.abc import Iterator

import pytest

from tests.polling import eventually
from tests.raw_http import RawConnection, connected, head
from tests.servers import LivePlate, RunServer, Server

BODY = b'{"key":"events","values":{"a":"1"}}'
BOUND_SECONDS = 1


@pytest.fixture(scope="module")
def plate(server: Server) -> Iterator[LivePlate]:
    """One for all tests here: those that refuse send the same entry, and none may ever be added."""
    made = server.new_plate()
    with made.http:
        yield made


@pytest.fixture(scope="module")
def impatient(run_server: RunServer) -> Iterator[Server]:
    """A server that waits for bodies for a second only."""
    with run_server(STREAMS_BODY_TIMEOUT_MS=str(BOUND_SECONDS * 1000)) as running:
        yield running


@pytest.fixture(scope="module")
def impatient_plate(impatient: Server) -> Iterator[LivePlate]:
    plate = impatient.new_plate()
    with plate.http:
        yield plate


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def add_with(plate: LivePlate, length: int) -> bytes:
    """The head of an add whose body has so many bytes."""
    return head(plate, "POST", "/streams/add", Content_Length=length)


def chunked_add(plate: LivePlate) -> bytes:
    return head(plate, "POST", "/streams/add", Transfer_Encoding="chunked")


def nothing_was_added(plate: LivePlate) -> bool:
    # Without a body, which might come late as well.
    answer = plate.request("GET", "/streams/length/events")
    return bool(answer.json()["data"]["result"] == 0)


def logs_of(server: Server, plate: LivePlate) -> str:
    """What the server has logged since the plate was made, up to now."""
    last = f"last-{secrets.token_hex(4)}"
    plate.request("GET", "/streams/length/last", headers={"X-Request-Id": last})
    eventually(lambda: last in server.output)
    return server.output[server.output.index(plate.name) :]


class TestABodyCutShort:
    def test_adds_nothing_even_if_it_is_complete_json(
        self, server: Server, plate: LivePlate
    ) -> None:
        with connected(server) as connection:
            connection.send(add_with(plate, len(BODY) + 10) + BODY).end()
            answer = connection.answer()
            assert (answer.status, answer.code) == (400, "invalid_request")
            assert connection.is_closed()
        assert nothing_was_added(plate)

    @pytest.mark.parametrize("sent", [chunk(BODY), chunk(BODY) + b"0\r\n", b"ff\r\n" + BODY, b"5"])
    def test_in_chunks_adds_nothing(self, server: Server, plate: LivePlate, sent: bytes) -> None:
        with connected(server) as connection:
            connection.send(chunked_add(plate) + sent).end()
            assert connection.answer().status == 400
            assert connection.is_closed()
        assert nothing_was_added(plate)

    @pytest.mark.parametrize("path", ["/pipeline", "/transaction"])
    def test_runs_no_batch(self, server: Server, plate: LivePlate, path: str) -> None:
        batch = b'[["XADD", "events", "*", "a", "1"]]'
        with connected(server) as connection:
            connection.send(head(plate, "POST", path, Content_Length=len(batch) + 1) + batch).end()
            assert connection.answer().status == 400
        assert nothing_was_added(plate)

    def test_is_no_error_in_the_log(self, server: Server, plate: LivePlate) -> None:
        for head_ in (add_with(plate, 500), chunked_add(plate)):
            with connected(server) as connection:
                connection.send(head_ + chunk(BODY)).end()
                connection.answer()
            with connected(server) as connection:
                connection.send(head_ + chunk(BODY)).reset()
        logs = logs_of(server, plate)
        assert '"level":"error"' not in logs
        assert "Traceback" not in logs
        assert '"status":500' not in logs


class TestABodyThatDoesNotCome:
    @pytest.mark.parametrize("sent", [b"", BODY[:10]])
    def test_ends_in_408(self, impatient: Server, impatient_plate: LivePlate, sent: bytes) -> None:
        with connected(impatient) as connection:
            connection.send(add_with(impatient_plate, len(BODY)) + sent)
            answer = connection.answer()
            assert (answer.status, answer.code) == (408, "request_timeout")
            assert answer.headers["connection"] == "close"
            assert connection.is_closed()
        assert nothing_was_added(impatient_plate)

    def test_ends_in_408_in_chunks(self, impatient: Server, impatient_plate: LivePlate) -> None:
        with connected(impatient) as connection:
            connection.send(chunked_add(impatient_plate) + chunk(BODY))
            answer = connection.answer()
            assert (answer.status, answer.code) == (408, "request_timeout")
            assert answer.headers["connection"] == "close"
        assert nothing_was_added(impatient_plate)

    def test_ends_in_408_after_100_continue(
        self, impatient: Server, impatient_plate: LivePlate
    ) -> None:
        expecting = head(
            impatient_plate, "POST", "/streams/add", Content_Length=9, Expect="100-continue"
        )
        with connected(impatient) as connection:
            connection.send(expecting)
            assert connection.answer(has_body=False).status == 100
            assert connection.answer().status == 408

    def test_is_not_waited_for_longer_because_it_dribbles(
        self, impatient: Server, impatient_plate: LivePlate
    ) -> None:
        with connected(impatient) as connection:
            connection.send(add_with(impatient_plate, 10_000))
            began = time.monotonic()
            answer = dribbled(connection, until=began + 10 * BOUND_SECONDS)
            assert answer == 408
        assert nothing_was_added(impatient_plate)

    def test_ends_in_408_however_many_small_chunks_come_in_the_meantime(
        self, impatient: Server, impatient_plate: LivePlate
    ) -> None:
        many = chunk(b" ") * 10_000
        with connected(impatient) as connection:
            connection.send(chunked_add(impatient_plate))
            # More than is read within the bound, without a pause in which others have a turn.
            while not connection.has_answer(within_seconds=0):
                connection.send(many)
            assert connection.answer().status == 408

    def test_ends_in_408_for_a_form_of_the_console(self, impatient: Server) -> None:
        with connected(impatient) as connection:
            connection.send(
                b"POST /admin/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 30\r\n"
                b"Content-Type: application/x-www-form-urlencoded\r\n\r\nusername=a"
            )
            answer = connection.answer()
            assert (answer.status, answer.code) == (408, "request_timeout")
            assert connection.is_closed()

    def test_does_not_keep_the_connection_of_a_refused_request(
        self, impatient: Server, impatient_plate: LivePlate
    ) -> None:
        refused = head(impatient_plate, "POST", "/streams/add", key="none", Content_Length=30)
        with connected(impatient) as connection:
            connection.send(refused + b"{")
            assert connection.answer().status == 401
            assert connection.is_closed()


def dribbled(connection: RawConnection, *, until: float) -> int:
    """The status that comes while a byte is sent every now and then."""
    while not connection.has_answer(within_seconds=0.1):
        assert time.monotonic() < until
        connection.send(b" ")
    return connection.answer().status


REFUSED = [
    ("POST", "/streams/add", {"key": "none"}, 401),
    ("POST", "/no/such/path", {}, 404),
    ("PUT", "/pipeline", {}, 405),
    ("POST", "/streams/add", {"Content_Type": "text/plain"}, 415),
]


class TestABodyOfARefusedRequest:
    @pytest.mark.parametrize(("method", "path", "options", "status"), REFUSED)
    def test_is_not_taken_for_the_next_request(
        self,
        server: Server,
        plate: LivePlate,
        method: str,
        path: str,
        options: dict[str, str],
        status: int,
    ) -> None:
        smuggled = head(plate, "GET", "/streams/length/smuggled")
        next_one = head(plate, "GET", "/streams/length/next")
        with connected(server) as connection:
            refused = head(plate, method, path, Content_Length=len(smuggled), **options)
            connection.send(refused + smuggled + next_one)
            assert connection.answer().status == status
            assert connection.answer().status == 200
            connection.end()
            assert connection.is_closed()

    @pytest.mark.parametrize(("method", "path", "options", "status"), REFUSED)
    def test_closes_the_connection_if_it_is_in_chunks(
        self,
        server: Server,
        plate: LivePlate,
        method: str,
        path: str,
        options: dict[str, str],
        status: int,
    ) -> None:
        with connected(server) as connection:
            refused = head(plate, method, path, Transfer_Encoding="chunked", **options)
            connection.send(refused + chunk(BODY) + b"0\r\n\r\n")
            answer = connection.answer()
            assert (answer.status, answer.headers["connection"]) == (status, "close")
            assert connection.is_closed()

    def test_that_is_too_large_does_not_keep_the_client_from_its_answer(
        self, server: Server, plate: LivePlate
    ) -> None:
        with connected(server) as connection:
            connection.send(add_with(plate, 17_000_000))
            connection.send(b" " * 1_000_000)
            answer = connection.answer()
            assert (answer.status, answer.code) == (413, "payload_too_large")
            assert answer.headers["connection"] == "close"
            assert connection.is_closed()


def test_a_transfer_coding_besides_chunks_is_refused(server: Server, plate: LivePlate) -> None:
    with connected(server) as connection:
        sent = head(plate, "POST", "/streams/add", Transfer_Encoding="gzip, chunked")
        answer = connection.send(sent + chunk(BODY) + chunk(b"")).answer()
        assert (answer.status, answer.code) == (415, "unsupported_media_type")
        assert "Transfer-Encoding" in answer.message
    assert nothing_was_added(plate)


@pytest.mark.parametrize("sent", [b"x\r\n", b"-1\r\n", b"3\r\nabcd\r\n", b"\r\n", b"5;\x01=2\r\n"])
def test_malformed_chunks_are_refused_and_end_the_connection(
    server: Server, plate: LivePlate, sent: bytes
) -> None:
    with connected(server) as connection:
        connection.send(chunked_add(plate) + sent)
        answer = connection.answer()
        assert (answer.status, answer.code) == (400, "invalid_request")
        assert answer.headers["connection"] == "close"
        assert connection.is_closed()
    assert "Traceback" not in logs_of(server, plate)


def test_a_connection_is_kept_after_a_body_that_came_whole(
    server: Server, plate: LivePlate
) -> None:
    small = BODY.replace(b"events", b"kept")
    large = small.replace(b"1", b"x" * 200_000)
    with connected(server) as connection:
        for added in (
            add_with(plate, len(small)) + small,
            add_with(plate, len(large)) + large,
            chunked_add(plate) + chunk(small[:9]) + chunk(small[9:]) + b"0\r\n\r\n",
            chunked_add(plate) + chunk(large) + b"0\r\n\r\n",
        ):
            connection.send(added)
            answer = connection.answer()
            assert (answer.status, answer.headers.get("connection")) == (200, None)
    assert plate.run("XLEN", "kept") == 4
