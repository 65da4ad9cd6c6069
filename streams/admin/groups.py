"""Consumer groups and their consumers."""

from django.contrib import admin
from django.utils.safestring import SafeString

from streams.admin import shown
from streams.admin.filters import BY_PLATE, GroupFilter, StreamFilter
from streams.admin.readonly import ReadOnlyAdmin
from streams.models import Consumer, ConsumerGroup, Stream


@admin.register(ConsumerGroup)
class ConsumerGroupAdmin(ReadOnlyAdmin):
    """The consumer groups, in the order of the unique index: by plate, stream and name."""

    list_display = (
        "short_name",
        "of_stream",
        "plate",
        "last_delivered_id",
        "shown_entries_read",
        "consumers",
    )
    list_filter = (BY_PLATE, StreamFilter)
    list_select_related = ("plate", "stream")
    search_fields = ("name__shows", "stream__key__shows")
    search_help_text = "Part of a group's name or stream's key"
    ordering = ("plate_id", "stream_id", "name")
    fields = (
        "whole_name",
        "of_stream",
        "plate",
        "last_delivered_id",
        "shown_entries_read",
        "created",
        "consumers",
    )

    @admin.display(description="name")
    def short_name(self, group: ConsumerGroup) -> SafeString:
        return shown.short(group.name)

    @admin.display(description="name")
    def whole_name(self, group: ConsumerGroup) -> SafeString:
        return shown.whole(group.name)

    @admin.display(description="stream")
    def of_stream(self, group: ConsumerGroup) -> SafeString:
        return _to_stream(group.stream)

    @admin.display(description="last delivered ID")
    def last_delivered_id(self, group: ConsumerGroup) -> str:
        return shown.entry_id(group.last_delivered_ms, group.last_delivered_seq)

    @admin.display(description="entries read")
    def shown_entries_read(self, group: ConsumerGroup) -> str:
        return "unknown" if group.entries_read is None else str(group.entries_read)

    @admin.display(description="created")
    def created(self, group: ConsumerGroup) -> str:
        return shown.instant(group.created_at)

    @admin.display(description="consumers")
    def consumers(self, group: ConsumerGroup) -> SafeString:
        query = {"plate__id__exact": group.plate_id, "group": group.pk}
        return shown.link("Consumers", "consumer_changelist", query=query)


@admin.register(Consumer)
class ConsumerAdmin(ReadOnlyAdmin):
    """The consumers, in the order of the unique index: by plate, group and name."""

    list_display = (
        "short_name",
        "of_group",
        "of_stream",
        "plate",
        "pending_count",
        "seen",
        "active",
    )
    list_filter = (BY_PLATE, GroupFilter)
    list_select_related = ("plate", "group__stream")
    search_fields = ("name__shows", "group__name__shows", "group__stream__key__shows")
    search_help_text = "Part of a consumer's or group's name or stream's key"
    ordering = ("plate_id", "group_id", "name")
    fields = ("whole_name", "of_group", "of_stream", "plate", "pending_count", "seen", "active")

    @admin.display(description="name")
    def short_name(self, consumer: Consumer) -> SafeString:
        return shown.short(consumer.name)

    @admin.display(description="name")
    def whole_name(self, consumer: Consumer) -> SafeString:
        return shown.whole(consumer.name)

    @admin.display(description="group")
    def of_group(self, consumer: Consumer) -> SafeString:
        name = shown.short(consumer.group.name)
        return shown.link(name, "consumergroup_change", consumer.group_id)

    @admin.display(description="stream")
    def of_stream(self, consumer: Consumer) -> SafeString:
        return _to_stream(consumer.group.stream)

    @admin.display(description="seen at")
    def seen(self, consumer: Consumer) -> str:
        return shown.unix_ms(consumer.seen_at)

    @admin.display(description="active at")
    def active(self, consumer: Consumer) -> str:
        return shown.unix_ms(consumer.active_at, "never")


def _to_stream(stream: Stream) -> SafeString:
    return shown.link(shown.short(stream.key), "stream_change", stream.pk)
