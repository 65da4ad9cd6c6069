"""How tests talk to a plate in the test's own process: as a server talks to the application."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

import orjson
from django.utils.datastructures import CaseInsensitiveMapping

from plates_project.asgi import application
from tests.loop import run


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    content: bytes
    headers: CaseInsensitiveMapping[str]

    @property
    def body(self) -> Any:
        """The value of its JSON."""
        return orjson.loads(self.content)

    @property
    def result(self) -> Any:
        """The result of a success."""
        assert self.status == 200, self.body
        return self.body["data"]["result"]

    @property
    def code(self) -> str:
        """The code of a failure."""
        return str(self.body["error"]["code"])

    @property
    def message(self) -> str:
        """The message of a failure."""
        return str(self.body["error"]["message"])


class Api:
    """A client with the key of one plate. Paths are relative to the plate."""

    def __init__(self, plate: str, key: str) -> None:
        self.plate = plate
        self.key = key

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> Answer:
        """Send a request; `raw` is a body that is not to be encoded. A header of None is not sent.

        The key and the type of the body are sent unless the headers say otherwise.
        """
        data = raw if raw is not None else b"" if body is None else orjson.dumps(body)
        sent = {"authorization": self.key, "content-type": "application/json", **(headers or {})}
        return send(method, f"/{self.plate}{path}", data, sent)

    def get(self, path: str, **query: Any) -> Answer:
        """GET with the query's parameters."""
        parameters = "&".join(f"{name}={quote(str(value))}" for name, value in query.items())
        return self.request("GET", f"{path}?{parameters}" if query else path)

    def post(self, path: str, body: Any) -> Answer:
        """POST a JSON body."""
        return self.request("POST", path, body)

    def delete(self, path: str) -> Answer:
        """DELETE."""
        return self.request("DELETE", path)

    def send(self, *words: Any) -> Answer:
        """Send a Redis command through /streams/command."""
        command, *args = words
        return self.post("/streams/command", {"command": command, "args": args})

    def run(self, *words: Any) -> Any:
        """The result of a Redis command that must succeed."""
        return self.send(*words).result

    def refusal(self, *words: Any) -> str:
        """The message of a Redis command that must fail."""
        answer = self.send(*words)
        assert answer.status != 200, answer.body
        return answer.message


def send(
    method: str,
    target: str,
    body: bytes = b"",
    headers: Mapping[str, str | None] | None = None,
    *,
    is_secure: bool = False,
) -> Answer:
    """Give the application a request as a server does, and return its answer."""
    return run(_send(method, target, body, headers or {}, "https" if is_secure else "http"))


async def _send(
    method: str, target: str, body: bytes, headers: Mapping[str, str | None], scheme_name: str
) -> Answer:
    path, _, query = target.partition("?")
    given = {"host": "testserver", "content-length": str(len(body)), **headers}
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": scheme_name,
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [
            (name.lower().encode(), value.encode("latin1"))
            for name, value in given.items()
            if value is not None
        ],
        "client": ("127.0.0.1", 1),
        "server": ("testserver", 80),
        "extensions": {},
    }
    pieces = [body]
    sent: list[Mapping[str, Any]] = []

    async def receive() -> Mapping[str, Any]:
        if pieces:
            return {"type": "http.request", "body": pieces.pop(), "more_body": False}
        await asyncio.get_running_loop().create_future()  # The client stays.
        raise AssertionError

    async def collect(message: Mapping[str, Any]) -> None:
        sent.append(message)

    await application(scope, receive, collect)
    start, *parts = sent
    content = b"".join(part["body"] for part in parts)
    answered = {name.decode(): value.decode("latin1") for name, value in start["headers"]}
    return Answer(start["status"], content, CaseInsensitiveMapping(answered))
