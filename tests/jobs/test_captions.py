"""Captions as text: clocks, what may not survive from a user's words into a script, and language codes."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.assemble.lettering import bidi, captions
from jobs.assemble.lettering.fonts import Stack, clusters
from jobs.assemble.lettering.typeset import Box, fitted, height, width
from shared.domain.blueprint.model import CaptionStyle, Cue, Output, TitleCard
from tests.support.assembly import output_of

JOINER = "\u2060"
THIRTY = Fraction(30)


def cue(text: str, start: int = 0, duration: int = 30) -> Cue:
    return Cue(start=start, duration=duration, text=text)


def events(script: str) -> list[str]:
    return [line for line in script.splitlines() if line.startswith("Dialogue:")]


def drawn(text: str) -> str:
    """The text field of the one event that a caption becomes."""
    (event,) = events(captions.burned([cue(text)], CaptionStyle(), output_of()))
    return event.split(",", 9)[9]


@pytest.mark.parametrize(
    ("frame", "rate", "clock"),
    [
        (0, THIRTY, "00:00:00,000"),
        (1, THIRTY, "00:00:00,033"),
        (2, THIRTY, "00:00:00,067"),
        (30 * 3599 + 29, THIRTY, "00:59:59,967"),
        (30 * 3600 * 11 + 45, THIRTY, "11:00:01,500"),
        (1001, Fraction(30000, 1001), "00:00:33,400"),
        (30000, Fraction(30000, 1001), "00:16:41,000"),
    ],
)
def test_subrip_and_webvtt_clocks_are_rounded_to_the_millisecond(frame: int, rate: Fraction, clock: str) -> None:
    assert f"\n{clock} --> " in captions.sub_rip([cue("x", frame)], rate)
    assert f"\n{clock.replace(',', '.')} --> " in captions.web_vtt([cue("x", frame)], rate)


def test_subrip_is_numbered_cues_parted_by_blank_lines() -> None:
    written = captions.sub_rip([cue("one\ntwo", 0, 30), cue("three", 30, 15)], THIRTY)
    assert written == "1\n00:00:00,000 --> 00:00:01,000\none\ntwo\n\n2\n00:00:01,000 --> 00:00:01,500\nthree\n"


def test_webvtt_has_its_header_and_escapes_markup() -> None:
    written = captions.web_vtt([cue("<i>a & b</i> --> c")], THIRTY)
    assert written == "WEBVTT\n\n1\n00:00:00.000 --> 00:00:01.000\n&lt;i&gt;a &amp; b&lt;/i&gt; --&gt; c\n"


@pytest.mark.parametrize("text", ["a\n\nb", "a\r\n\r\nb", "a\r\rb", "\n a\n \t\nb\n"])
def test_a_blank_line_inside_a_cue_does_not_end_it(text: str) -> None:
    for written in (captions.sub_rip([cue(text), cue("next", 30)], THIRTY), captions.web_vtt([cue(text)], THIRTY)):
        assert "a\nb" in written
        assert written.count("\n\n") == written.count("-->") - (0 if written.startswith("WEBVTT") else 1)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a < b", f"a <{JOINER} b"),
        ("{\\b1}x", f"{{{JOINER}\\{JOINER}b1}}x"),
        ("C:\\New", f"C:\\{JOINER}New"),
        ("a --> b", f"a --{JOINER}> b"),
        ("{plain} & simple -- > 12", "{plain} & simple -- > 12"),
    ],
)
def test_subrip_shields_what_its_readers_would_take_for_markup(text: str, written: str) -> None:
    assert captions.sub_rip([cue(text)], THIRTY).splitlines()[2] == written


@pytest.mark.parametrize(
    "text",
    ["{\\b1}loud", "{\\p1}m 0 0 l 9 9{\\p0}", "\\N", "\\h", "\\", "{", "}", "{\\an8}{\\pos(1,1)}x", "\\{x}", "a\\nb"],
)
def test_no_code_of_a_users_text_is_live_in_a_burned_caption(text: str) -> None:
    found = drawn(text)
    assert re.search(r"(?<!\\)[{}]", found) is None  # every brace is escaped
    assert re.search(r"\\[^\u200b{}]|\\$", found) is None  # a backslash stands before a brace, or can escape nothing
    assert found.replace("\\{", "{").replace("\\}", "}").replace("\u200b", "") == text


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb", "a\rb"])
def test_a_line_break_stays_one_and_never_starts_a_new_line_of_the_script(text: str) -> None:
    assert drawn(text) == "a\\Nb"


def test_commas_and_event_lines_in_a_text_stay_text() -> None:
    text = "a, b,,c\nDialogue: 0,0:00:00.00,9:59:59.00,Caption,,0,0,0,,forged"
    assert drawn(text) == text.replace("\n", "\\N")


@pytest.mark.parametrize("rate", [(24000, 1001), (25, 1), (30000, 1001), (30, 1), (50, 1), (60000, 1001), (60, 1)])
def test_a_burned_caption_appears_with_its_first_frame_and_is_gone_after_its_last(rate: tuple[int, int]) -> None:
    output = output_of({"frame_rate": {"num": rate[0], "den": rate[1]}})
    for start in range(0, 400, 7):
        (event,) = events(captions.burned([cue("x", start, 5)], CaptionStyle(), output))
        begin, end = (_seconds(clock) for clock in event.split(",")[1:3])
        assert _frames_between(begin, end, Fraction(*rate)) == list(range(start, start + 5))


def _seconds(clock: str) -> Fraction:
    hours, minutes, seconds = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds)


def _frames_between(begin: Fraction, end: Fraction, rate: Fraction) -> list[int]:
    """Frames that a renderer draws the event into: it takes a frame's time in whole milliseconds, rounded down."""
    return [n for n in range(500) if begin <= Fraction(int(n / rate * 1000), 1000) < end]


