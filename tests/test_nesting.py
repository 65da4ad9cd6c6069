"""Bodies of many levels are refused wherever there is a body, and never break anything."""

import pytest

from streams.api.json import MAX_NESTING
from streams.api.urls import GROUPED, POSTED
from tests.api import Api

pytestmark = pytest.mark.django_db

PATHS = [
    *(f"/streams/{word}" for word in POSTED),
    *(f"/streams/groups/{word}" for word in GROUPED),
    "/streams/events/command",
    "/pipeline",
    "/transaction",
]

REFUSAL = f"the body may have at most {MAX_NESTING} levels of objects and lists"


def value(opening: str, closing: str, levels: int) -> str:
    return opening * levels + "1" + closing * levels


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("levels", [MAX_NESTING, 254, 255, 1000, 1022, 1023, 5000])
@pytest.mark.parametrize("parts", [("[", "]"), ('{"a":', "}")])
def test_too_many_levels_are_refused_wherever_they_are(
    api: Api, path: str, levels: int, parts: tuple[str, str]
) -> None:
    deep = value(*parts, levels)
    bodies = [f"[{deep}]", f'[["XADD", "k", {deep}]]']
    if path not in ("/pipeline", "/transaction"):
        bodies = [f'{{"{name}": {deep}}}' for name in ("key", "values", "args", "unknown")]
    for body in bodies:
        answer = api.request("POST", path, raw=body.encode())
        assert (answer.status, answer.code) == (400, "invalid_json")
        assert answer.message == REFUSAL


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("raw", [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 4_000_000])
def test_a_body_of_opening_brackets_is_refused(api: Api, path: str, raw: bytes) -> None:
    answer = api.request("POST", path, raw=raw)
    assert (answer.status, answer.code, answer.message) == (400, "invalid_json", REFUSAL)


def test_as_many_levels_as_allowed_are_kept(api: Api) -> None:
    # The body and its `values` are levels, too.
    deep = value("[", "]", MAX_NESTING - 2)
    body = f'{{"key": "k", "id": "1-0", "values": {{"f": {deep}}}}}'
    assert api.request("POST", "/streams/add", raw=body.encode()).result == "1-0"
    assert api.run("XRANGE", "k", "-", "+") == [["1-0", ["f", deep]]]
