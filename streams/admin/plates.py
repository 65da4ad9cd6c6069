"""Plates and their API keys."""

from typing import Any

from django.contrib import admin
from django.utils.safestring import SafeString

from streams.admin import shown
from streams.admin.filters import BY_PLATE
from streams.admin.readonly import ReadOnlyAdmin
from streams.commands.plates import state_of
from streams.models import ApiKey, Plate


@admin.register(Plate)
class PlateAdmin(ReadOnlyAdmin):
    """The plates, by name."""

    list_display = ("name", "is_enabled", "created", "streams", "api_keys")
    list_filter = ("is_enabled",)
    search_fields = ("name",)
    search_help_text = "Part of a name"
    ordering = ("name",)
    fields = ("name", "is_enabled", "created", "streams", "api_keys")

    @admin.display(description="created")
    def created(self, plate: Plate) -> str:
        return shown.instant(plate.created_at)

    @admin.display(description="streams")
    def streams(self, plate: Plate) -> SafeString:
        return shown.link("Streams", "stream_changelist", query={"plate__id__exact": plate.pk})

    @admin.display(description="API keys")
    def api_keys(self, plate: Plate) -> SafeString:
        return shown.link("API keys", "apikey_changelist", query={"plate__id__exact": plate.pk})


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    """The API keys, latest first. Their digests are not shown, because nobody needs them."""

    list_display = ("shown_prefix", "shown_name", "scope", "plate", "state", "created", "expires")
    list_filter = (BY_PLATE, "scope")
    list_select_related = ("plate",)
    search_fields = ("prefix", "name")
    search_help_text = "Part of a prefix or name"
    ordering = ("-id",)
    fields = (
        "shown_prefix",
        "shown_name",
        "scope",
        "plate",
        "state",
        "created",
        "expires",
        "revoked",
    )

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).defer("digest")

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        """Refuse filters by digest, with which somebody could guess a digest piece by piece."""
        return not lookup.startswith("digest") and super().lookup_allowed(lookup, value, request)

    @admin.display(description="prefix")
    def shown_prefix(self, key: ApiKey) -> str:
        return f"{key.prefix}…"

    @admin.display(description="name")
    def shown_name(self, key: ApiKey) -> SafeString:
        return shown.whole(key.name) if key.name else shown.isolated("-")

    @admin.display(description="state")
    def state(self, key: ApiKey) -> str:
        return state_of(key).capitalize()

    @admin.display(description="created")
    def created(self, key: ApiKey) -> str:
        return shown.instant(key.created_at)

    @admin.display(description="expires")
    def expires(self, key: ApiKey) -> str:
        return shown.instant(key.expires_at, "never")

    @admin.display(description="revoked")
    def revoked(self, key: ApiKey) -> str:
        return shown.instant(key.revoked_at, "no")