@pytest.mark.parametrize(
    ("style", "fields"),
    [
        ({"position": "bottom"}, {18: "2"}),
        ({"position": "middle"}, {18: "5"}),
        ({"position": "top"}, {18: "8"}),
        ({"size": 100, "margin": 100, "outline_width": 20}, {2: "9", 21: "9", 16: "1"}),
        ({"colour": "#102030", "outline": "#aabbcc"}, {3: "&H00302010", 5: "&H00CCBBAA"}),
        ({"font": "Noto Serif"}, {1: "Noto Serif"}),
        ({}, {7: "0", 8: "0", 15: "1", 17: "0"}),
        ({"bold": True, "italic": True}, {7: "-1", 8: "-1"}),
        ({"size": 200, "background": "#102030", "background_opacity": 0.4}, {6: "&H99302010", 15: "4", 17: "4"}),
    ],
)
def test_a_style_is_written_as_ass_counts_it(style: dict[str, object], fields: dict[int, str]) -> None:
    script = captions.burned([cue("x")], CaptionStyle.model_validate(style), output_of())
    (line,) = [line for line in script.splitlines() if line.startswith("Style:")]
    found = line.split(",")
    assert {index: found[index] for index in fields} == fields


def test_a_title_card_leaves_out_what_it_was_not_given() -> None:
    assert len(events(card("Only a title"))) == 2  # the title, and the rule under it
    assert len(events(card("Title", subtitle="by somebody", footer="a book"))) == 4


def test_a_long_title_is_set_smaller() -> None:
    sizes = [
        int(re.findall(r"Style: Title,Noto Serif,(\d+),", card("T" * letters))[0]) for letters in (5, 25, 50, 100, 200)
    ]
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == 5


def card(title: str, **more: str) -> str:
    output = Output.model_validate(output_of().model_dump() | {"width": 1280, "height": 720})
    return captions.title_card(TitleCard.model_validate({"kind": "title_card", "title": title, **more}), output)


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("en", "eng"),
        ("en-GB", "eng"),
        ("es", "spa"),
        ("de", "deu"),
        ("zh-Hans", "zho"),
        ("cym", "cym"),
        ("xx", "und"),
        ("EN", "eng"),
    ],
)
def test_languages_get_the_code_that_mp4_wants(language: str, code: str) -> None:
    assert captions.iso_639_2(language) == code


# Lines

