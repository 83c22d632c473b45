"""Every script drawn right: real frames against a second shaper's (Pillow with raqm), and inside the safe area."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jobs.assemble.lettering import bidi
from jobs.assemble.lettering.fonts import Stack
from jobs.assemble.lettering.typeset import width
from tests.support.letters import GROUND, captioned, carded, cut, drawn, ink_of, script_of
from tests.support.media import Pictures

pytestmark = pytest.mark.media

FRAME = (1280, 360)
LARGE = {"size": 200, "outline_width": 0}
LINES = {
    "he": "שלום עולם",
    "ar": "السلام عليكم، كيف حالك؟",
    "hi": "नमस्ते क्षत्रिय हिन्दी",
    "th": "น้ำที่ดี กิ่งไม้",
    "ta": "தமிழ் கொழு",
    "zh": "直骨今天天气很好。",
    "ja": "直骨「字幕」です。",
    "ko": "한국어 자막입니다",
}
LONG = {
    "en": "The quick brown fox jumps over the lazy dog while the band plays on, and nobody minds at all.",
    "he": "אני גר ב-New York (USA) כבר שנים רבות, ועדיין לא ראיתי את כל מה שיש לראות בעיר הגדולה הזאת!",
    "ar": "السلام عليكم، هذا نص طويل نسبيا لكي نرى كيف يلتف السطر في الإطار (ABC) وما إلى ذلك من الأمور.",
    "hi": "नमस्ते, यह एक लंबा वाक्य है जो दो पंक्तियों में टूटना चाहिए और हर बार सुंदर दिखना चाहिए।",
    "th": "สวัสดีครับนี่คือประโยคยาวที่ต้องตัดบรรทัดเพื่อให้อยู่ในกรอบภาพอย่างสวยงามเสมอไปทุกครั้ง",
    "zh": "今天天气很好，我们一起去公园散步吧。路上可以看到很多花，也能听见小鸟在树上唱歌。" * 2,
    "ja": "今日は天気がとても良いので、一緒に公園へ散歩に行きましょう。途中で「たくさんの花」が見られます。" * 2,
    "ko": "오늘은 날씨가 아주 좋으니 함께 공원으로 산책하러 갑시다. 가는 길에 많은 꽃을 볼 수 있어요.",
    "de": "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
}
FRAMES = [(64, 36), (160, 90), (1080, 1920), (720, 720), (1920, 800), (4096, 2160), (90, 4096)]


def second_opinion(
    text: str, family: str, language: str, direction: str = "ltr", *, declared: str = "Noto Sans", shaped: bool = True
) -> Pictures:
    """The same line by Pillow in one family, at the size at which a large caption's letters in `declared` stand."""
    features = pytest.importorskip("PIL.features", reason="the slim environment has no second shaper")
    assert features.check("raqm"), "Pillow was built without raqm"
    from PIL import Image, ImageDraw, ImageFont

    layout = ImageFont.Layout.RAQM if shaped else ImageFont.Layout.BASIC
    face = Stack((family,), language).primary
    em = FRAME[1] * LARGE["size"] / 1000 / Stack((declared,)).primary.line
    font = ImageFont.truetype(str(face.path), round(em), index=face.index, layout_engine=layout)
    picture = Image.new("L", (2 * FRAME[0], FRAME[1]), GROUND)
    how: dict[str, Any] = {"direction": direction, "language": language} if shaped else {}
    ImageDraw.Draw(picture).text((80, 120), text, font=font, fill=255, **how)
    return np.asarray(picture)


def likeness(one: Pictures, other: Pictures) -> float:
    """Correlation of what is drawn, from 0 to 1, at the best of a few pixels' shift."""
    parts = [cut(picture).astype(float) - GROUND for picture in (one, other)]
    height, width = (max(part.shape[side] for part in parts) + 8 for side in (0, 1))
    first = np.zeros((height, width))
    first[4 : 4 + parts[0].shape[0], 4 : 4 + parts[0].shape[1]] = parts[0]
    best = 0.0
    for down in range(height - parts[1].shape[0] + 1):
        for across in range(width - parts[1].shape[1] + 1):
            second = np.zeros((height, width))
            second[down : down + parts[1].shape[0], across : across + parts[1].shape[1]] = parts[1]
            best = max(best, float((first * second).sum() / np.sqrt((first**2).sum() * (second**2).sum())))
    return best


def house_family(language: str) -> str:
    names = {"he": "Hebrew", "ar": "Arabic", "hi": "Devanagari", "th": "Thai", "ta": "Tamil"}
    return f"Noto Sans {names.get(language) or 'CJK ' + {'zh': 'SC', 'ja': 'JP', 'ko': 'KR'}[language]}"


