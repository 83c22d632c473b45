"""Lists in pages: `page_size` and `page_token` in, `{items, next_page_token}` out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from shared.domain.artifact import digest_of
from shared.domain.errors import InvalidInput

T = TypeVar("T")
DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 200


class PageQuery(BaseModel):
    """Derive from it to add filters to a list's query."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    page_size: int = Field(DEFAULT_PAGE_SIZE, ge=1, le=MAX_PAGE_SIZE, description="Items on one page, at most.")
    page_token: str = Field("", max_length=2048, description="next_page_token of the page before; opaque.")

    @property
    def cursor(self) -> str | None:
        """The token as `Documents.query` takes it: None for the first page."""
        return self.page_token or None


class Listing(BaseModel, Generic[T]):
    """One page. `next_page_token` is null on the last one."""

    items: list[T]
    next_page_token: str | None = None


def page_of(items: Sequence[T], query: PageQuery, owner: str, name: Callable[[T], str]) -> Listing[T]:
    """One page of a short list that is there as a whole. `name` tells its items apart, `owner` whose list it is.

    A token is a digest of the list it belongs to and of the last item shown. Raises InvalidInput for one of another
    list, filter or owner, or whose item has gone.
    """
    scope = [type(query).__name__, owner, query.model_dump(mode="json", exclude={"page_size", "page_token"})]

    def mark(item: T) -> str:
        return digest_of([*scope, name(item)])[:32]

    start = 0
    if query.page_token:
        start = next((place for place, item in enumerate(items, 1) if mark(item) == query.page_token), 0)
        if not start:
            raise InvalidInput("The page token does not belong to this list as it is now; start again without one.")
    shown = items[start : start + query.page_size]
    return Listing[Any](items=list(shown), next_page_token=mark(shown[-1]) if start + len(shown) < len(items) else None)
