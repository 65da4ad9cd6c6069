"""The filters of the lists."""

from typing import TYPE_CHECKING, Any

from django.db.models import Model, QuerySet
from django.http import HttpRequest

from streams.admin import shown
from streams.models import ConsumerGroup, Stream

if TYPE_CHECKING:
    from django.contrib.admin import RelatedFieldListFilter as PlateFilter
    from django.contrib.admin import SimpleListFilter as DropdownFilter
else:
    from unfold.contrib.filters.admin import AutocompleteSelectFilter as PlateFilter
    from unfold.contrib.filters.admin import DropdownFilter

BY_PLATE = ("plate", PlateFilter)
"""There may be many plates, so the filter looks them up while somebody types."""


class _ParentFilter(DropdownFilter):
    """Narrows a list to the rows of one parent. Links set it; the page shows it only when set."""

    parents: QuerySet[Any]
    parent: Model | None

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        given = self.value()
        if not given:
            return []
        self.parent = _found(self.parents, given)
        # Without a parent there is a text, too: Django applies only the filters that it shows.
        text = shown.plain(str(self.parent)) if self.parent else "not found"
        return [(given, text)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        if not self.parent:
            return queryset.none()
        return queryset.filter(**{f"{self.parameter_name}_id": self.parent.pk})


def _found(parents: QuerySet[Any], given: str) -> Model | None:
    return parents.filter(pk=given).first() if given.isascii() and given.isdigit() else None


class StreamFilter(_ParentFilter):
    """The groups of a stream."""

    title = "stream"
    parameter_name = "stream"
    parents = Stream.objects.all()


class GroupFilter(_ParentFilter):
    """The consumers of a group."""

    title = "consumer group"
    parameter_name = "group"
    parents = ConsumerGroup.objects.all()