@pytest.mark.parametrize("language", LINES)
def test_a_line_is_shaped_and_ordered_as_another_shaper_does_it(language: str, tmp_path: Path) -> None:
    text = LINES[language]
    picture = drawn(captioned(text, language, FRAME, **LARGE), tmp_path)
    way = "rtl" if bidi.direction(text) == bidi.RIGHT else "ltr"
    assert likeness(picture, second_opinion(text, house_family(language), language, way)) > 0.9


@pytest.mark.parametrize("language", ["en", "he", "ar", "th", "zh", "ja", "ko"])
def test_a_line_is_measured_as_long_as_it_is_drawn(language: str, tmp_path: Path) -> None:
    """Scripts that melt letters together, as Devanagari does, are measured longer than they are: never shorter."""
    text = {"en": "Hamburg, where?", **LINES}[language].strip("。")  # a stop leaves half of its square empty
    ink = ink_of(drawn(captioned(text, language, FRAME, **LARGE), tmp_path))
    stack = Stack(("Noto Sans",), language)
    em = FRAME[1] * LARGE["size"] / 1000 / stack.primary.line
    assert ink.right - ink.left == pytest.approx(width(text, stack) * em, rel=0.05)


@pytest.mark.parametrize("language", ["ar", "hi"])
def test_the_comparison_notices_letters_that_are_not_joined(language: str, tmp_path: Path) -> None:
    text = LINES[language]
    picture = drawn(captioned(text, language, FRAME, **LARGE), tmp_path)
    ordered = text[::-1] if language == "ar" else text
    assert likeness(picture, second_opinion(ordered, house_family(language), language, shaped=False)) < 0.7


def test_the_comparison_notices_the_wrong_order_and_another_languages_forms(tmp_path: Path) -> None:
    hebrew = drawn(captioned(LINES["he"], "he", FRAME, **LARGE), tmp_path)
    backwards = second_opinion(LINES["he"], "Noto Sans Hebrew", "he", shaped=False)
    assert likeness(hebrew, backwards) < 0.7
    bones = [drawn(captioned("直骨直骨", language, FRAME, **LARGE), tmp_path) for language in ("zh", "ja")]
    assert likeness(*bones) < 0.9
    assert likeness(bones[1], second_opinion("直骨直骨", "Noto Sans CJK JP", "ja")) > 0.9


MIXED = [
    ("he", "אני ב-NH HH (USA 24) כבר!", "rtl"),
    ("he", "שלום (עולם) ABC [12]", "rtl"),
    ("he", "\"ABC\" היא חברה.", "rtl"),
    ("en", "He said (שלום עולם), 3 times.", "ltr"),
    ("ar", "سعره 25 دولار (USD).", "rtl"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "text", "way"), MIXED)
def test_lines_of_both_directions_are_ordered_as_unicode_orders_them(
    language: str, text: str, way: str, tmp_path: Path
) -> None:
    """By one font for all of it, since the second shaper knows of no other."""
    picture = drawn(captioned(text, language, FRAME, **{**LARGE, "font": "DejaVu Sans"}), tmp_path)
    expected = second_opinion(text, "DejaVu Sans", language, way, declared="DejaVu Sans")
    assert likeness(picture, expected) > 0.85


def test_every_line_of_a_right_to_left_caption_runs_to_the_left(tmp_path: Path) -> None:
    """The second line begins with a word of the other direction: it must stand at the line's right all the same."""
    both = drawn(captioned("שלום לכולם\nHHHHH זה טוב", "he", FRAME, **LARGE), tmp_path)
    low = cut(both)[cut(both).shape[0] // 2 :]
    word = cut(drawn(captioned("HHHHH", "en", FRAME, **LARGE), tmp_path))
    ink = ink_of(low)
    right = low[:, ink.right - word.shape[1] : ink.right]
    assert likeness(np.pad(right, 2, constant_values=GROUND), np.pad(word, 2, constant_values=GROUND)) > 0.9


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: "x".join(map(str, frame)))
@pytest.mark.parametrize("language", LONG)
def test_nothing_leaves_the_safe_area(language: str, frame: tuple[int, int], tmp_path: Path) -> None:
    style = {"background": "#ffffff", "background_opacity": 1.0} if language in ("ar", "zh") else {}
    picture = drawn(captioned(LONG[language], language, frame, **style), tmp_path)
    inside(picture, frame, 0.05)


@pytest.mark.parametrize("style", [{"size": 200, "margin": 400}, {"size": 200, "position": "middle"}, {"margin": 0}])
@pytest.mark.parametrize("frame", [(16, 16), (360, 640), (640, 360)], ids=lambda frame: "x".join(map(str, frame)))
def test_what_does_not_fit_is_set_smaller(style: dict[str, Any], frame: tuple[int, int], tmp_path: Path) -> None:
    text = "words and words and yet more words " * 14
    picture = drawn(captioned(text[:500], "en", frame, **{"outline_width": 0, **style}), tmp_path)
    inside(picture, frame, 0.05 if style.get("margin", 60) else 0.0)


