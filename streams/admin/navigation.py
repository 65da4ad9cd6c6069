"""The console's side bar: from the whole to its parts, and what the operator may see of them."""

from typing import Any

from django.apps import apps
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst

SECTIONS = {
    "Data": {
        "streams.plate": "stacks",
        "streams.stream": "view_stream",
        "streams.consumergroup": "groups",
        "streams.consumer": "person",
    },
    "Access": {
        "streams.apikey": "key",
        "auth.user": "badge",
        "auth.group": "shield_person",
    },
}
"""Models, with their symbols of Material Symbols. Their titles are those of their pages."""


def sections(request: HttpRequest) -> list[dict[str, Any]]:
    """The sections with their links, as Unfold takes them."""
    return [
        {"title": title, "separator": True, "items": items}
        for title, models in SECTIONS.items()
        if (items := [_link(model, icon) for model, icon in models.items() if _may(request, model)])
    ]


def _may(request: HttpRequest, model: str) -> bool:
    app, name = model.split(".")
    return any(request.user.has_perm(f"{app}.{may}_{name}") for may in ("view", "change"))


def _link(model: str, icon: str) -> dict[str, Any]:
    return {
        "title": capfirst(str(apps.get_model(model)._meta.verbose_name_plural)),
        "icon": icon,
        "link": reverse(f"admin:{model.replace('.', '_')}_changelist"),
    }
