"""How tests talk to a plate over HTTP, in the test's own process and transaction."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson
from django.test import Client


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: Any
    headers: dict[str, str]

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
        self._client = Client(raise_request_exception=False)

    def request(
        self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **extra: Any
    ) -> Answer:
        """Send a request; `raw` is a body that is not to be encoded, `extra` goes into environ."""
        url = f"/{self.plate}{path}"
        extra.setdefault("HTTP_AUTHORIZATION", self.key)
        data = raw if raw is not None else b"" if body is None else orjson.dumps(body)
        extra.setdefault("content_type", "application/json")
        response = self._client.generic(method, url, data, RAW_URI=url, **extra)
        return Answer(response.status_code, orjson.loads(response.content), dict(response.items()))

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
