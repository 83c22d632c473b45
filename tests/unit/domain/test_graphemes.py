"""Cuts never tear a character as a reader sees it."""

from __future__ import annotations

import pytest

from shared.domain.graphemes import is_boundary, last_boundary

CLUSTERS = [
    "e\u0301",
    "n\u0303\u0323",
    "👍🏽",
    "👩\u200d🚀",
    "🇪🇸",
    "\u1112\u1161\u11ab",
    "\r\n",
    "नि",
    "❤\ufe0f",
    "\u0600ا",
]


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_no_boundary_inside_a_cluster(cluster: str) -> None:
    text = f"a{cluster}b"
    inside = range(2, 1 + len(cluster))
    assert not any(is_boundary(text, at) for at in inside)
    assert is_boundary(text, 1)
    assert is_boundary(text, 1 + len(cluster))


def test_flags_pair_from_the_left() -> None:
    assert [at for at in range(5) if is_boundary("🇪🇸🇫🇷", at)] == [0, 2, 4]


def test_a_mark_after_a_line_end_sits_on_nothing() -> None:
    assert is_boundary("a\n\u0301", 2)
    assert not is_boundary("a \u0301", 2)


def test_the_last_boundary_backs_off_to_the_cluster_and_no_further() -> None:
    assert last_boundary("ab👍🏽c", 3, 0) == 2
    assert last_boundary("e" + "\u0301" * 9, 5, 0) == 5  # one cluster fills it all
