"""Names for quotations that last: an edit elsewhere in the text changes none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from shared.domain.artifact import digest_of

_DIGITS = 12


def quotation_keys(quotations: Iterable[str]) -> Iterator[str]:
    """A key for each quotation's text, in order: a hash of its words, with "-2" for the second of equal ones."""
    met: Counter[str] = Counter()
    for quotation in quotations:
        digest = digest_of(" ".join(quotation.split()))[:_DIGITS]
        met[digest] += 1
        yield digest if met[digest] == 1 else f"{digest}-{met[digest]}"
