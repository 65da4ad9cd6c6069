"""Tails over Server-Sent Events."""

import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import httpx
import psutil
import psycopg
import pytest

from tests.api import Api
from tests.polling import eventually
from tests.servers import LivePlate, RunServer, Server
from tests.tails import HEARTBEAT, Event, resume, tail

NewPlate = Callable[[], LivePlate]

HEARTBEAT_MS = 300
SEND_TIMEOUT_MS = 3_000
# Of each worker: one to listen, one to notify, one for all the requests.
DATABASE_CONNECTIONS = 3
WORKERS = 2


# Short intervals, and workers that have one connection for all their requests.
pytestmark = pytest.mark.own_server(
    WEB_CONCURRENCY=str(WORKERS),
    DATABASE_CONNECTIONS=str(DATABASE_CONNECTIONS),
    STREAMS_TAIL_HEARTBEAT_MS=str(HEARTBEAT_MS),
    STREAMS_TAIL_SEND_TIMEOUT_MS=str(SEND_TIMEOUT_MS),
)


@pytest.fixture
def plate(live_plate: NewPlate) -> LivePlate:
    return live_plate()


def add(plate: LivePlate, key: str, *ids: str) -> None:
    """Add an entry `f v` with each of the IDs."""
    for entry_id in ids:
        assert plate.run("XADD", key, entry_id, "f", "v") == entry_id


def of(entry_id: str) -> Event:
    """The event of such an entry."""
    return Event(entry_id, [entry_id, ["f", "v"]])


# What is sent


def test_it_works(plate: LivePlate) -> None:
    plate.run("XADD", "events", "1-0", "type", "signup", "name", 'a\n"b"')
    with tail(plate, "/events", start="0") as opened:
        assert opened.response.headers["Content-Type"] == "text/event-stream"
        assert opened.response.headers["Cache-Control"] == "no-cache"
        assert next(opened.blocks) == ["id: 0-0"]
        assert next(opened.blocks) == [
            "id: 1-0",
            'data: ["1-0",["type","signup","name","a\\n\\"b\\""]]',
        ]
        add(plate, "events", "2-0")
        assert opened.events(1) == [of("2-0")]


def test_without_from_it_shows_what_is_new(plate: LivePlate) -> None:
    add(plate, "events", "1-0")
    for start in (None, "$"):
        with tail(plate, "/events", start=start) as opened:
            last = opened.opening()
            following = f"{int(last.split('-')[0]) + 1}-0"
            add(plate, "events", following)
            assert opened.events(1) == [of(following)]


def test_from_an_id_it_shows_what_is_above(plate: LivePlate) -> None:
    add(plate, "events", "1-0", "1-1", "2-0")
    with tail(plate, "/events", start="1-0") as opened:
        assert opened.ids(2) == ["1-1", "2-0"]


def test_it_shows_a_stream_that_is_not_there_yet(plate: LivePlate) -> None:
    with tail(plate, "/events") as opened:
        assert opened.opening() == "0-0"
        add(plate, "events", "1-0")
        assert opened.events(1) == [of("1-0")]


def test_it_shows_more_entries_than_one_look_fetches(plate: LivePlate) -> None:
    ids = [f"{ms}-0" for ms in range(1, 252)]
    entries = [{"id": entry_id, "values": {"f": "v"}} for entry_id in ids]
    assert plate.post("/streams/add", {"key": "events", "entries": entries}).status_code == 200
    with tail(plate, "/events", start="0") as opened:
        assert opened.ids(251) == ids


def test_any_name_of_a_stream_can_be_tailed(plate: LivePlate) -> None:
    add(plate, "a/b c+ü", "1-0")
    with tail(plate, "/a%2Fb%20c+%C3%BC", start="0") as opened:
        assert opened.events(1) == [of("1-0")]


def test_another_plates_stream_of_the_same_name_is_not_shown(live_plate: NewPlate) -> None:
    plate, other = live_plate(), live_plate()
    with tail(plate, "/events", start="0") as opened:
        opened.opening()
        add(other, "events", "1-0")
        add(plate, "events", "2-0")
        assert opened.events(1) == [of("2-0")]


def test_a_silent_tail_shows_that_it_lives(plate: LivePlate) -> None:
    started = time.monotonic()
    with tail(plate, "/events") as opened:
        opened.opening()
        assert [next(opened.blocks) for _ in range(3)] == [HEARTBEAT] * 3
        assert 2.5 * HEARTBEAT_MS / 1000 < time.monotonic() - started < 8


def test_head_is_answered_without_a_tail(plate: LivePlate) -> None:
    answer = plate.request("HEAD", "/streams/tail/events")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/event-stream"
    assert answer.content == b""


# Several streams


