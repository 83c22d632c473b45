"""Captions as text: clocks, what may not survive from a user's words into a script, and language codes."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

from jobs.assemble import captions
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
