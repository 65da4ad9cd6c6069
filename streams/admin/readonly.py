"""What the lists of streams' data have in common: they change nothing and count no rows."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.admin import ShowFacets
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import InvalidPage
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse

from streams.admin import shown
from streams.admin.paginator import PeekingPaginator
from streams.admin.searching import all_as_shown, as_shown

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin
else:
    from unfold.admin import ModelAdmin

ROWS_PER_PAGE = 50


class UncountedChangeList(ChangeList):
    """A list that knows its page, and whether another page follows, but not how many rows exist."""

    def get_results(self, request: HttpRequest) -> None:
        paginator = self.model_admin.get_paginator(request, self.queryset, self.list_per_page)
        try:
            page = paginator.page(self.page_num)
        except InvalidPage as error:
            raise IncorrectLookupParameters from error
        self.paginator = paginator
        self.page = page
        self.result_list = page.object_list
        # The templates show the two counts only if they differ.
        self.result_count = self.full_result_count = len(self.result_list)
        self.show_full_result_count = False
        self.show_admin_actions = False
        self.can_show_all = False
        self.multi_page = page.has_other_pages()


class ReadOnlyAdmin(ModelAdmin):  # type: ignore[type-arg]
    """Lists and shows rows. Nobody can add, change or delete any, superusers included."""

    paginator = PeekingPaginator
    list_per_page = ROWS_PER_PAGE
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    # Lists are read in the order of an index. Any other order would sort the whole table.
    sortable_by = ()
    actions = None
    list_filter_submit = True
    list_filter_sheet = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        request.GET = all_as_shown(request.GET)  # type: ignore[assignment]
        return super().changelist_view(request, extra_context)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search for a list, or for a filter that looks rows up while somebody types."""
        return super().get_search_results(request, queryset, as_shown(search_term))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return UncountedChangeList

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return self.fields or ()

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Give the page a title that is safe to show: names may hold any character."""
        response = super().render_change_form(request, context, *args, **kwargs)
        row = context["original"]
        title = f"{row._meta.verbose_name} {shown.plain(str(row))}"
        context.update(subtitle=title, original=_Titled(row.pk, row._meta, title))
        return response


@dataclass(frozen=True, slots=True)
class _Titled:
    """The parts of a row that the templates use for the page's title and its path."""

    pk: Any
    _meta: Any
    title: str

    def __str__(self) -> str:
        return self.title
