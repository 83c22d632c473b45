"""Markdown inside a line, without its marks: what stays is what one would say. One pass, every mark paired at most once."""

from __future__ import annotations

import html
from collections.abc import Iterator

_ESCAPED = frozenset("\\`*_{}[]()#+-.!|<>~")


def without_marks(text: str, marks: str) -> str:
    """The text without the emphasis marks of `marks` that have a partner; those inside words and alone stay."""
    if not any(mark in text for mark in marks):
        return text
    runs = list(_runs(text, marks))
    dropped: set[int] = set()
    open_runs: dict[str, list[int]] = {mark: [] for mark in marks}
    for number, (start, end) in enumerate(runs):
        opens, closes = _flanks(text, start, end)
        waiting = open_runs[text[start]]
        if closes and waiting:
            dropped |= {waiting.pop(), number}
        elif opens:
            waiting.append(number)
    return _without(text, [runs[number] for number in sorted(dropped)])


def _runs(text: str, marks: str) -> Iterator[tuple[int, int]]:
    at = 0
    while at < len(text):
        end = at + 1
        if text[at] in marks:
            while end < len(text) and text[end] == text[at]:
                end += 1
            if at == 0 or text[at - 1] != "\\":
                yield at, end
        at = end


def _flanks(text: str, start: int, end: int) -> tuple[bool, bool]:
    """(may open, may close), as CommonMark has it: an underscore inside a word is part of it."""
    before, after = text[start - 1 : start] or " ", text[end : end + 1] or " "
    opens = not after.isspace() and (before.isspace() or not before.isalnum() or text[start] != "_")
    closes = not before.isspace() and (after.isspace() or not after.isalnum() or text[start] != "_")
    return opens, closes


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    pieces, at = [], 0
    for start, end in spans:
        pieces.append(text[at:start])
        at = end
    return "".join([*pieces, text[at:]])


def spoken(text: str) -> tuple[str, int]:
    """(what a line of Markdown says, references to notes that were dropped). Links and code keep their text; pictures go."""
    linked, notes = _without_links(text)
    plain = without_marks(linked, "*_~")
    return html.unescape(_unescaped(plain.replace("`", ""))), notes


def _unescaped(text: str) -> str:
    pieces, at = [], 0
    while (slash := text.find("\\", at)) >= 0:
        is_escape = text[slash + 1 : slash + 2] in _ESCAPED and slash + 1 < len(text)
        pieces.append(text[at:slash] + (text[slash + 1] if is_escape else "\\"))
        at = slash + (2 if is_escape else 1)
    return "".join([*pieces, text[at:]])


def _without_links(text: str) -> tuple[str, int]:
    """Square brackets that a target in round or square ones follows give their text; "[^1]" is a note's reference."""
    out: list[str] = []
    opened: list[int] = []  # where in `out` an open bracket stands
    notes = at = 0
    while at < len(text):
        sign = text[at]
        if sign == "\\":
            out.append(text[at : at + 2])
            at += 2
            continue
        out.append(sign)
        at += 1
        if sign == "[":
            opened.append(len(out) - 1)
        elif sign == "]" and opened:
            start = opened.pop()
            inner = out[start + 1 : start + 2]
            if inner == ["^"]:
                notes += 1
                del out[start:]
            else:
                at = _close_link(text, at, out, start)
    return "".join(out), notes


def _close_link(text: str, at: int, out: list[str], start: int) -> int:
    """Undo the brackets of a link, or all of a picture; where to go on. Brackets without a target stay."""
    closer = {"(": ")", "[": "]"}.get(text[at : at + 1], "")
    end = text.find(closer, at + 1, at + 4096) if closer else -1
    if end < 0:
        return at
    if start and out[start - 1] == "!":
        del out[start - 1 :]
    else:
        out.pop()
        out[start] = ""
    return end + 1
