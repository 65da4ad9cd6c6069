"""Redis words sent to a plate over HTTP, and the reply in what comes back."""

from typing import Any

import httpx

from tests.conformance.words import Words
from tests.servers import LivePlate


def send(plate: LivePlate, words: Words) -> httpx.Response:
    """Send a command; DEL is the deletion of a stream."""
    command, *args = words
    if command == "DEL":
        return plate.request("DELETE", f"/streams/{args[0]}")
    return plate.post("/streams/command", {"command": command, "args": args})


def reply_in(answer: httpx.Response) -> Any:
    """The result, or an object with the text of the error."""
    body = answer.json()
    return body["data"]["result"] if body["ok"] else {"error": body["error"]["message"]}
