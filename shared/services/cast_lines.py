"""Who speaks each line of a chapter: by the project's cast, by what users said, by rules, and by a language model where one is.

What a model decided is kept, so that nothing is asked twice and planning again gives the same plan.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from shared.domain.cast import Cast, ChapterLines
from shared.domain.casting.attribution import Attribution, attribute, cast_of
from shared.domain.casting.character import Character
from shared.domain.casting.review import decided, doubtful
from shared.domain.chapter_cast import counted, in_the_casts_names, members_in, named, said_by_hand
from shared.domain.plan import Segment
from shared.domain.project import Chapter
from shared.ports.clock import Clock
from shared.ports.documents import Documents, Transaction, Where
from shared.services.cast_by_llm import CONFIDENCE, CastByLlm, DecidedBy

CASTS, LINES = "casts", "cast_lines"
_AT_ONCE = 200


@dataclass(frozen=True)
class CastLines:
    """Every quotation with its speaker, and whose word that is by its key; what the model was asked, and why it ended early."""

    attributions: Sequence[Attribution]
    decided_by: Mapping[str, DecidedBy]
    asked: int = 0
    windows: int = 0
    stopped: str = ""


@dataclass(frozen=True)
class _Text:
    """A chapter as it is cast: its text and language, who may speak, and what is known already, by names."""

    text: str
    language: str
    members: Sequence[Character] | None
    said: Mapping[str, str]
    decisions: Mapping[str, str]


class CastChapterLines:
    def __init__(self, documents: Documents, clock: Clock, second_opinion: CastByLlm) -> None:
        self._documents = documents
        self._clock = clock
        self._second_opinion = second_opinion

    def cast_of(self, owner: str, project_id: str) -> Cast | None:
        """The project's cast, once it was found or made; the caller knows that the project is theirs."""
        document = self._documents.get(CASTS, project_id)
        cast = Cast.model_validate(document.data) if document else None
        return cast if cast and cast.owner == owner and cast.generated_at else None

    def voices(self, owner: str, project_id: str) -> dict[str, dict[str, str]]:
        """The voices of the project's cast, by language and by every name that a segment may have for its speaker."""
        cast = self.cast_of(owner, project_id)
        return cast.voices() if cast else {}

    def kept(self, chapter: Chapter) -> ChapterLines | None:
        """What is known of a chapter's quotations."""
        document = self._documents.get(LINES, chapter.id)
        return ChapterLines.model_validate(document.data) if document else None

    def all_kept(self, owner: str, project_id: str) -> list[ChapterLines]:
        """What is known of all chapters."""
        found: list[ChapterLines] = []
        cursor: str | None = None
        where = [Where("owner", "==", owner), Where("project_id", "==", project_id)]
        while True:
            page = self._documents.query(LINES, where, limit=_AT_ONCE, cursor=cursor)
            found += [ChapterLines.model_validate(document.data) for document in page.items]
            cursor = page.cursor
            if cursor is None:
                return found

    def read(self, chapter: Chapter, text: str, language: str, segments: Sequence[Segment] = ()) -> CastLines:
        """Who speaks, from what is known: nothing is asked and nothing written. `segments` are the plan there is."""
        cast, lines = self.cast_of(chapter.owner, chapter.project_id), self.kept(chapter)
        return _answered(cast, _known(cast, lines, text, language, segments))

    def cast(
        self, chapter: Chapter, text: str, language: str, segments: Sequence[Segment] = (), *, ask: bool = True
    ) -> CastLines:
        """Who speaks, after the model was asked about what is doubtful and new; kept, with how many lines each has."""
        cast, lines = self.cast_of(chapter.owner, chapter.project_id), self.kept(chapter)
        known = _known(cast, lines, text, language, segments)
        asked, decisions, settled = self._asked(known, lines) if ask else (CastLines([], {}), {}, set[str]())
        if decisions:
            known = _Text(text, language, known.members, known.said, {**known.decisions, **decisions})
        found = _answered(cast, known)
        told = _as_ids(cast, decisions)

        def change(was: ChapterLines) -> ChapterLines:
            counts = counted(cast, found.attributions) if cast else {}
            update = {"decisions": {**was.decisions, **told}, "asked": sorted({*was.asked, *settled}), "counts": counts}
            return was.model_copy(update=update)

        self._keep(chapter, change)
        return CastLines(found.attributions, found.decided_by, asked.asked, asked.windows, asked.stopped)

    def correct(self, chapter: Chapter, key: str, speaker: str | None) -> None:
        """Keep what a user said about one quotation: an id of the cast, or the name of somebody else; None takes it back."""

        def change(was: ChapterLines) -> ChapterLines:
            corrections = {name: value for name, value in was.corrections.items() if name != key}
            return was.model_copy(update={"corrections": corrections | ({key: speaker} if speaker else {})})

        self._keep(chapter, change)

    def _asked(self, known: _Text, lines: ChapterLines | None) -> tuple[CastLines, Mapping[str, str], set[str]]:
        """What came of asking, the decisions, and the quotations that need not be asked about again.

        Doubts are those of the rules alone: what a decision makes doubtful about its neighbours is not asked in turn, or
        every planning would ask some more.
        """
        members = cast_of(known.text, known.language) if known.members is None else known.members
        before = attribute(known.text, known.members, known.language, known.said)
        done = set(lines.asked) if lines else set[str]()
        doubts = [doubt for doubt in doubtful(before) if doubt.key not in done]
        if not doubts:
            return CastLines([], {}), {}, set()
        opinion = self._second_opinion.opinion(known.text, doubts, members)
        taken = decided(doubts, opinion.decisions, {})
        settled = {doubt.key for doubt in doubts} if not opinion.stopped else {*taken, *opinion.outsiders}
        return CastLines([], {}, opinion.asked, opinion.windows, opinion.stopped), taken, settled

    def _keep(self, chapter: Chapter, change: Callable[[ChapterLines], ChapterLines]) -> None:
        """Write what is new about a chapter's lines; the cast's revision goes with it, for its answers count lines."""
        now = self._clock.now()

        def work(transaction: Transaction) -> None:
            document = transaction.get(LINES, chapter.id)
            was = ChapterLines.model_validate(document.data) if document else _nothing(chapter)
            made = change(was)
            if made == was:
                return
            cast = transaction.get(CASTS, chapter.project_id)
            transaction.put(LINES, chapter.id, made.model_copy(update={"updated_at": now}).model_dump(mode="json"))
            if cast and cast.data["owner"] == chapter.owner and made.counts != was.counts:
                transaction.put(CASTS, chapter.project_id, {**cast.data, "updated_at": now.isoformat()})

        self._documents.transaction(work)


