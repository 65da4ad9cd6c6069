"""The console's side bar: links to the lists that the operator may see."""

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
"""The models of each section, each with its icon, a name from Material Symbols."""


def sections(request: HttpRequest) -> list[dict[str, Any]]:
    """The sections with their links, in the form that Unfold expects."""
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
