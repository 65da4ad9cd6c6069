"""The examples of docs/http-api.md, run in their order against a real server."""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import orjson

from plates_project.paths import BASE_DIR
from streams.api.urls import GROUPED, LOOKED_AT, POSTED
from tests.servers import LivePlate

VARIES = "…"

SHOWN_ELSEWHERE = {"tail", "tickets"}
"""Endpoints that docs/tailing.md describes, and other tests run."""


class Example(NamedTuple):
    """A request as the page shows it, and the answer to it."""

    method: str
    path: str
    headers: dict[str, str]
    body: str
    status: int
    answer: Any

    def run(self, plate: LivePlate) -> tuple[int, Any]:
        """What this plate answers."""
        headers = {"Content-Type": "application/json", **self.headers}
        answer = plate.request(
            self.method, self.path, headers=headers, content=self.body.encode() or None
        )
        return answer.status_code, answer.json()


def examples() -> Iterator[Example]:
    """All the examples of the page. `…` outside of texts becomes a text of its own."""
    page = (BASE_DIR / "docs" / "http-api.md").read_text()
    for block in re.findall(r"^```http\n(.*?)^```$", page, flags=re.M | re.S):
        request, _, answer = block.partition("\n\n")
        found = re.fullmatch(r"(\w+) /demo(\S+)\n?((?:[A-Z][\w-]+: [^\n]*\n?)*)(.*)", request, re.S)
        assert found, request
        headers = dict(line.split(": ") for line in found[3].splitlines())
        status, _, shown = answer.partition("\n")
        expected = orjson.loads(re.sub(VARIES, f'"{VARIES}"', shown))
        yield Example(found[1], found[2], headers, found[4], int(status), expected)


def matches(shown: Any, real: Any) -> bool:
    """Whether the page shows what really came, `…` being anything."""
    match shown, real:
        case str(), _ if shown == VARIES:
            return True
        case dict(), dict():
            return shown.keys() == real.keys() and all(
                matches(value, real[name]) for name, value in shown.items()
            )
        case list(), list():
            return len(shown) == len(real) and all(map(matches, shown, real))
    return bool(shown == real)


def test_each_example_is_answered_as_shown(live_plate: Callable[[], LivePlate]) -> None:
    plate = live_plate()
    for example in examples():
        status, answer = example.run(plate)
        assert status == example.status, (example, answer)
        assert matches(example.answer, answer), (example, answer)


def test_each_endpoint_has_an_example() -> None:
    shown = {example.path.partition("?")[0] for example in examples()}
    paths = {f"/streams/{word}" for word in {*POSTED, *LOOKED_AT} - SHOWN_ELSEWHERE}
    paths |= {f"/streams/groups/{word}" for word in {*GROUPED, "pending"}}
    paths |= {"/streams", "/pipeline", "/transaction", "/streams/events/command"}
    missing = {
        path for path in paths if not any(p == path or p.startswith(f"{path}/") for p in shown)
    }
    assert not missing


def test_what_differs_from_the_page_is_noticed() -> None:
    assert matches({"a": [1, VARIES]}, {"a": [1, 2]})
    assert not matches({"a": [1, VARIES]}, {"a": [2, 2]})
    assert not matches({"a": 1}, {"a": 1, "b": 2})
