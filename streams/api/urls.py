"""The routes of the API. One path may serve several views, one for each method."""

from collections.abc import Callable, Coroutine
from functools import partial
from inspect import isawaitable
from typing import Any, cast

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, register_converter
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from streams.api import batch_views, errors, group_views, tail_views, views
from streams.api.converters import NameConverter, PlateConverter

register_converter(NameConverter, "name")
register_converter(PlateConverter, "plate")


Handler = Callable[..., Any]
"""A view: it gives a response, or a coroutine of one."""


def by_method(**handlers: Handler) -> Callable[..., Coroutine[Any, Any, HttpResponseBase]]:
    """A view that hands each method to its handler, and refuses the others (405)."""
    if "GET" in handlers:
        handlers["HEAD"] = handlers["GET"]

    @csrf_exempt
    async def dispatch(request: HttpRequest, **names: Any) -> HttpResponseBase:
        handler = handlers.get(request.method or "")
        if handler is None:
            return errors.response(errors.method_not_allowed(tuple(sorted(handlers))))
        response = handler(request, **names)
        return cast("HttpResponseBase", await response if isawaitable(response) else response)

    return dispatch


def route(pattern: str, **handlers: Handler | type[views.PlateView]) -> URLPattern:
    """A path of a plate and what serves each of its methods."""
    return path(
        f"<plate:plate>/{pattern}",
        by_method(**{method: _as_handler(handler) for method, handler in handlers.items()}),
    )


@csrf_exempt
async def stream(request: HttpRequest, plate: str, key: str) -> HttpResponseBase:
    """A stream's own path: there is only DELETE.

    For other methods the answer says that there is no such route, and does not mention DELETE:
    whoever has misspelled a route should not try that.
    """
    if request.method == "DELETE":
        return cast("HttpResponseBase", await delete_stream(request, plate=plate, key=key))
    return errors.response(errors.no_such_route(HINTS.get(key, "")))


def of_key(view_class: type[views.PlateView], key: str) -> Handler:
    """The view for a path whose own text is the stream's key."""
    return partial(_as_handler(view_class), key=key)


def _as_handler(handler: Handler | type[views.PlateView]) -> Handler:
    return cast("type[View]", handler).as_view() if isinstance(handler, type) else handler


delete_stream = _as_handler(views.StreamView)
BATCHES = {"pipeline": batch_views.PipelineView, "transaction": batch_views.TransactionView}
HINTS = {word: f"it is at /{{plate}}/{word}" for word in BATCHES} | {"": errors.TRAILING_SLASH}
"""What may have been meant by a path that looks like that of the stream of this name."""

POSTED = {
    "add": views.AddView,
    "read": views.ReadView,
    "trim": views.TrimView,
    "delete": views.DeleteView,
    "command": views.CommandView,
    "tickets": tail_views.TicketView,
}
LOOKED_AT = {
    "length": views.LengthView,
    "range": views.RangeView,
    "reverse": views.ReverseView,
    "info": views.InfoView,
    "tail": tail_views.TailView,
}

GROUPED = {
    "create": group_views.CreateGroupView,
    "read": group_views.ReadGroupView,
    "ack": group_views.AcknowledgeView,
    "claim": group_views.ClaimView,
    "autoclaim": group_views.AutoClaimView,
}

urlpatterns = [
    *(route(word, POST=view) for word, view in BATCHES.items()),
    route("streams", GET=views.CollectionView),
    # A stream may be called `add` or `length`: DELETE and commands reach it all the same.
    *(
        route(f"streams/{word}", POST=view, DELETE=of_key(views.StreamView, word))
        for word, view in POSTED.items()
    ),
    *(
        route(
            f"streams/{word}/command",
            GET=of_key(view, "command"),
            POST=of_key(views.KeyCommandView, word),
        )
        for word, view in LOOKED_AT.items()
    ),
    *(route(f"streams/{word}/<name:key>", GET=view) for word, view in LOOKED_AT.items()),
    route("streams/tail", GET=tail_views.TailView, DELETE=of_key(views.StreamView, "tail")),
    *(route(f"streams/groups/{word}", POST=view) for word, view in GROUPED.items()),
    route("streams/groups/pending/<name:key>/<name:group>", GET=group_views.PendingView),
    route("streams/<name:key>/command", POST=views.KeyCommandView),
    path("<plate:plate>/streams/<name:key>", stream),
]
