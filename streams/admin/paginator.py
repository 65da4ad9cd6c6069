"""Pages without a count of all rows. Each reads one row more, to know whether a page follows."""

from typing import Any

from django.core.paginator import Page, Paginator

MAX_PAGES = 1000
"""The last page. The database skips all rows before a page; filters and search reach further."""


class PeekingPaginator(Paginator):  # type: ignore[type-arg]
    """Gives pages of a table of any size. A page costs more the further it is from the first."""

    template_name = "console/pages.html"

    @property
    def count(self) -> int:
        """How many rows can be reached at most; the real number of rows is never counted."""
        return MAX_PAGES * self.per_page

    @property
    def num_pages(self) -> int:
        """How many pages can be reached at most."""
        return MAX_PAGES

    def page(self, number: Any) -> "PeekingPage":
        """The page of this number. Raises InvalidPage."""
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        rows = list(self.object_list[start : start + self.per_page + 1])
        return PeekingPage(rows[: self.per_page], number, self, len(rows) > self.per_page)


class PeekingPage(Page):  # type: ignore[type-arg]
    """A page that knows whether rows follow."""

    def __init__(
        self, rows: list[Any], number: int, paginator: PeekingPaginator, is_followed: bool
    ) -> None:
        super().__init__(rows, number, paginator)
        self._is_followed = is_followed

    def has_next(self) -> bool:
        return self._is_followed and self.number < MAX_PAGES
