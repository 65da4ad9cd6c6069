"""The console's side bar: from the whole to its parts, and what the operator may see of them."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

SECTIONS = {
    "Data": {
        "streams.plate": ("Plates", "stacks"),
        "streams.stream": ("Streams", "view_stream"),
        "streams.consumergroup": ("Consumer groups", "groups"),
        "streams.consumer": ("Consumers", "person"),
    },
    "Access": {
        "streams.apikey": ("API keys", "key"),
        "auth.user": ("Operators", "badge"),
        "auth.group": ("Permissions", "shield_person"),
    },
}
"""Models, with their titles and symbols of Material Symbols."""


def sections(request: HttpRequest) -> list[dict[str, Any]]:
    """The sections with their links, as Unfold takes them."""
    return [
        {"title": title, "separator": True, "items": items}
        for title, models in SECTIONS.items()
        if (items := [_link(model, *how) for model, how in models.items() if _may(request, model)])
    ]


def _may(request: HttpRequest, model: str) -> bool:
    app, name = model.split(".")
    return any(request.user.has_perm(f"{app}.{may}_{name}") for may in ("view", "change"))


def _link(model: str, title: str, icon: str) -> dict[str, Any]:
    return {
        "title": title,
        "icon": icon,
        "link": reverse(f"admin:{model.replace('.', '_')}_changelist"),
    }
