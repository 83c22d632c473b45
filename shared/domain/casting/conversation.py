"""The choice: a beam search over the turns of a text for the speakers that suit the evidence and one another best."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import exp
from typing import NamedTuple

from shared.domain.casting import evidence
from shared.domain.casting.evidence import GROUPS, NEAREST, Feature, gap_between, kind_of
from shared.domain.casting.reading import Reading
from shared.domain.casting.roster import NOBODY
from shared.domain.casting.weights import WEIGHTS

_BEAM = 8  # pairs of last speakers kept
_STAGE = 8  # people recently mentioned who may speak
_LEADS = 6  # speakers of tags near by who may speak unmentioned
_SOMEBODY_ELSE = {
    "none": 0.0,
    "pronoun": 0.5,
}  # the score of whoever is no candidate, so that a lone candidate is not certain
_TAGS_AROUND = 4  # turns before and after whose tags count as near by


class Choice(NamedTuple):
    """Who speaks a turn (NOBODY where there is no candidate), how likely, who else might, and what kind of evidence spoke most for it."""

    who: int
    confidence: float
    candidates: tuple[tuple[int, float], ...]
    group: str = ""


class _State(NamedTuple):
    score: float
    who: int
    before: int
    previous: _State | None


class Conversation:
    """Scores of members as speakers of turns, each computed once."""

    def __init__(self, reading: Reading, certain: Mapping[int, int]) -> None:
        self._reading = reading
        self._certain = certain
        self._local: list[dict[int, float]] = [{} for _ in reading.turns]
        self.backs = self._gaps()

    def _gaps(self) -> list[str]:
        turns = self._reading.turns
        return ["far", *(gap_between(last, turn) for last, turn in pairwise(turns))]

    def candidates(self, number: int) -> list[int]:
        """Who may speak turn `number`."""
        if number in self._certain:
            return [self._certain[number]]
        reading = self._reading
        if reading.tagged[number]:
            return list(reading.tagged[number])
        scene = reading.scenes[number]
        found = dict.fromkeys(list(scene.recent)[:_STAGE])
        found.update(dict.fromkeys(who for who in (scene.after, scene.follows) if who != NOBODY))
        around = range(max(0, number - _TAGS_AROUND), min(len(reading.turns), number + _TAGS_AROUND + 1))
        found.update(dict.fromkeys(who for n in around for who in (*reading.tagged[n], *reading.scenes[n].called)))
        found.update(dict.fromkeys(reading.leads))
        return [who for who in found if who not in reading.absent]

    def local(self, number: int, who: int) -> float:
        scores = self._local[number]
        if who not in scores:
            weights = WEIGHTS[kind_of(self._reading.turns[number])]
            scores[who] = sum(weights.get(name, 0.0) * value for name, value in self.features(number, who))
        return scores[who]

    def flow(self, number: int, who: int, speakers: tuple[int, int]) -> float:
        weights = WEIGHTS[kind_of(self._reading.turns[number])]
        return sum(weights.get(name, 0.0) * value for name, value in self.flow_features(number, who, speakers))

    def features(self, number: int, who: int) -> Iterator[Feature]:
        reading = self._reading
        return evidence.features(reading.scenes, number, who, reading.roster, reading.fame)

    def flow_features(self, number: int, who: int, speakers: tuple[int, int]) -> Iterator[Feature]:
        turns = self._reading.turns
        last = turns[number - 1] if number else None
        back = self.backs[number - 1] if number else "far"
        return evidence.flow(last, turns[number], back, who, speakers)

    def best(self) -> list[int]:
        """The speakers of all turns; NOBODY where there is no candidate at all."""
        beam = [_State(0.0, NOBODY, NOBODY, None)]
        for number in range(len(self._reading.turns)):
            beam = self._step(number, beam)
        state: _State | None = beam[0]
        path: list[int] = []
        while state is not None and state.previous is not None:
            path.append(state.who)
            state = state.previous
        return path[::-1]

    def _step(self, number: int, beam: Sequence[_State]) -> list[_State]:
        fixed = self.candidates(number)
        is_open = number not in self._certain and not self._reading.tagged[number]
        found: dict[tuple[int, int], _State] = {}
        for state in beam:
            speakers = (state.who, state.before)
            extra = [who for who in speakers if is_open and who != NOBODY and who not in fixed]
            for who in (*fixed, *extra) or (NOBODY,):
                score = state.score
                if who != NOBODY:
                    score += self.local(number, who) + self.flow(number, who, speakers)
                old = found.get((who, state.who))
                if old is None or old.score < score:
                    found[who, state.who] = _State(score, who, state.who, state)
        return sorted(found.values(), key=lambda state: (-state.score, state.who, state.before))[:_BEAM]

    def choices(self) -> list[Choice]:
        """The best speakers with their likelihood, given the speakers chosen around each turn."""
        path = self.best()
        return [self._choice(path, number) for number in range(len(path))]

    def _choice(self, path: Sequence[int], number: int) -> Choice:
        chosen = path[number]
        if chosen == NOBODY:
            return Choice(NOBODY, 0.0, ())
        last = path[number - 1] if number else NOBODY
        before = path[number - 2] if number > 1 else NOBODY
        open_ = number not in self._certain and not self._reading.tagged[number]
        around = [who for who in (last, before) if open_ and who != NOBODY]
        scores = {}
        for who in dict.fromkeys([*self.candidates(number), *around, chosen]):
            scores[who] = self.local(number, who) + self.flow(number, who, (last, before))
            if number + 1 < len(path) and path[number + 1] != NOBODY:
                scores[who] += self.flow(number + 1, path[number + 1], (who, last))
        top = max(scores.values())
        shares = {who: exp(score - top) for who, score in scores.items()}
        total = sum(shares.values()) + exp(_SOMEBODY_ELSE[kind_of(self._reading.turns[number])] - top)
        ranked = sorted(((who, share / total) for who, share in shares.items()), key=lambda item: (-item[1], item[0]))
        rival = next((who for who, _ in ranked if who != chosen), NOBODY)
        group = self._strongest(number, chosen, rival, (last, before))
        return Choice(chosen, shares[chosen] / total, tuple(ranked[:_LEADS]), group)

    def _strongest(self, number: int, who: int, rival: int, speakers: tuple[int, int]) -> str:
        """The kind of features that speaks most for `who` beside the strongest rival."""
        weights = WEIGHTS[kind_of(self._reading.turns[number])]
        found: defaultdict[str, float] = defaultdict(float)
        for one, sign in ((who, 1.0), (rival, -1.0)):
            if one != NOBODY:
                for name, value in (*self.features(number, one), *self.flow_features(number, one, speakers)):
                    found[GROUPS.get(name.split("_")[0], NEAREST)] += sign * weights.get(name, 0.0) * value
        return max(found.items(), key=lambda item: (item[1], item[0]))[0]
