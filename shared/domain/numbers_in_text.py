"""Numbers as different languages write them: "1,000.5", "1.000,5" and "1 000,5" are one number.

A lone separator before three digits may part thousands or be a decimal mark ("1.500"): such a number has both readings,
and equals one that shares a reading with it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence

_GROUPING = "\u00a0\u2009\u202f'’٬"  # these never are a decimal mark
_NUMBER = re.compile(rf"\d{{1,3}}(?: \d{{3}})+(?:[.,]\d+)?(?!\d)|\d+(?:[.,:٫{_GROUPING}]\d+)*")


def numbers_in(text: str) -> list[str]:
    """The numbers of `text` as they are written, in order; signs and units are no part of them."""
    return _NUMBER.findall(text)


def missing_numbers(source: str, translated: str) -> list[str]:
    """The numbers of `source` that `translated` does not have, each as often as it lacks them. More may be there: a
    translation may write "twelve" in digits.
    """
    there: defaultdict[str, list[int]] = defaultdict(list)
    for place, number in enumerate(numbers_in(translated)):
        for reading in _readings(number):
            there[reading].append(place)
    taken: set[int] = set()
    missing: list[str] = []
    for number in sorted(numbers_in(source), key=lambda number: len(_readings(number))):  # the unambiguous first
        found = _next_place([there[reading] for reading in sorted(_readings(number))], taken)
        if found is None:
            missing.append(number)
        else:
            taken.add(found)
    return missing


def _next_place(choices: Sequence[list[int]], taken: set[int]) -> int | None:
    """The last place of `choices` that is not taken; those that are, are dropped from them for good."""
    for places in choices:
        while places:
            place = places.pop()
            if place not in taken:
                return place
    return None


def _readings(number: str) -> set[str]:
    """What a number may mean: digits, with a point before its decimals."""
    plain = "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in number)
    marks = [char for char in plain if not char.isdecimal()]
    bare = re.sub(rf"[ {_GROUPING}]", "", plain).replace("٫", ".").replace(":", ".")  # "12:30" is "12.30" in German
    kinds = [char for char in bare if char in ".,"]
    if not kinds:
        return {_canonical([bare], "")}
    groups = re.split("[.,]", bare)
    if len(set(kinds)) > 1 or len(marks) > len(kinds):  # the last mark is the decimal one
        return {_canonical(groups[:-1], groups[-1])}
    whole = {_canonical(groups, "")} if all(len(group) == 3 for group in groups[1:]) and len(groups[0]) <= 3 else set()
    if len(kinds) > 1:
        return whole or {_canonical([bare], "")}  # "2.0.1", a date: as it is written
    return whole | {_canonical(groups[:1], groups[1])}


def _canonical(groups: Sequence[str], decimals: str) -> str:
    whole = "".join(groups).lstrip("0") or "0"
    return f"{whole}.{decimals}".rstrip("0").rstrip(".") if decimals else whole
