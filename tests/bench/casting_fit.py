"""Fits the casting's weights: `python -m tests.bench.casting_fit folder` prints `shared/domain/casting/weights.py` anew.

Only the two thirds of the authors that are not held out are read. Each turn without a certain speaker is one example: among
its candidates the true speaker is to score most, given the true speakers of the turns around it (pseudo-likelihood, so
that the score of a choice is its log-likelihood up to a constant). Softmax regression with an L2 penalty, by Adam on all
examples at once; no random number is drawn. `--folds` prints how such weights do on authors they were not fitted on.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from shared.domain.casting import weights
from shared.domain.casting.conversation import Conversation
from shared.domain.casting.evidence import kind_of
from shared.domain.casting.reading import Reading, read
from shared.domain.casting.roster import NOBODY
from shared.domain.language_rules import rules_for
from tests.bench.casting import cast_of, ours, score
from tests.bench.casting_data import Excerpt, excerpts
from tests.bench.casting_layout import paragraphed

PENALTY = 0.8
ROUNDS, RATE, SHORT_MEMORY, LONG_MEMORY = 400, 0.08, 0.9, 0.99
FOLDS = 5
Weights = dict[str, dict[str, float]]
_TURNS = {f"back_beside_{gap}": 0.8 for gap in ("adjacent", "beside", "near", "far", "inner")} | {"same_beside": -1.8}
_LOGIC = {"open_same": 3.0, "open_other": -3.0, "called": -4.0}
SET: Weights = {  # not fitted, as examples are few or mislead: speeches left open go on; nobody calls themselves; and where
    "none": _LOGIC | _TURNS,  # narration stands between two paragraphs of speech, people still take turns
    "pronoun": _LOGIC | {"same_beside": -0.5},
}
SMALLEST = 0.005
Named = tuple[str, float]


class Example(NamedTuple):
    """Features of each candidate, and which of them is right."""

    candidates: list[list[Named]]
    right: int


def examples(excerpt: Excerpt) -> list[Example]:
    reading = read(excerpt.text, cast_of(excerpt), rules_for("en"))
    truth = _truth(excerpt, reading)
    conversation = Conversation(reading, {})
    found = []
    for number, speaker in enumerate(truth):
        around = truth[number - 1] if number else NOBODY, truth[number - 2] if number > 1 else NOBODY
        who = list(dict.fromkeys([*conversation.candidates(number), *(one for one in around if one != NOBODY)]))
        if speaker in who and len(who) > 1 and not reading.tagged[number]:
            after = truth[number + 1] if number + 1 < len(truth) else NOBODY
            rows = [_features(conversation, reading, number, one, around, after) for one in who]
            found.append(Example(rows, who.index(speaker)))
    return found


def lessons(excerpt: Excerpt) -> list[Example]:
    """An excerpt's examples twice as the corpus has it, and once in paragraphs."""
    return [*examples(excerpt) * 2, *examples(paragraphed(excerpt))]


def _features(
    conversation: Conversation, reading: Reading, number: int, who: int, around: tuple[int, int], after: int
) -> list[Named]:
    kind = kind_of(reading.turns[number])
    here = [*conversation.features(number, who), *conversation.flow_features(number, who, around)]
    found = [(f"{kind}:{name}", value) for name, value in here]
    if after != NOBODY:
        kind = kind_of(reading.turns[number + 1])
        flow = conversation.flow_features(number + 1, after, (who, around[0]))
        found += [(f"{kind}:{name}", value) for name, value in flow]
    return found


def _truth(excerpt: Excerpt, reading: Reading) -> list[int]:
    """Who speaks each turn, by most of its characters; NOBODY where the truth has no quotation."""
    truth = []
    for turn in reading.turns:
        shares: Counter[int] = Counter()
        for quotation in excerpt.quotations:
            for quote in turn.quotes:
                common = min(quote.end, quotation.end) - max(quote.start, quotation.start)
                shares[excerpt.speakers.index(quotation.speaker)] += max(0, common)
        best = shares.most_common(1)
        truth.append(best[0][0] if best and best[0][1] else NOBODY)
    return truth


