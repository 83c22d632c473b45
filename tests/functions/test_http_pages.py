"""A short list that is there as a whole comes in pages like any other, by tokens that belong to it alone."""

from __future__ import annotations

import pytest

from functions._http.pagination import Listing, PageQuery, page_of
from shared.domain.errors import InvalidInput

NAMES = ["ada", "bea", "cyd", "dot", "eve"]


class ByLetter(PageQuery):
    letter: str = ""


def page(query: PageQuery, owner: str = "usr_1", names: list[str] = NAMES) -> Listing[str]:
    return page_of(names, query, owner, lambda name: name)


def token_of(**said: str) -> str:
    token = page(ByLetter(page_size=2, **said)).next_page_token
    assert token
    return token


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6])
def test_pages_together_are_the_list(size: int) -> None:
    found: list[str] = []
    token: str | None = ""
    while token is not None:
        got = page(PageQuery(page_size=size, page_token=token))
        assert 0 < len(got.items) <= size
        found += got.items
        token = got.next_page_token
    assert found == NAMES
    assert page(PageQuery(page_size=size), names=[]) == Listing(items=[])


def test_a_token_is_good_for_its_own_list_owner_and_filter() -> None:
    token = token_of(letter="a")
    assert page(ByLetter(letter="a", page_token=token, page_size=9)).items == NAMES[2:]
    others: list[tuple[PageQuery, str, list[str]]] = [
        (ByLetter(letter="a", page_token=token), "usr_2", NAMES),
        (ByLetter(letter="b", page_token=token), "usr_1", NAMES),
        (PageQuery(page_token=token), "usr_1", NAMES),
        (ByLetter(letter="a", page_token=token[:-1] + "?"), "usr_1", NAMES),
        (ByLetter(letter="a", page_token=token), "usr_1", ["ada", "cyd"]),
    ]
    for query, owner, names in others:
        with pytest.raises(InvalidInput, match="page token"):
            page(query, owner, names)
