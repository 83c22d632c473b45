"""What goes along with each segment of a plan to its translator: the segments beside it, and the terms met in it."""

from __future__ import annotations

from collections.abc import Sequence

from shared.domain.glossary import Glossary, GlossaryTerm
from shared.domain.plan import Segment
from shared.domain.translation_hints import Hints

_NEIGHBOUR = 300  # characters: a sentence or two


class SegmentHints:
    """`terms` are the project's, whatever their languages."""

    def __init__(self, segments: Sequence[Segment], terms: Sequence[GlossaryTerm], language: str) -> None:
        self._segments = segments
        self._places = {segment.segment_id: place for place, segment in enumerate(segments)}
        self._terms = terms
        self._language = language
        self._glossaries: dict[str, Glossary] = {}

    def of(self, segment: Segment, target: str) -> Hints:
        place = self._places[segment.segment_id]
        before = self._segments[place - 1].text[-_NEIGHBOUR:] if place else ""
        after = self._segments[place + 1].text[:_NEIGHBOUR] if place + 1 < len(self._segments) else ""
        if target not in self._glossaries:
            self._glossaries[target] = Glossary(self._terms, self._language, target)
        return Hints(before=before, after=after, terms=self._glossaries[target].hits(segment.text))
