"""Fonts: what a face tells of itself, which face draws what, and what is refused before anything is made."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from jobs.assemble.lettering.arabic import joined
from jobs.assemble.lettering.fonts import Fonts, Stack, installed
from jobs.assemble.lettering.house_fonts import house_families
from jobs.assemble.lettering.lettering import Lettering
from jobs.assemble.lettering.sfnt import Sfnt
from shared.config import tool_environment
from shared.domain.blueprint import parse_blueprint
from shared.domain.blueprint.model import Generator, TitleCard
from shared.domain.errors import EngineUnavailable, InvalidInput
from tests.support.assembly import Ended, Raw, Studio, colour, production
from tests.support.letters import captioned, carded

pytestmark = pytest.mark.media

SANS = Stack(("Noto Sans",))
KINDS = {"bold": (True, False), "italic": (False, True), "both": (True, True)}


def families(text: str, stack: Stack = SANS) -> list[tuple[str, str]]:
    return [(face.family, run) for face, run in stack.runs(text)]


# Faces


@pytest.mark.parametrize(
    "family", ["Noto Sans", "Noto Sans Arabic", "Noto Sans CJK KR", "DejaVu Sans", "Noto Sans Symbols2"]
)
def test_a_face_has_the_characters_that_fontconfig_finds_in_it(family: str) -> None:
    face = installed().find(family)
    assert face
    command = ["fc-query", "--index", str(face.index), "--format", "%{charset}", str(face.path)]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    spans = [[int(end, 16) for end in span.split("-")] for span in listed]
    held = {code for span in spans for code in range(span[0], span[-1] + 1)}
    found = {code for code in range(0x110000) if not 0xD800 <= code < 0xE000 and face.metrics.glyph(chr(code))}
    assert {code for code in held ^ found if code > 0x20 and not 0x7F <= code < 0xA0} == set()


def test_what_is_not_a_font_is_told_from_one(tmp_path: Path) -> None:
    other = tmp_path / "letters.ttf"
    for data in (b"", b"not a font at all", b"ttcf" + bytes(40)):
        other.write_bytes(data)
        with pytest.raises(ValueError, match="not a font"):
            Sfnt(other)


@pytest.mark.parametrize(("bold", "italic"), KINDS.values(), ids=KINDS)
def test_weight_and_slant_have_faces_of_their_own(bold: bool, italic: bool) -> None:
    plain, styled = installed().find("noto sans"), installed().find("Noto Sans", bold=bold, italic=italic)
    assert plain
    assert styled
    assert plain.path.name == "NotoSans-Regular.ttf"
    assert styled.path.name == "NotoSans-" + "Bold" * bold + "Italic" * italic + ".ttf"


def test_pictures_of_letters_and_variable_files_are_no_faces() -> None:
    row = "/fonts/{0}.ttf\t0\t{0},Other {0}\t80\t0\t100\t{1}\t{2}\n"
    fonts = Fonts(
        row.format("Plain", "True", "False")
        + row.format("Colour", "False", "False")
        + row.format("Axis", "True", "True")
    )
    assert [fonts.find(name) is not None for name in ("plain", "Other Plain", "Colour", "Axis")] == [
        True,
        True,
        False,
        False,
    ]


def test_of_two_files_of_one_family_the_same_one_is_taken_whatever_order_they_are_listed_in() -> None:
    rows = [f"/{folder}/N.ttf\t0\tN\t80\t0\t100\tTrue\tFalse\n" for folder in ("b", "a")]
    found = [Fonts("".join(order)).find("N") for order in (rows, rows[::-1])]
    assert [face and face.path for face in found] == [Path("/a/N.ttf")] * 2


# What draws what


@pytest.mark.parametrize(
    ("text", "language", "found"),
    [
        ("Ναι, да, yes", "en", ["Noto Sans"]),
        ("שלום", "he", ["Noto Sans Hebrew"]),
        ("۴ و ٤", "fa", ["Noto Sans Arabic"]),
        ("直す", "ja", ["Noto Sans CJK JP"]),
        ("直す", "", ["Noto Sans CJK JP"]),  # kana tell
        ("直", "", ["Noto Sans CJK SC"]),
        ("直", "zh-Hant", ["Noto Sans CJK TC"]),
        ("直", "zh-HK", ["Noto Sans CJK HK"]),
        ("“直”，ＡＢ", "zh", ["Noto Sans CJK SC"]),
        ("한국", "ko", ["Noto Sans CJK KR"]),
        ("བོད་", "bo", ["Noto Serif Tibetan"]),
        ("∑", "en", ["Noto Sans Math"]),
        ("\U0001f600", "en", ["DejaVu Sans"]),
    ],
)
def test_a_script_is_drawn_by_the_family_of_the_house(text: str, language: str, found: list[str]) -> None:
    assert [family for family, _ in families(text, Stack(("Noto Sans",), language))] == found


def test_what_is_declared_comes_first_and_in_its_order() -> None:
    text = "a ש ع"
    assert {family for family, _ in families(text, Stack(("DejaVu Sans",)))} == {"DejaVu Sans"}
    declared = Stack(("Noto Sans", "Noto Sans Hebrew", "DejaVu Sans"))
    assert [family for family, _ in families(text, declared)] == ["Noto Sans", "Noto Sans Hebrew", "DejaVu Sans"]


def test_spaces_and_punctuation_stay_with_the_words_around_them() -> None:
    assert families("Say नमस्ते, मित्र। Yes?") == [
        ("Noto Sans", "Say "),
        ("Noto Sans Devanagari", "नमस्ते, मित्र। "),
        ("Noto Sans", "Yes?"),
    ]


def test_a_mark_is_never_parted_from_its_letter() -> None:
    runs = families("e\u0301 क\u094d\u0937 น\u0e49\u0e33 \u05e9\u05b8 x")
    assert "".join(run for _, run in runs) == "e\u0301 क\u094d\u0937 น\u0e49\u0e33 \u05e9\u05b8 x"
    assert all(run[0] not in "\u0301\u094d\u0e49\u0e33\u05b8" for _, run in runs)


def test_titles_are_in_serif_type_in_every_script() -> None:
    assert house_families("ب", "ar", serif=True)[0] == "Noto Naskh Arabic"
    assert house_families("ש", "he", serif=True)[:2] == ["Noto Serif Hebrew", "Noto Sans Hebrew"]
    assert house_families("直", "ja", serif=True)[0] == "Noto Serif CJK JP"


def test_arabic_letters_are_measured_in_the_forms_that_stand_in_the_word() -> None:
    assert joined("باب") == "\ufe91\ufe8e\ufe8f"  # first, last, alone: alef does not join to what follows
    assert joined("بَب x") == "\ufe91\u064e\ufe90 x"  # marks are looked through
    assert joined("no Arabic") == "no Arabic"


# What is refused


def test_a_family_that_is_not_installed_is_refused_with_its_place(tmp_path: Path) -> None:
    blueprint = captioned("words", "en", font="No Such Sans", fallback_fonts=["Noto Sans", "Nor This"])
    with pytest.raises(EngineUnavailable) as caught:
        Lettering(blueprint).prepare(tmp_path / "fonts")
    faults = [(fault.pointer, fault.code, fault.found) for fault in caught.value.faults]
    assert faults == [
        ("/captions/style/font", "font-missing", "No Such Sans"),
        ("/captions/style/fallback_fonts/1", "font-missing", "Nor This"),
    ]
    assert not (tmp_path / "fonts").exists()


def test_characters_that_no_font_has_are_refused_all_at_once_and_not_repeated(tmp_path: Path) -> None:
    private = "secret \ue123\ue124"
    blueprint = captioned(private, "en")
    with pytest.raises(InvalidInput) as caught:
        Lettering(blueprint).prepare(tmp_path / "fonts")
    (fault,) = caught.value.faults
    assert (fault.pointer, fault.code, fault.found) == (
        "/captions/languages/en/0/text",
        "letters-missing",
        "U+E123, U+E124",
    )
    assert "fallback_fonts" in fault.fix
    assert "secret" not in str(caught.value.as_record())


def test_a_card_is_checked_field_by_field(tmp_path: Path) -> None:
    blueprint = carded({"title": "\ue123", "subtitle": "plain", "footer": "\U0001f9ff"})
    with pytest.raises(InvalidInput) as caught:
        Lettering(blueprint).prepare(tmp_path / "fonts")
    places = [fault.pointer for fault in caught.value.faults]
    assert places == [f"/tracks/0/items/0/generator/{field}" for field in ("title", "footer")]


def test_what_is_not_burned_needs_no_font(tmp_path: Path) -> None:
    soft = captioned("\ue123", "en", font="No Such Sans").model_dump(mode="json", by_alias=True)
    soft["captions"]["mode"] = "soft"
    assert Lettering(parse_blueprint(soft)).prepare(tmp_path / "fonts") == {}


def test_only_the_fonts_in_use_are_laid_out_for_the_renderer(tmp_path: Path) -> None:
    environment = tool_environment() | Lettering(captioned("Hello שלום", "he")).prepare(tmp_path / "fonts & <more>")
    listed = subprocess.run(["fc-list", ":", "family"], env=environment, capture_output=True, text=True, check=True)
    assert sorted(listed.stdout.split("\n")[:-1]) == ["Noto Sans", "Noto Sans Hebrew"]


def test_a_card_is_written_in_its_languages_own_forms() -> None:
    drawn = {}
    for language in ("ja", "zh-TW"):
        blueprint = carded({"title": "直"}, language)
        (item,) = blueprint.tracks[0].items
        assert isinstance(item, Generator)
        assert isinstance(item.generator, TitleCard)
        drawn[language] = Lettering(blueprint).address(item.generator)
    assert any(part.startswith("Noto Serif CJK JP ") for part in drawn["ja"])
    assert any(part.startswith("Noto Serif CJK TC ") for part in drawn["zh-TW"])


# In the job


def film(text: str, **style: object) -> Raw:
    said = {"start": 0, "duration": 5, "text": text}
    captions = {"mode": "burned", "burn_language": "en", "languages": {"en": [said]}, "style": style}
    return production([colour("c", 0, 10)], captions=captions)


def only(folder: Path, *fonts: str) -> dict[str, str]:
    """An environment in which these font files, copied into the folder, are all that is installed."""
    places = [
        Path(line.split(":")[0])
        for line in subprocess.run(["fc-list"], capture_output=True, text=True, check=True).stdout.splitlines()
    ]
    folder.mkdir()
    for font in fonts:
        shutil.copy(next(path for path in places if path.name == font), folder)
    configuration = folder / "fonts.conf"
    configuration.write_text(f"<fontconfig><dir>{folder}</dir><cachedir>{folder}/cache</cachedir></fontconfig>")
    return {"FONTCONFIG_FILE": str(configuration)}


def refused(studio: Studio, ended: Ended, code: int) -> Raw:
    """The one error, once it is shown that nothing was made."""
    assert ended.code == code, ended.log
    assert studio.keys("artifacts/") == []
    return ended.error


def test_a_machine_without_the_scripts_font_says_what_to_install(studio: Studio) -> None:
    ended = studio.render(film("שלום 世界"), **only(studio.root / "fonts", "NotoSans-Regular.ttf"))
    error = refused(studio, ended, 6)
    assert error["type"] == "engine-unavailable"
    (fault,) = error["errors"]
    assert fault["pointer"] == "/captions/languages/en/0/text"
    assert "fonts-noto-cjk fonts-noto-core" in fault["fix"]
    assert "Noto Sans Hebrew" in fault["detail"]


def test_an_unknown_character_is_the_documents_fault(studio: Studio) -> None:
    error = refused(studio, studio.render(film("\ue123")), 2)
    assert error["type"] == "invalid-input"
    assert error["errors"][0]["found"] == "U+E123"


def test_without_fontconfig_letters_cannot_be_drawn_and_all_else_can(studio: Studio) -> None:
    programs = studio.root / "programs"
    programs.mkdir()
    found = shutil.which("ffmpeg")
    assert found
    (programs / "ffmpeg").symlink_to(found)
    error = refused(studio, studio.render(film("words"), PATH=str(programs)), 6)
    assert "fontconfig" in error["detail"]
    assert studio.render(production([colour("c", 0, 10)]), PATH=str(programs)).code == 0


@pytest.mark.parametrize("changed", ["NotoSansHebrew-Regular.ttf", "NotoSerif-Regular.ttf"])
def test_another_version_of_a_font_makes_other_shots_and_no_others(studio: Studio, changed: str) -> None:
    """What it draws, and nothing else, is made again; the same font at another place draws the same."""
    fonts = ["NotoSans-Regular.ttf", "NotoSansHebrew-Regular.ttf", "NotoSerif-Regular.ttf"]
    card = {"type": "generator", "id": "d", "timeline_start": 30, "duration": 10}
    card["generator"] = {"kind": "title_card", "title": "Title"}
    cues = [{"start": 10 * n, "duration": 10, "text": text} for n, text in enumerate(("Hello", "שלום"))]

    def made(name: str, environment: dict[str, str]) -> int:
        captions = {"mode": "burned", "burn_language": "en", "languages": {"en": cues}}
        uri = {"uri": f"media://films/{name}.mp4"}
        document = production([colour("c", 0, 30), card], captions=captions, output=uri)
        return int(studio.render(document, **environment).report["shots"]["made"])

    assert made("a", only(studio.root / "here", *fonts)) == 4
    assert made("b", only(studio.root / "there", *fonts)) == 0
    newer = only(studio.root / "newer", *fonts)
    with (studio.root / "newer" / changed).open("ab") as file:
        file.write(bytes(4))
    assert made("c", newer) == 1


def test_the_renderer_finds_no_font_but_those_in_use(studio: Studio) -> None:
    """Told by a program in ffmpeg's place, which asks fontconfig before it hands over."""
    seen, program = studio.root / "seen", studio.root / "asking-ffmpeg"
    program.write_text(f'#!/bin/sh\nfc-list : family > "{seen}"\nexec ffmpeg "$@"\n')
    program.chmod(0o755)
    assert studio.render(film("Hello שלום"), REELPRINT_FFMPEG=str(program)).code == 0
    assert sorted(seen.read_text().splitlines()) == ["Noto Sans", "Noto Sans Hebrew"]
