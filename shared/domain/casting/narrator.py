"""Who tells the story: whether it is told as "I", and who of the cast that is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from shared.domain.casting.character import FIRST_PERSON
from shared.domain.casting.mentions import Kind, Mention
from shared.domain.casting.roster import NOBODY, Member, Roster

_FEWEST = 3  # times "I" outside quotations
_SHARE = 0.02  # of all mentions in the narration
_OWN_FORMS = frozenset(["i", "me", "narrator", "the narrator", "yo", "je", "ich", "io", "eu"])
_TOLD_WEIGHT = 2  # a narrator is named by others, in quotations; whoever acts by name in the narration is told about


def find_narrator(mentions: Sequence[Mention], roster: Roster, *, given: bool, tagged: bool) -> None:
    """Set the roster's first person: who of the cast says "I", or else a member of its own. `tagged`: a tag says "I"."""
    told = [mention for mention in mentions if not mention.quoted]
    selves = sum(mention.kind is Kind.SELF for mention in told)
    if not tagged and (selves < _FEWEST or selves < _SHARE * len(told)):
        return
    own = _named_so(roster)
    if own == NOBODY and given:
        own = _unnamed_by_narration(mentions, roster)
    roster.first_person = own if own != NOBODY else roster.take(_teller())


def _teller() -> Member:
    member = Member(FIRST_PERSON)
    member.forms[FIRST_PERSON] += 0
    return member


def _named_so(roster: Roster) -> int:
    for number, member in enumerate(roster.members):
        if any(form.lower() in _OWN_FORMS or "narrator" in form.lower() for form in member.forms):
            return number
    return NOBODY


def _unnamed_by_narration(mentions: Sequence[Mention], roster: Roster) -> int:
    """The one whom others address and speak of, and whom the narration leaves unnamed; NOBODY where nobody is so."""
    scores: Counter[int] = Counter({n: 0 for n, member in enumerate(roster.members) if member.is_named})
    for mention in mentions:
        if mention.kind is Kind.NAME:
            for number in roster.who(mention.form):
                scores[number] += 1 + mention.called if mention.quoted else -_TOLD_WEIGHT * mention.subject
    best = scores.most_common(2)
    if best and best[0][1] >= 0 and (len(best) == 1 or best[1][1] < best[0][1]):
        return best[0][0]
    return NOBODY