SANS = Stack(("Noto Sans",))
WORDS = [
    "a",
    "word",
    "Straße,",
    "incomprehensibilities",
    "שלום",
    "(עולם)",
    "السلام",
    "नमस्ते",
    "น้ำที่ดี",
    "世界。",
    "「字幕」です",
    "한국어",
    "e\u0301",
]


def lines(text: str, ems: float, language: str = "", stack: Stack = SANS) -> list[str]:
    """How a text is broken into lines of so many ems, with all the height it wants."""
    stack = Stack(stack.families, language)
    return list(fitted(text, stack, 100, Box(ems * 100 / stack.primary.line, 10_000)).lines)


def test_lines_that_fit_stay_as_they_are() -> None:
    assert lines("one\ntwo three four", 20) == ["one", "two three four"]


def test_lines_that_do_not_fit_are_broken_anew_into_as_few_and_about_as_long() -> None:
    assert lines("one two three\nfour five six", 6) == ["one two", "three four", "five six"]
    broken = lines("the quick brown fox jumps over the lazy dog", 18)
    assert broken == ["the quick brown fox", "jumps over the lazy dog"]


def test_each_speakers_turn_begins_a_line() -> None:
    assert lines("- Who is there, at this hour?\n- Nobody.", 10) == ["- Who is there,", "at this hour?", "- Nobody."]


@pytest.mark.parametrize(
    ("text", "ems", "language", "broken"),
    [
        ("今天天气很好。我们走吧。", 6, "zh", ["今天天气", "很好。我", "们走吧。"]),
        ("これは「字幕」です。", 5, "ja", ["これは「字", "幕」です。"]),
        ("これは「字幕」です。", 4, "ja", ["これは", "「字幕」", "です。"]),
        ("きょうはいいてんきですね", 6, "ja", ["きょうはいい", "てんきですね"]),
        ("한국어 자막입니다", 6, "ko", ["한국어", "자막입니다"]),
        ("เเเเน้ำ", 1.3, "th", ["เเเเน้ำ"]),
    ],
)
def test_lines_are_broken_where_their_script_allows_it(text: str, ems: float, language: str, broken: list[str]) -> None:
    found = lines(text, ems, language)
    assert "".join(found).replace(" ", "") == text.replace(" ", "")
    assert not any(line[0] in "。」、ー" or line[-1] in "「" for line in found)
    assert found == broken


def test_lines_of_wide_characters_are_joined_without_a_space() -> None:
    assert lines("今天天气\n很好我们走", 4.2, "zh") == ["今天天", "气很好", "我们走"]


def test_a_word_too_long_for_a_line_is_set_smaller_before_it_is_torn() -> None:
    box = Box(1000 / SANS.primary.line, 10_000)
    whole = fitted("incomprehensibilities", SANS, 110, box)
    assert whole.lines == ("incomprehensibilities",)
    assert 55 < whole.size < 110
    torn = fitted("incomprehensibilities" * 5, SANS, 110, box)
    assert len(torn.lines) > 1
    assert torn.size <= 55


