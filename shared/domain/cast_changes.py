"""What is done to a cast: found anew, changed, two made one, one made two, dismissed. Pure: a cast in, a cast out.

What a user did stays when the cast is found anew: names keep whoever has them, and what was taken away does not come back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from shared.domain.cast import (
    MAX_ALIASES,
    MAX_CHARACTERS,
    Cast,
    CharacterChanges,
    Member,
    form_key,
    gender_of,
    member_id,
)
from shared.domain.casting.age import age_of
from shared.domain.casting.character import FIRST_PERSON, Character
from shared.domain.casting.names import read_name
from shared.domain.casting.roster import roster_of
from shared.domain.errors import AlreadyExists, Conflict, Fault, InvalidInput, NotFound


def found_anew(cast: Cast, found: Sequence[Character], *, is_whole: bool) -> Cast:
    """The cast with those who were `found`, one id a person; `is_whole`: in all chapters, so that others are gone."""
    grown, seen = cast, set[str]()
    roster = roster_of([one.character for one in cast.members])
    for character in found:
        forms = [form for form in (character.name, *character.aliases) if not cast.is_dismissed(form)]
        if character.name == FIRST_PERSON or not forms:
            continue
        near = [] if is_whole else [cast.members[number] for number in roster.who(forms[0])]
        grown, name = _met(grown, forms, character.gender, near)
        seen.add(name)
    if not is_whole:
        return grown
    stay = [one for one in grown.members if one.id in seen or one.is_narrator or one.by_hand or one.set_voices]
    return grown.with_members(stay)


def changed(cast: Cast, name: str, changes: CharacterChanges) -> Cast:
    """Raises NotFound, InvalidInput for another name of the narrator, AlreadyExists for a name that somebody has."""
    one = known(cast, name)
    given = changes.model_dump(exclude_unset=True, exclude_none=True)
    update: dict[str, object] = {key: given[key] for key in ("gender", "age") if key in given} | {"by_hand": True}
    update |= {"gender_given": True} if "gender" in given else {}
    aliases = one.aliases if changes.aliases is None else changes.aliases
    if changes.name and changes.name != one.name:
        if one.is_narrator:
            raise _refused("/name", "narrator", "The narrator keeps its name.", changes.name, "Give it an alias.")
        update["name"], aliases = changes.name, [*aliases, one.name]
    title = str(update.get("name", one.name))
    aliases = _once([alias for alias in aliases if form_key(alias) != form_key(title)])
    _require_free(cast, one, [title, *aliases])
    kept = {form_key(form) for form in (title, *aliases)}
    gone = [form for form in (*one.not_called, *one.aliases) if form_key(form) not in kept]
    update |= {"aliases": aliases, "not_called": _once(gone), **_voices(one, changes)}
    dismissed = [form for form in cast.dismissed if form_key(form) not in kept]
    put = _put(cast, one.model_copy(update=update))
    return put.with_members(put.members, dismissed=dismissed)


def joined(cast: Cast, name: str, other: str) -> Cast:
    """Make `other` one with `name`, who keeps name, id and what is known; the other's names become aliases.

    Raises NotFound, InvalidInput for the same one twice and for the narrator as the other.
    """
    one, gone = known(cast, name), known(cast, other)
    if one.id == gone.id or gone.is_narrator:
        detail = "Two are made one, and the narrator is not made somebody else; merge them into the narrator instead."
        raise _refused("/character_id", "not-two", detail, other)
    aliases = _once([*one.aliases, *gone.forms])
    own = {form_key(form) for form in (one.name, *aliases)}
    made = one.model_copy(
        update={
            "aliases": aliases,
            "gender": one.gender or gone.gender,
            "age": one.age or gone.age,
            "voices": {**gone.voices, **one.voices},
            "set_voices": sorted({*one.set_voices, *(code for code in gone.set_voices if code not in one.voices)}),
            "not_called": [form for form in (*one.not_called, *gone.not_called) if form_key(form) not in own],
            "by_hand": True,
        }
    )
    others = [member for member in cast.members if member.id != gone.id]
    return _put(cast.with_members(others, merged={**cast.merged, gone.id: one.id}), made)


def parted(cast: Cast, name: str, alias: str, title: str | None = None) -> tuple[Cast, str]:
    """Make somebody of their own of an alias, called `title` or as the alias is; (the cast, the new one's id).

    Raises NotFound, InvalidInput for what is no alias of theirs, AlreadyExists for a title that somebody has, Conflict when
    the cast is full.
    """
    one = known(cast, name)
    alias = next((form for form in one.aliases if form_key(form) == form_key(alias)), "")
    if not alias:
        detail = f"Only an alias can be split off. {one.name} has: {', '.join(one.aliases) or 'none'}."
        raise _refused("/alias", "no-alias", detail)
    rest = [form for form in one.aliases if form != alias]
    less = one.model_copy(update={"aliases": rest, "not_called": _once([*one.not_called, alias]), "by_hand": True})
    cast = _put(cast, less)
    _require_free(cast, None, [title or alias])
    _require_room(cast)
    aliases = [alias] if title and form_key(title) != form_key(alias) else []
    made = _newcomer(cast, alias).model_copy(update={"name": title or alias, "aliases": aliases})
    merged = {key: value for key, value in cast.merged.items() if key != made.id}
    return cast.with_members([*cast.members, made], merged=merged), made.id


def dismissed(cast: Cast, name: str) -> Cast:
    """Take somebody out for good: what they are called is nobody's then. Raises NotFound, Conflict for the narrator."""
    one = known(cast, name)
    if one.is_narrator:
        raise Conflict("The narrator is in every cast. Take its voices away with PATCH, where that is what is meant.")
    others = [member for member in cast.members if member.id != one.id]
    return cast.with_members(others, dismissed=_once([*cast.dismissed, *one.forms]))


def with_somebody(cast: Cast, name: str) -> tuple[Cast, Member]:
    """The cast with whoever is so called or has this id, taken in where nobody is. Raises Conflict when it is full."""
    one = cast.member(name) or cast.called(name)
    if one:
        return cast, one
    _require_room(cast)
    made = _newcomer(cast, name)
    kept = [form for form in cast.dismissed if form_key(form) != form_key(name)]
    return cast.with_members([*cast.members, made], dismissed=kept), made


def known(cast: Cast, name: str) -> Member:
    """Who has this id. Raises NotFound."""
    one = cast.member(name)
    if one is None:
        raise NotFound(f"The character {name!r} is not in this cast (any more). List the cast.")
    return one


def _newcomer(cast: Cast, name: str) -> Member:
    """Somebody new by a user's word, with what the name itself tells."""
    gender = gender_of(read_name(name).gender)
    return Member(id=member_id(cast, name), name=name, gender=gender, age=age_of([name]), by_hand=True)


def _met(cast: Cast, forms: Sequence[str], gender: str, near: Sequence[Member]) -> tuple[Cast, str]:
    """The cast after somebody was found under these forms, and who that is.

    `near` are those whom the first form may mean: one alone is meant by it, unless it was taken away from them.
    """
    holders = [one for form in forms if (one := cast.called(form))]
    meant = near[0] if len(near) == 1 else None
    if not holders and meant and not {form_key(form) for form in meant.not_called} & {form_key(form) for form in forms}:
        holders = [one for one in cast.members if one.id == meant.id]
    if not holders:
        made = Member(id=member_id(cast, forms[0]), name=forms[0], aliases=list(forms[1 : MAX_ALIASES + 1]))
        made = made.model_copy(update={"gender": gender_of(gender), "age": age_of(forms)})
        full = len(cast.members) > MAX_CHARACTERS
        return (cast, "") if full else (cast.with_members([*cast.members, made]), made.id)
    one = _whose(holders)
    for other in {other.id: other for other in holders}.values():
        if other.id != one.id and not (other.by_hand or other.set_voices or other.is_narrator):
            by_hand = one.by_hand
            cast = joined(cast, one.id, other.id)
            one = known(cast, one.id).model_copy(update={"by_hand": by_hand})
            cast = _put(cast, one)
    kept_off = {form_key(form) for form in one.not_called}
    new = [form for form in forms if cast.called(form) is None and form_key(form) not in kept_off]
    aliases = [*one.aliases, *new][:MAX_ALIASES]
    is_known = one.gender_given or (one.by_hand and one.gender)
    update = {"aliases": aliases, "gender": one.gender if is_known else gender_of(gender) or one.gender}
    return _put(cast, one.model_copy(update=update)), one.id


def _whose(holders: Sequence[Member]) -> Member:
    """Of several who have a form, the one somebody worked on; of these the one with most, and the first of equals."""
    counts = Counter(one.id for one in holders)
    return max(holders, key=lambda one: (one.by_hand, counts[one.id]))


def _voices(one: Member, changes: CharacterChanges) -> dict[str, object]:
    if changes.voices is None:
        return {}
    voices = {code: voice for code, voice in {**one.voices, **changes.voices}.items() if voice}
    set_voices = sorted({code for code in (*one.set_voices, *changes.voices) if code in voices})
    return {"voices": voices, "set_voices": set_voices}


def _put(cast: Cast, changed: Member) -> Cast:
    return cast.with_members([changed if one.id == changed.id else one for one in cast.members])


def _once(forms: Sequence[str]) -> list[str]:
    return list({form_key(form): form for form in reversed(forms)}.values())[::-1]


def _require_free(cast: Cast, own: Member | None, forms: Sequence[str]) -> None:
    for form in forms:
        other = cast.called(form)
        if other and (own is None or other.id != own.id):
            raise AlreadyExists(
                f"{form!r} is what {other.id} ({other.name}) is called. Merge the two, or take it away there."
            )


def _require_room(cast: Cast) -> None:
    if len(cast.members) > MAX_CHARACTERS:
        raise Conflict(f"The cast has {MAX_CHARACTERS} characters, which is all it takes. Merge or delete some.")


def _refused(pointer: str, code: str, detail: str, found: str = "", fix: str = "") -> InvalidInput:
    return InvalidInput(detail, faults=[Fault(pointer=pointer, code=code, detail=detail, found=found, fix=fix)])