def test_several_streams_share_a_tail(plate: LivePlate) -> None:
    add(plate, "a", "1-0")
    with tail(plate, "", key=["a", "b"], start="0") as opened:
        assert opened.opening() == "0-0,0-0"
        assert opened.events(1) == [Event("1-0,0-0", {"key": "a", "entry": ["1-0", ["f", "v"]]})]
        add(plate, "b", "7-0")
        assert opened.events(1) == [Event("1-0,7-0", {"key": "b", "entry": ["7-0", ["f", "v"]]})]
        add(plate, "a", "2-0")
        assert opened.ids(1) == ["2-0,7-0"]


def test_several_streams_resume_each_at_its_place(plate: LivePlate) -> None:
    add(plate, "a", "1-0", "2-0")
    add(plate, "b", "7-0", "8-0")
    with resume(plate, "", "1-0,8-0", key=["a", "b"]) as opened:
        assert opened.opening() == "1-0,8-0"
        assert opened.ids(1) == ["2-0,8-0"]


# Resuming


def test_the_last_event_id_resumes_in_the_header_and_in_the_query(plate: LivePlate) -> None:
    add(plate, "events", "1-0", "2-0", "3-0")
    with resume(plate, "/events", "1-0", start="$") as opened:
        assert opened.ids(2) == ["2-0", "3-0"]
    with tail(plate, "/events", last_event_id="1-0", start="$") as opened:
        assert opened.ids(2) == ["2-0", "3-0"]


def test_the_header_is_later_than_the_query(plate: LivePlate) -> None:
    """A page puts the ID in the URL; an EventSource reconnects to that URL with the header."""
    add(plate, "events", "1-0", "2-0", "3-0")
    with resume(plate, "/events", "2-0", last_event_id="1-0") as opened:
        assert opened.ids(1) == ["3-0"]


def test_who_is_cut_off_before_the_first_entry_misses_none(plate: LivePlate) -> None:
    add(plate, "events", "1-0")
    with tail(plate, "/events") as opened:
        last = opened.opening()
    assert last == "1-0"
    add(plate, "events", "2-0")
    with resume(plate, "/events", last) as opened:
        assert opened.ids(1) == ["2-0"]


def test_cut_off_again_and_again_while_entries_come_it_has_no_gap_and_no_repeat(
    plate: LivePlate,
) -> None:
    ids = [f"{ms}-0" for ms in range(1, 151)]
    writer = threading.Thread(target=add, args=(plate, "events", *ids))
    writer.start()
    seen = ["0-0"]
    while len(seen) <= len(ids):
        with resume(plate, "/events", seen[-1]) as opened:
            seen += opened.ids(min(13, len(ids) + 1 - len(seen)))
    writer.join()
    assert seen[1:] == ids


# What it costs


def test_an_open_tail_costs_no_database_connection(server: Server, plate: LivePlate) -> None:
    with ExitStack() as stack:
        tails = [stack.enter_context(tail(plate, "/events")) for _ in range(40)]
        for opened in tails:
            opened.opening()
        add(plate, "events", "1-0")
        assert all(opened.ids(1) == ["1-0"] for opened in tails)
        assert _sessions(server) <= WORKERS * DATABASE_CONNECTIONS


def test_a_client_that_does_not_read_is_let_go_and_can_resume(
    server: Server, plate: LivePlate
) -> None:
    value = "x" * 200_000
    for ms in range(1, 101):
        plate.run("XADD", "events", f"{ms}-0", "f", value)
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(
            f"GET /{plate.name}/streams/tail/events?from=0 HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: {plate.key}\r\n\r\n".encode()
        )
        port = client.getsockname()[1]
        assert client.recv(1, socket.MSG_PEEK)
        eventually(lambda: port not in _peers(server))
        client.settimeout(10)
        text = _all_of(client)
    # It was cut off somewhere in an event: the last whole one is where to go on.
    whole = text.rpartition(b"\n\n")[0]
    last = int(whole.rpartition(b"id: ")[2].partition(b"-")[0])
    assert 0 <= last < 100
    with resume(plate, "/events", f"{last}-0") as opened:
        assert opened.ids(100 - last) == [f"{ms}-0" for ms in range(last + 1, 101)]
    assert "Socket error" not in server.output


def test_a_client_that_has_left_is_dropped(server: Server, plate: LivePlate) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(
            f"GET /{plate.name}/streams/tail/events HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: {plate.key}\r\n\r\n".encode()
        )
        assert client.recv(1)
        port = client.getsockname()[1]
    eventually(lambda: port not in _peers(server))


# What is refused


