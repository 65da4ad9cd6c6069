"""The console's pages for streams."""

from django.contrib import admin
from django.utils.safestring import SafeString

from streams.admin import shown
from streams.admin.filters import BY_PLATE
from streams.admin.readonly import ReadOnlyAdmin
from streams.models import Stream


@admin.register(Stream)
class StreamAdmin(ReadOnlyAdmin):
    """The streams, in the order of the unique index: by plate and the bytes of the key."""

    list_display = ("short_key", "plate", "length", "last_generated_id", "entries_added", "groups")
    list_filter = (BY_PLATE,)
    list_select_related = ("plate",)
    search_fields = ("key__shows",)
    search_help_text = "Part of a key"
    ordering = ("plate_id", "key")
    fields = (
        "whole_key",
        "plate",
        "length",
        "last_generated_id",
        "recorded_first_entry_id",
        "max_deleted_entry_id",
        "entries_added",
        "created",
        "groups",
    )

    @admin.display(description="key")
    def short_key(self, stream: Stream) -> SafeString:
        return shown.short(stream.key)

    @admin.display(description="key")
    def whole_key(self, stream: Stream) -> SafeString:
        return shown.whole(stream.key)

    @admin.display(description="last generated ID")
    def last_generated_id(self, stream: Stream) -> str:
        return shown.entry_id(stream.last_generated_ms, stream.last_generated_seq)

    @admin.display(description="recorded first entry ID")
    def recorded_first_entry_id(self, stream: Stream) -> str:
        return shown.entry_id(stream.recorded_first_ms, stream.recorded_first_seq)

    @admin.display(description="max deleted entry ID")
    def max_deleted_entry_id(self, stream: Stream) -> str:
        return shown.entry_id(stream.max_deleted_ms, stream.max_deleted_seq)

    @admin.display(description="created")
    def created(self, stream: Stream) -> str:
        return shown.instant(stream.created_at)

    @admin.display(description="consumer groups")
    def groups(self, stream: Stream) -> SafeString:
        query = {"plate__id__exact": stream.plate_id, "stream": stream.pk}
        return shown.link("Groups", "consumergroup_changelist", query=query)