def fit(found: Sequence[Example]) -> Weights:
    names = sorted({name for example in found for row in example.candidates for name, _ in row})
    matrix, starts, right = _matrix(found, {name: column for column, name in enumerate(names)})
    fitted = dict(zip(names, _descend(matrix, starts, right).tolist(), strict=True))
    kinds: Weights = {"none": {}, "pronoun": {}}
    for name, value in fitted.items():
        kind, feature = name.split(":")
        kinds[kind][feature] = round(value, 2)
    return {kind: table | SET[kind] for kind, table in kinds.items()}


def _matrix(
    found: Sequence[Example], columns: dict[str, int]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """A row for each candidate; where each example's rows start; and the row that is right."""
    sizes = [len(example.candidates) for example in found]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    matrix = np.zeros((sum(sizes), len(columns)))
    rows = (row for example in found for row in example.candidates)
    for number, row in enumerate(rows):
        for name, value in row:
            matrix[number, columns[name]] += value
    return matrix, starts, starts + np.array([example.right for example in found], dtype=np.int64)


def _descend(
    matrix: npt.NDArray[np.float64], starts: npt.NDArray[np.int64], right: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Adam (Kingma and Ba, 2015) on the penalised negative log-likelihood."""
    group = np.zeros(len(matrix), dtype=np.int64)
    group[starts[1:]] = 1
    group = np.cumsum(group)
    wanted = matrix[right].sum(axis=0)
    found = np.zeros(matrix.shape[1])
    mean, square = np.zeros_like(found), np.zeros_like(found)
    for turn in range(1, ROUNDS + 1):
        scores = matrix @ found
        shares = np.exp(scores - np.maximum.reduceat(scores, starts)[group])
        shares /= np.add.reduceat(shares, starts)[group]
        slope = matrix.T @ shares - wanted + PENALTY * found
        mean = SHORT_MEMORY * mean + (1 - SHORT_MEMORY) * slope
        square = LONG_MEMORY * square + (1 - LONG_MEMORY) * slope**2
        step = mean / (1 - SHORT_MEMORY**turn) / (np.sqrt(square / (1 - LONG_MEMORY**turn)) + 1e-8)
        found -= RATE * step
    return found


def use(fitted: Weights) -> None:
    """Put other weights where the casting reads its own."""
    for kind, table in fitted.items():
        weights.WEIGHTS[kind].clear()
        weights.WEIGHTS[kind].update(table)


def folds(books: Sequence[Excerpt]) -> float:
    """The share of quotations right, given the cast, where each fifth of the authors is scored by weights of the others."""
    authors = sorted({book.author for book in books})
    fold = {author: number % FOLDS for number, author in enumerate(authors)}
    known = {book.title: lessons(book) for book in books}
    right = total = 0
    for number in range(FOLDS):
        use(fit([one for book in books if fold[book.author] != number for one in known[book.title]]))
        scores = [score(ours, book) for book in books if fold[book.author] == number]
        right, total = right + sum(one.given for one in scores), total + sum(one.total for one in scores)
    return right / total


def printed(fitted: Weights) -> Iterable[str]:
    yield from (weights.__doc__ or "").join(('"""', '"""')).splitlines()
    yield from ("", "from __future__ import annotations", "", "from typing import Final", "")
    yield "WEIGHTS: Final[dict[str, dict[str, float]]] = {"
    for kind, table in fitted.items():
        yield f'    "{kind}": {{'
        yield from (f'        "{name}": {value},' for name, value in sorted(table.items()) if abs(value) > SMALLEST)
        yield "    },"
    yield "}"


def main() -> None:
    books = [book for book in excerpts(Path(sys.argv[1])) if not book.held_out]
    if "--folds" in sys.argv:
        print(f"given the cast, over {FOLDS} folds of the authors developed on: {folds(books):.3f}")
        return
    print("\n".join(printed(fit([one for book in books for one in lessons(book)]))))


if __name__ == "__main__":
    main()
