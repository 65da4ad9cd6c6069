"""The endpoints of batches."""

from collections import Counter
from typing import Any

from django.http.response import HttpResponseBase

from streams.api import shapes
from streams.api.requests import ApiRequest
from streams.api.responses import succeed
from streams.api.values import words_of
from streams.api.views import PlateView
from streams.commands import batch, registry
from streams.commands.contract import RedisCommand
from streams.domain.errors import InvalidCommand, InvalidRequest, Refusal, UnsupportedCommand


class BatchView(PlateView):
    """Several commands in one request."""

    async def commands(self) -> list[RedisCommand | Refusal]:
        """The commands of the body; one whose words are wrong stands as its refusal.

        Raises HttpError, Refusal for what refuses the batch as a whole.
        """
        items = await self.body(list)
        self.notes.commands = len(items)
        batch_words = [self._words(item, index) for index, item in enumerate(items)]
        shapes.check_batch(batch_words, "a batch")
        names = map(registry.name_of, batch_words)
        self.notes.commands_by_name = dict(Counter(name for name in names if name))
        for words in batch_words:
            self.check_scope(registry.scope_of(words))
        return [_parsed(words) for words in batch_words]

    def _words(self, item: Any, index: int) -> list[str]:
        if not isinstance(item, list):
            raise InvalidRequest(f"[{index}] must be a list of a command's words")
        if not item:
            raise InvalidCommand(f"[{index}] is an empty command")
        return words_of(item, f"[{index}]")


class PipelineView(BatchView):
    """`POST /{plate}/pipeline`."""

    command_name = "PIPELINE"

    async def post(self, request: ApiRequest, **_: str) -> HttpResponseBase:
        outcomes = await batch.run_pipeline(self.plate, await self.commands())
        return succeed(
            [
                {"error": outcome.text} if isinstance(outcome, Refusal) else outcome
                for outcome in outcomes
            ]
        )


class TransactionView(BatchView):
    """`POST /{plate}/transaction`."""

    command_name = "TRANSACTION"

    async def post(self, request: ApiRequest, **_: str) -> HttpResponseBase:
        return succeed(await batch.run_transaction(self.plate, await self.commands()))


def _parsed(words: list[str]) -> RedisCommand | Refusal:
    try:
        return registry.parse(words)
    except UnsupportedCommand:
        raise
    except Refusal as refusal:
        return refusal