def inside(picture: Pictures, frame: tuple[int, int], share: float) -> None:
    """Ink, faint as it is where letters are smaller than a pixel, lies inside the safe area but for a pixel's blur."""
    ink, (width, height) = ink_of(picture, 24 if min(frame) > 64 else 2), frame
    assert ink.left >= width * share - 1.5
    assert ink.right <= width * (1 - share) + 1.5
    assert ink.top >= height * share - 1.5
    assert ink.bottom <= height - (1 if share and height > 16 else 0)


TITLES = {
    "zh": "很久很久以前有一座山山里有一座庙庙里有一个老和尚在讲故事" * 4,
    "en": "The Strange and Surprising Adventures of a Very Long Title That Does Not End Where It Should, and Goes On",
    "ar": "ألف ليلة وليلة وحكايات أخرى من الشرق القديم يرويها الرواة في الأسواق كل مساء",
    "hi": "मेघदूतम् और अन्य कविताएँ जो बहुत लंबी हैं और समाप्त नहीं होतीं",
    "th": "เรื่องเล่าจากแดนไกลที่ไม่มีวันจบสิ้นและยาวมากจนเกินบรรทัด",
    "ja": "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。何でも薄暗いじめじめした所で",
    "de": "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
}


@pytest.mark.parametrize(
    "frame", [(64, 64), (1080, 1920), (1280, 720), (4096, 256)], ids=lambda f: "x".join(map(str, f))
)
@pytest.mark.parametrize("language", TITLES)
def test_a_title_card_holds_any_title(language: str, frame: tuple[int, int], tmp_path: Path) -> None:
    card = {"title": TITLES[language], "subtitle": LONG[language][:120], "footer": LONG[language][:60]}
    blueprint = carded(card, language, frame)
    picture = drawn(blueprint, tmp_path)
    inside(picture, frame, 0.05)
    title = next(line for line in script_of(blueprint).splitlines() if ",Title,," in line)
    assert title.count("\\N") < (3 if min(frame) > 64 else 5)


def test_an_arabic_title_is_joined_and_its_letters_are_not_spaced(tmp_path: Path) -> None:
    blueprint = carded({"title": "س", "subtitle": "حكايات شهرزاد", "footer": "ABC"}, "ar", (1280, 720))
    styles = {
        line.split(",")[0]: line.split(",")[13]
        for line in script_of(blueprint).splitlines()
        if line.startswith("Style:")
    }
    assert styles["Style: Subtitle"] == "0"
    assert styles["Style: Footer"] != "0"
    assert "Noto Naskh Arabic" in script_of(blueprint)
    assert ink_of(drawn(blueprint, tmp_path)).top > 0


def test_an_emoji_is_drawn_in_one_colour(tmp_path: Path) -> None:
    """By an outline of it: the same ink as the declared font alone would give, and more than the box for a missing glyph."""
    smile = drawn(captioned("\U0001f600", "en", FRAME, **LARGE), tmp_path)
    assert likeness(smile, second_opinion("\U0001f600", "DejaVu Sans", "en")) > 0.85


@pytest.mark.parametrize("style", [{"bold": True}, {"italic": True}, {"colour": "#000000"}, {"background": "#ffffff"}])
def test_a_style_changes_what_is_drawn_and_where_it_stays(style: dict[str, Any], tmp_path: Path) -> None:
    plain = drawn(captioned("Hamburg", "en", FRAME, **LARGE), tmp_path)
    styled = drawn(captioned("Hamburg", "en", FRAME, **LARGE, **style), tmp_path)
    assert np.abs(plain.astype(int) - styled).max() > 100
    middles = [(ink_of(p).left + ink_of(p).right) / 2 for p in (plain, styled)]
    assert middles[0] == pytest.approx(middles[1], abs=8)


def test_a_background_lies_behind_all_lines_and_lets_through_what_it_says(tmp_path: Path) -> None:
    text = "wide wide wide\nx"
    boxed = drawn(captioned(text, "en", FRAME, **LARGE, background="#000000", background_opacity=0.5), tmp_path)
    bare = drawn(captioned(text, "en", FRAME, **LARGE), tmp_path)
    box, ink = ink_of(boxed), ink_of(bare)
    assert box.left < ink.left
    assert box.right > ink.right
    assert box.top < ink.top
    corner = boxed[box.bottom - 4, box.left + 4]  # beside the short line
    assert corner == pytest.approx(GROUND / 2, abs=6)