@pytest.mark.parametrize(
    "url",
    [
        "/events?from=nonsense",
        "/events?from=",
        "/events?from=-1",
        "/events?from=%2B",
        "/events?from=>",
        "/events?from=(1-0",
        "/events?from=1-0-0",
        "/events?from=1&from=2",
        "/events?from=1-0,2-0",
        "/events?last_event_id=nonsense",
        "/events?last_event_id=1-0,2-0",
        "/events?last_event_id=1-0&last_event_id=2-0",
        "/events?key=events",
        "/events?since=1",
        "/events?FROM=0",
        "/?from=0",
        "",
        "?key=",
        "?from=0",
        "?key=a&key=a",
        "?key=a&key=b&last_event_id=1-0",
        "?key=a&last_event_id=1-0,",
        "?key=a&from=1-0,2-0",
    ],
)
def test_wrong_parameters_are_refused(api: Api, url: str) -> None:
    answer = api.request("GET", f"/streams/tail{url}")
    assert answer.status == 400
    assert answer.code in ("invalid_query", "invalid_request", "invalid_command")


def test_a_wrong_last_event_id_is_refused_in_the_header(api: Api) -> None:
    for event_id in ("nonsense", "1-0,2-0", "+", ">", "$"):
        answer = api.request("GET", "/streams/tail/events", headers={"last-event-id": event_id})
        assert answer.status == 400


@pytest.mark.parametrize(("streams", "status"), [(100, 400), (101, 413)])
def test_only_so_many_streams_share_a_tail_or_a_ticket(api: Api, streams: int, status: int) -> None:
    keys = [f"s{number}" for number in range(streams)]
    query = "&".join(f"key={key}" for key in keys)
    assert api.request("GET", f"/streams/tail?{query}&from=nonsense").status == status
    assert api.post("/streams/tickets", {"keys": keys}).status == (413 if status == 413 else 200)


def test_more_streams_than_a_tail_may_have_are_told_with_the_limit(api: Api, settings: Any) -> None:
    settings.STREAMS_MAX_TAIL_STREAMS = 2
    asked = {
        "keys": api.post("/streams/tickets", {"keys": ["a", "b", "c"]}),
        "key": api.get("/streams/tail?key=a&key=b&key=c"),
    }
    for member, answer in asked.items():
        assert (answer.status, answer.code) == (413, "payload_too_large")
        assert answer.message == f"{member} may name at most 2 streams"


def test_nobody_tails_without_a_key_or_ticket_of_the_plate(api: Api, other_api: Api) -> None:
    def code(key: str) -> str:
        return api.request("GET", "/streams/tail/events", headers={"authorization": key}).code

    assert code("") == "missing_authorization"
    assert code("nonsense") == "invalid_authorization"
    assert code(other_api.key) == "invalid_authorization"


# The end


def test_a_revoked_key_ends_its_tails_and_those_of_its_tickets(
    server: Server, plate: LivePlate
) -> None:
    with ExitStack() as stack:
        ticket = plate.post("/streams/tickets", {"keys": ["events"]}).json()["data"]["result"]
        tails = [
            stack.enter_context(tail(plate, "/events", start="0")),
            stack.enter_context(
                tail(plate, "/events", headers={}, ticket=ticket["ticket"], start="0")
            ),
        ]
        add(plate, "events", "1-0")
        assert [opened.ids(1) for opened in tails] == [["1-0"], ["1-0"]]
        done = server.manage("revokekey", plate.key)
        assert done.returncode == 0, done.stderr
        for opened in tails:
            # At the next heartbeat. Before it was revoked it may have sent some more of them.
            assert all(block == HEARTBEAT for block in opened.blocks)


def test_a_stop_ends_tails_without_waiting_for_their_clients(run_server: RunServer) -> None:
    with (
        run_server() as server,
        httpx.Client(base_url=server.url, timeout=10) as client,
    ):
        plate = server.new_plate()
        plate.http.close()
        headers = {"Authorization": plate.key}
        path = f"/{plate.name}/streams/tail/events"
        with client.stream("GET", path, headers=headers) as response:
            lines = response.iter_lines()
            assert next(lines) == "id: 0-0"
            started = time.monotonic()
            server.signal(signal.SIGTERM)
            # A proper end: the client keeps its connection, and may use it again.
            assert list(lines) == [""]
            assert server.wait() == 0
            assert time.monotonic() - started < 8


def _sessions(server: Server) -> int:
    """How many connections the server holds to its database."""
    count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    # PostgreSQL's own processes, such as autovacuum's, have a database too.
    count += " AND backend_type = 'client backend'"
    with psycopg.connect(server.environment["DATABASE_URL"]) as connection:
        row = connection.execute(f"{count} AND pid <> pg_backend_pid()").fetchone()
        assert row
        return int(row[0])


def _peers(server: Server) -> set[int]:
    """The ports of the clients whose connections the workers hold."""
    return {
        connection.raddr.port
        for worker in psutil.Process(server.pid).children()
        for connection in worker.net_connections("tcp")
        if connection.status == psutil.CONN_ESTABLISHED and connection.laddr.port == server.port
    }


def _all_of(client: socket.socket) -> bytes:
    """What is still to be read, up to the end, however that comes."""
    parts = []
    try:
        while part := client.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)
