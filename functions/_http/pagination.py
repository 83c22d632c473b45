"""Lists in pages: `page_size` and `page_token` in, `{items, next_page_token}` out."""

from __future__ import annotations

from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

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
