"""Pages without a count: a page looks one row beyond its end to know whether there is a next."""

from typing import Any

from django.core.paginator import Page, Paginator

MAX_PAGES = 1000
"""How far one can turn pages: each skips all rows before it. Filters and search lead further."""


class PeekingPaginator(Paginator):  # type: ignore[type-arg]
    """Hands out pages of a table of any size at the price of their place in it."""

    template_name = "console/pages.html"

    @property
    def count(self) -> int:
        """The most rows that can be reached; nobody counts how many there are."""
        return MAX_PAGES * self.per_page

    @property
    def num_pages(self) -> int:
        """The most pages that can be reached."""
        return MAX_PAGES

    def page(self, number: Any) -> "PeekingPage":
        """That page. Raises InvalidPage."""
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
