"""The routes of the API. One path may serve several views, one for each method."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, register_converter
from django.views.decorators.csrf import csrf_exempt
from rest_framework.views import APIView

from streams.api import errors, group_views, tail_views, views
from streams.api.converters import NameConverter, PlateConverter

register_converter(NameConverter, "name")
register_converter(PlateConverter, "plate")


Handler = Callable[..., HttpResponse]


def by_method(**handlers: Handler) -> Handler:
    """A view that hands each method to its handler, and refuses the others (405)."""
    if "GET" in handlers:
        handlers["HEAD"] = handlers["GET"]

    @csrf_exempt
    def dispatch(request: HttpRequest, **names: Any) -> HttpResponse:
        handler = handlers.get(request.method or "")
        if handler is None:
            return errors.response(errors.method_not_allowed(tuple(sorted(handlers))))
        return handler(request, **names)

    return dispatch


def route(pattern: str, **handlers: Handler | type[APIView]) -> URLPattern:
    """A path of a plate and what serves each of its methods."""
    return path(
        f"<plate:plate>/{pattern}",
        by_method(
            **{
                method: handler.as_view() if isinstance(handler, type) else handler
                for method, handler in handlers.items()
            }
        ),
    )


def of_key(view_class: type[APIView], key: str) -> Handler:
    """The view for a path whose own text is the stream's key."""
    return partial(view_class.as_view(), key=key)


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
    route("pipeline", POST=views.PipelineView),
    route("transaction", POST=views.TransactionView),
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
    route(
        "streams/tail", GET=tail_views.TailView, DELETE=of_key(views.StreamView, "tail")
    ),
    *(route(f"streams/groups/{word}", POST=view) for word, view in GROUPED.items()),
    route("streams/groups/pending/<name:key>/<name:group>", GET=group_views.PendingView),
    route("streams/<name:key>/command", POST=views.KeyCommandView),
    route("streams/<name:key>", DELETE=views.StreamView),
]