def _known(
    cast: Cast | None, lines: ChapterLines | None, text: str, language: str, segments: Sequence[Segment]
) -> _Text:
    members = members_in(cast, cast_of(text, language)) if cast else None
    said = said_by_hand(cast, lines, segments, language)
    decisions = named(cast, lines.decisions) if lines else {}
    return _Text(text, language, members, said, decisions)


def _answered(cast: Cast | None, known: _Text) -> CastLines:
    found = attribute(known.text, known.members, known.language, {**known.decisions, **known.said})
    by = {one.key: _decider(one.key, known) for one in found}
    tempered = [_tempered(one) if by[one.key] is DecidedBy.LLM else one for one in found]
    return CastLines([in_the_casts_names(cast, one) for one in tempered] if cast else tempered, by)


def _decider(key: str, known: _Text) -> DecidedBy:
    return DecidedBy.USER if key in known.said else DecidedBy.LLM if key in known.decisions else DecidedBy.RULES


def _tempered(one: Attribution) -> Attribution:
    """A model is not as certain as a user, whose form its decisions take on the way back."""
    return one._replace(confidence=CONFIDENCE, candidates=((one.speaker, CONFIDENCE),))


def _as_ids(cast: Cast | None, speakers: Mapping[str, str]) -> dict[str, str]:
    """Names as ids where they are the cast's, so that they follow whatever becomes of these."""
    holders = {name: cast.called(name) if cast else None for name in set(speakers.values())}
    return {key: one.id if (one := holders[name]) else name for key, name in speakers.items()}


def _nothing(chapter: Chapter) -> ChapterLines:
    return ChapterLines(
        id=chapter.id,
        owner=chapter.owner,
        created_at=chapter.created_at,
        updated_at=chapter.created_at,
        project_id=chapter.project_id,
    )
