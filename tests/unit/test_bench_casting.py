"""The casting benchmark: its matching is the best there is, and its corpus is read where the README says."""

from __future__ import annotations

import random
from itertools import permutations
from pathlib import Path

import pytest

from tests.bench.casting import cast_of, score
from tests.bench.casting_baselines import previous
from tests.bench.casting_data import excerpts
from tests.bench.casting_layout import paragraphed
from tests.bench.casting_match import best_matching

TEXT = "“ Stop , ” said Mr. Hart .\nShe sat .\n“ Why ?\nNow ? ” asked Tom 's aunt .\n"
TRUTH = """QUOTE\tQ1\t0\t0\t0\t3\t“ Stop , ”
QUOTE\tQ2\t2\t0\t3\t2\t“ Why ? Now ? ”
ATTRIB\tQ1\tMr__Hart-1
ATTRIB\tQ2\tTom_s_aunt-2
"""


@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (2, 4), (5, 3)])
def test_no_other_matching_has_more_in_common(shape: tuple[int, int]) -> None:
    drawn = random.Random(7)
    rows, columns = shape
    for _ in range(20):
        common = [[drawn.randrange(9) for _ in range(columns)] for _ in range(rows)]
        matched = best_matching(common)
        assert len(set(matched.values())) == len(matched) == min(rows, columns)
        size = max(rows, columns)
        padded = [[common[i][j] if i < rows and j < columns else 0 for j in range(size)] for i in range(size)]
        best = max(sum(padded[i][j] for i, j in enumerate(order)) for order in permutations(range(size)))
        assert sum(common[i][j] for i, j in matched.items()) == best
    assert best_matching([]) == {}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "litbank").mkdir()
    (tmp_path / "litbank" / "158_emma_brat.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "litbank" / "158_emma_brat.ann").write_text(TRUTH, encoding="utf-8")
    return tmp_path


def test_quotations_are_read_in_code_points_and_speakers_as_names(folder: Path) -> None:
    (book,) = excerpts(folder)
    assert [book.text[one.start : one.end] for one in book.quotations] == ["“ Stop , ”", "“ Why ?\nNow ? ”"]
    assert (book.author, book.speakers) == ("Austen", ("Mr__Hart-1", "Tom_s_aunt-2"))
    assert [character.name for character in cast_of(book)] == ["Mr. Hart", "Tom's aunt"]
    assert (score(previous, book).total, score(previous, book).given) == (2, 1)


def test_the_layout_with_paragraphs_keeps_every_quotation(folder: Path) -> None:
    (book,) = excerpts(folder)
    laid = paragraphed(book)
    assert laid.text == "“ Stop , ” said Mr. Hart .\n\nShe sat .\n\n“ Why ? Now ? ” asked Tom 's aunt .\n\n"
    assert [laid.text[one.start : one.end] for one in laid.quotations] == ["“ Stop , ”", "“ Why ? Now ? ”"]


def test_a_folder_without_the_corpus_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="holds no"):
        excerpts(tmp_path)