@given(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=25),
    st.sampled_from(["", "\n"]),
    st.floats(2, 40),
    st.floats(1, 12),
    st.integers(8, 100),
)
@settings(max_examples=150, deadline=None)
def test_whatever_the_box_the_text_is_whole_and_inside(
    words: list[str], mark: str, ems: float, tall: float, size: int
) -> None:
    text = " ".join(words[: len(words) // 2]) + (mark or " ") + " ".join(words[len(words) // 2 :])
    box = Box(ems * 20, tall * 30)
    setting = fitted(text, SANS, size, box)
    assert "".join("".join(setting.lines).split()) == "".join(text.split())
    whole = list(clusters("".join(text.split())))
    assert [part for line in setting.lines for part in clusters("".join(line.split()))] == whole
    if setting.size * 0.96 >= 1:
        em = setting.size / SANS.primary.line
        assert max(width(line, SANS) for line in setting.lines) * em <= box.width + 1e-6
        assert height(setting.lines, SANS) * setting.size <= box.height + 1e-6


@pytest.mark.parametrize("text", ["a\x07b", "a\tb", "a\x00b", "a\x7fb", "a\x9fb"])
def test_control_characters_are_drawn_as_the_space_they_leave(text: str) -> None:
    assert drawn(text) == "a b"


def test_what_is_set_smaller_has_a_thinner_outline() -> None:
    """Without that, an outline made for large letters fills small ones."""
    style = CaptionStyle(size=200, outline_width=20)
    output = Output.model_validate(output_of().model_dump() | {"width": 360, "height": 640})
    (event,) = events(captions.burned([cue("words " * 80)], style, output))
    (border,), (size,) = re.findall(r"\\bord([\d.]+)", event), re.findall(r"\\fs([\d.]+)", event)
    declared = captions.burned([], style, output).split("\nStyle: ")[1].split(",")
    assert float(border) / float(declared[16]) == pytest.approx(float(size) / float(declared[2]), abs=0.01)
    assert float(size) < float(declared[2])


@pytest.mark.parametrize("text", [" ", "\x07", "\n\n", "\u200b"])
def test_a_text_of_nothing_is_drawn_as_nothing(text: str) -> None:
    assert drawn(text).strip("\u200b") == ""


# Writing direction


@pytest.mark.parametrize(
    ("text", "language", "found"),
    [
        ("שלום ABC", "", bidi.RIGHT),
        ("ABC שלום", "", bidi.LEFT),
        ("ABC שלום", "he", bidi.RIGHT),
        ("שלום means peace", "en", bidi.LEFT),
        ("ABC 123", "ar", bidi.LEFT),
        ("۱۲۳ ABC א", "ur-PK", bidi.RIGHT),
        ("ABC א", "az-Arab", bidi.RIGHT),
        ("א ABC", "fa-Latn", bidi.LEFT),
        ("123!", "", bidi.LEFT),
    ],
)
def test_a_texts_direction_is_its_languages_or_its_first_letters(text: str, language: str, found: str) -> None:
    assert bidi.direction(text, language) == found


def test_only_what_needs_it_gets_direction_marks() -> None:
    assert bidi.ordered("plain (text) 12", bidi.LEFT) == "plain (text) 12"
    assert bidi.ordered("שלום", bidi.RIGHT) == "שלום"
    assert bidi.ordered("ABC שלום", bidi.RIGHT) == "\u200fABC שלום"
    assert bidi.ordered("12!", bidi.RIGHT) == "\u200f12!"


@pytest.mark.parametrize(
    ("text", "base", "held"),
    [
        ("א (B) ג", bidi.RIGHT, "R"),  # what stands before decides: the text's own direction
        ("א B (C) ג", bidi.RIGHT, "L"),  # the other direction, inside and before
        ("א B (ג) C", bidi.RIGHT, "R"),
        ("a (ב) c", bidi.LEFT, "L"),
        ("ב a [1]", bidi.LEFT, "L"),
    ],
)
def test_brackets_go_with_what_rule_n0_holds_them_to(text: str, base: str, held: str) -> None:
    mark = {"L": "\u200e", "R": "\u200f"}[held]
    for bracket in set("()[]") & set(text):
        assert f"{mark}{bracket}{mark}" in bidi.ordered(text, base)


@pytest.mark.parametrize("write", [captions.web_vtt, captions.sub_rip])
def test_sidecars_mark_the_lines_that_run_to_the_left_and_no_others(write: Callable[..., str]) -> None:
    written = write([cue("שלום!\nABC טוב."), cue("plain", 30)], THIRTY, "he")
    assert "\n\u202bשלום!\u202c\n\u202bABC טוב.\u202c\n" in written
    assert written.endswith("\nplain\n")
    assert "\u202b" not in write([cue("He said שלום.")], THIRTY, "en")


def test_every_frames_clock_is_within_half_a_millisecond_and_later_than_the_one_before() -> None:
    rate = Fraction(30000, 1001)
    written = captions.sub_rip([cue("x", frame, 1) for frame in range(0, 200_000, 97)], rate)
    clocks = re.findall(r"(\d+):(\d\d):(\d\d),(\d{3}) -->", written)
    for frame, (hours, minutes, seconds, millis) in zip(range(0, 200_000, 97), clocks, strict=True):
        told = ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(millis)
        assert abs(told - Fraction(frame) / rate * 1000) <= Fraction(1, 2)
