"""All that one production writes into its pictures: checked before anything is made, and drawn by the fonts chosen here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

from jobs.assemble.lettering import captions
from jobs.assemble.lettering.fonts import Face, Stack, named
from jobs.assemble.lettering.house_fonts import guessed_language, how_to_install, package_of
from jobs.assemble.lettering.typeset import cleaned
from shared.domain.artifact import digest_of
from shared.domain.blueprint.model import Blueprint, CaptionMode, Cue, Generator, TitleCard
from shared.domain.errors import EngineUnavailable, Fault, InvalidInput

FONTS_FILE = "FONTCONFIG_FILE"  # the variable by which fontconfig, and so the renderer, is told where fonts are
_CONFIGURATION = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{folder}</dir><cachedir>{folder}/cache</cachedir></fontconfig>
"""


class Written(NamedTuple):
    """A text that will be drawn: where it stands in the blueprint, and by which families."""

    pointer: str
    text: str
    stack: Stack


class Lettering:
    """The captions and cards of one blueprint."""

    def __init__(self, blueprint: Blueprint) -> None:
        self._output = blueprint.output
        self._style = blueprint.captions.style
        self._caption_language, self._card_language = languages(blueprint)
        self._texts = [*_captions(blueprint), *_cards(blueprint, self._card_language)]

    def prepare(self, folder: Path) -> dict[str, str]:
        """Check that every letter can be drawn, and lay out the fonts that may draw. Returns the renderer's environment.

        `folder` is made, and must stay while anything is drawn. Raises InvalidInput or EngineUnavailable, listing each
        family and each text with a letter that is not to be had.
        """
        if not self._texts:
            return {}
        self._refuse_missing_families()
        self._refuse_missing_letters()
        folder.mkdir(exist_ok=True)
        for n, face in enumerate(self._faces()):
            (folder / f"{n}-{face.path.name}").symlink_to(face.path)
        configuration = folder / "fonts.conf"
        configuration.write_text(_CONFIGURATION.format(folder=escape(str(folder))), "utf-8")
        return {FONTS_FILE: str(configuration)}

    def address(self, what: TitleCard | Sequence[Cue]) -> list[str]:
        """What a card's or captions' look depends on besides their place in time: how they are set, and in which fonts."""
        if isinstance(what, TitleCard):
            script = captions.title_card(what, self._output, self._card_language)
            texts = list(captions.card_stacks(what, self._card_language).values())
        else:
            cues = [Cue(start=0, duration=1, text=cue.text) for cue in what]
            script = captions.burned(cues, self._style, self._output, self._caption_language)
            stack = captions.style_stack(self._style, self._caption_language)
            texts = [(cue.text, stack) for cue in what]
        faces = {face.identity for text, stack in texts for face in _faces_of(text, stack)}
        return [digest_of(script), *sorted(faces)]

    def _faces(self) -> list[Face]:
        """Every face that draws something, each file once."""
        found = {face.path: face for written in self._texts for face in _faces_of(written.text, written.stack)}
        return [found[path] for path in sorted(found)]

    def _refuse_missing_families(self) -> None:
        first = {(name, n): w for w in reversed(self._texts) for n, name in enumerate(w.stack.families)}
        faults = [
            Fault(
                pointer=_family_pointer(written, n),
                code="font-missing",
                detail="no outline font of this family is installed",
                found=name,
                fix=f"{how_to_install([name])} Or declare another family.",
            )
            for (name, n), written in sorted(first.items(), key=lambda entry: entry[0][1])
            if written.stack.find(name) is None
        ]
        if faults:
            names = ", ".join(dict.fromkeys(fault.found for fault in faults))
            raise EngineUnavailable(f"Fonts were looked for and are not installed: {names}.", faults=faults)

    def _refuse_missing_letters(self) -> None:
        faults, uninstalled = [], False
        for written in self._texts:
            if lost := [part for line in cleaned(written.text).split("\n") for part in written.stack.missing(line)]:
                fault, is_known = _missing(written, lost)
                faults.append(fault)
                uninstalled = uninstalled or is_known
        if faults:
            kind = EngineUnavailable if uninstalled else InvalidInput
            raise kind(f"{len(faults)} text(s) hold characters that no font in use can draw.", faults=faults)


def languages(blueprint: Blueprint) -> tuple[str, str]:
    """The languages of burned captions and of cards; "" where none is declared."""
    return blueprint.captions.burn_language or "", blueprint.metadata.get("language", "")


def burned_cues(blueprint: Blueprint) -> list[Cue]:
    declared = blueprint.captions
    if declared.mode not in (CaptionMode.BURNED, CaptionMode.BOTH) or declared.burn_language is None:
        return []
    return declared.languages[declared.burn_language]


def _captions(blueprint: Blueprint) -> Iterator[Written]:
    language = blueprint.captions.burn_language or ""
    stack = captions.style_stack(blueprint.captions.style, language)
    for n, cue in enumerate(burned_cues(blueprint)):
        yield Written(f"/captions/languages/{language}/{n}/text", cue.text, stack)


def _cards(blueprint: Blueprint, language: str) -> Iterator[Written]:
    for t, track in enumerate(blueprint.tracks):
        for i, item in enumerate(track.items):
            if isinstance(item, Generator) and isinstance(item.generator, TitleCard):
                for field, (text, stack) in captions.card_stacks(item.generator, language).items():
                    yield Written(f"/tracks/{t}/items/{i}/generator/{field}", text, stack)


def _faces_of(text: str, stack: Stack) -> Iterator[Face]:
    yield stack.primary
    for line in cleaned(text).split("\n"):
        yield from (face for face, _ in stack.runs(line))


def _family_pointer(written: Written, n: int) -> str:
    if not written.pointer.startswith("/captions/"):
        return written.pointer
    return f"/captions/style/fallback_fonts/{n - 1}" if n else "/captions/style/font"


def _missing(written: Written, lost: Sequence[str]) -> tuple[Fault, bool]:
    """The fault of a text with characters that nothing draws, and whether a family of the house would help."""
    stack, language = written.stack, written.stack.language or guessed_language(written.text)
    asked = list(dict.fromkeys(family for part in lost for family in stack.candidates(part, language)))
    absent = [family for family in asked if package_of(family) and stack.find(family) is None]
    detail = f"no font has these characters; looked for in {', '.join(asked)}"
    if absent:
        detail += f", of which not installed: {', '.join(absent)}"
    fixes = [how_to_install(absent)] if absent else []
    if written.pointer.startswith("/captions/"):
        fixes.append("Name a family that has them under /captions/style/fallback_fonts.")
    fix = " Or: ".join([*fixes, "Write the text without them."])
    return Fault(pointer=written.pointer, code="letters-missing", detail=detail, found=named(lost), fix=fix), bool(
        absent
    )
