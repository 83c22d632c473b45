"""One text through one engine, and what must be kept looked for in the answer: at most two ways, then it is flagged.

as it is   for engines that follow a glossary by themselves; for all, where there is nothing to keep
masked     placeholders and terms as odd words that engines carry through
parted     cut at them, and at numbers; what lies between is translated by itself
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shared.domain.errors import BadOutput, Fault
from shared.domain.protected_text import masked, parted, pieces_to_keep, unmasked
from shared.domain.translation_check import check_translation
from shared.domain.translation_hints import Hints
from shared.ports.translation import Translated, Translation, TranslationEngine

METHOD = 1  # raise it when the same text is put to an engine otherwise; it takes part in the address


@dataclass(frozen=True)
class CheckedTranslation(Translated):
    """R5.2's four fields; `flags` say what was still lost after the second way, so that nobody ships it unseen."""

    flags: tuple[str, ...] = ()


def translate_checked(
    translation: Translation, engine: TranslationEngine, text: str, source: str, target: str, hints: Hints
) -> CheckedTranslation:
    """The first of two ways that keeps all, else the one that lost less, flagged, with a confidence of 0.

    Raises what the engine does; BadOutput where no way gave any words.
    """
    tried: list[tuple[list[Fault], Translated]] = []
    for found in _ways(translation, engine, text, source, target, hints):
        faults = check_translation(text, found.translated_text, hints.terms)
        if not faults:
            return CheckedTranslation(found.translated_text, source, target, found.confidence)
        tried.append((faults, found))
        if len(tried) == 2:
            break
    faults, found = min(tried, key=lambda one: len(one[0]))
    if any(fault.code == "empty" for fault in faults):
        raise BadOutput(f"The translation of a segment of {len(text)} characters to {target!r} came back empty.")
    flags = tuple(f"{fault.detail} ({fault.found})" for fault in faults)
    return CheckedTranslation(found.translated_text, source, target, 0.0, flags)


def unflagged(found: CheckedTranslation, segment_id: str) -> str:
    """The translated text of a segment. Raises BadOutput, naming the segment and what it lost, where it is flagged."""
    if not found.flags:
        return found.translated_text
    detail = (
        f"The translation of the segment {segment_id} to {found.target_language!r} lost {len(found.flags)} thing(s), tried "
        "two ways. Change its text or the glossary, or translate by another engine."
    )
    faults = [Fault(pointer="", code="not-kept", detail="lost in translation", found=flag) for flag in found.flags]
    raise BadOutput(detail, faults=faults)


def _ways(
    translation: Translation, engine: TranslationEngine, text: str, source: str, target: str, hints: Hints
) -> Iterator[Translated]:
    kept = pieces_to_keep(text, hints.terms)
    mask = masked(text, kept) if kept else None
    if engine.glossary or not kept:
        yield translation.translate(text, source, target, hints)
    if mask is not None:
        around = Hints(before=hints.before, after=hints.after)
        found = translation.translate(mask, source, target, around)
        yield Translated(unmasked(found.translated_text, kept), source, target, found.confidence)
    yield _in_parts(translation, text, source, target, hints)


def _in_parts(translation: Translation, text: str, source: str, target: str, hints: Hints) -> Translated:
    """Cut where something must be kept; the confidence is that of the parts by their lengths."""
    done: list[str] = []
    weights: list[tuple[int, float]] = []
    for is_text, part in parted(text, hints.terms):
        if not is_text or not any(letter.isalpha() for letter in part):
            done.append(part)
            continue
        found = translation.translate(part, source, target)
        done.append(found.translated_text)
        weights.append((len(part), found.confidence))
    return Translated("".join(done), source, target, _weighted(weights))


def _weighted(weights: Sequence[tuple[int, float]]) -> float:
    whole = sum(length for length, _ in weights)
    return round(sum(length * confidence for length, confidence in weights) / whole, 4) if whole else 1.0
