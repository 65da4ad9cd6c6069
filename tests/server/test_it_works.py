"""Requests as they should be, and their answers."""

import httpx

from tests.raw_http import connected
from tests.server.running import AppServer, request


def test_it_works(server: AppServer) -> None:
    with httpx.Client(base_url=server.url) as client:
        assert client.get("/ok?a=b").json() == "a=b"
        assert client.post("/echo", content=b"body").json() == "body"
        assert client.post("/echo", content=iter([b"bo", b"dy"])).json() == "body"
        assert client.post("/echo", content=b"x" * 1_000_000).json() == 1_000_000
        assert client.get("/parts").text == "onetwothree"
        assert len(client.get("/large").content) == 1_000_000
        assert client.get("/unknown").status_code == 404


def test_pipelined_requests_are_answered_in_their_order(server: AppServer) -> None:
    with connected(server) as connection:
        for n in range(200):
            body = b"%d" % n
            chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
            connection.send(request("GET", f"/ok?{n}"))
            connection.send(request("POST", "/echo", f"Content-Length: {len(body)}") + body)
            connection.send(request("POST", "/echo", "Transfer-Encoding: chunked") + chunks)
        connection.end()
        answers = [connection.answer().body for _ in range(600)]
        assert answers == [b'"%d"' % n for n in range(200) for _ in range(3)]
        assert connection.is_closed()
