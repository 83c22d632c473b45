"""Books that are made to do harm: what expands, climbs out, never ends or is far too large is refused, and says why."""

from __future__ import annotations

import importlib
import io
import itertools
import re
import struct
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared.adapters.books import flow, inline_marks, markup_text
from shared.adapters.books.limits import Limits
from shared.adapters.books.markdown import read_markdown
from shared.adapters.books.plain import read_plain
from shared.adapters.books.xml import parse_xml
from shared.domain.errors import CorruptAsset, ReelprintError, TooLarge, UnsupportedMedia
from shared.domain.line_wraps import unwrapped
from tests.support.books import PROSE, Epub, docx, read, read_body, zipped

BOMB = (
    '<!DOCTYPE html [<!ENTITY a "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><html><body><p>&c;</p></body></html>'
)
FETCHES = '<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/hostname">]><html><body><p>a&x;b</p></body></html>'
PARAMETER = '<!DOCTYPE html [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x.dtd"> %x;]><html><body><p>a</p></body></html>'


@pytest.mark.parametrize("page", [BOMB, FETCHES, PARAMETER])
def test_entities_that_expand_or_fetch_are_refused(page: str) -> None:
    with pytest.raises(UnsupportedMedia, match="declares an entity"):
        read(Epub({"a.xhtml": page}).data())


def test_a_document_type_is_not_fetched_and_plain_entities_are_known() -> None:
    page = (
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" "http://127.0.0.1:9/xhtml11.dtd" [<!ENTITY dash "&#8212;">]>'
        "<html><body><p>a&nbsp;b&dash;c&eacute;</p></body></html>"
    )
    (chapter,) = read(Epub({"a.xhtml": page}).data()).chapters
    assert chapter.text == "a b—cé"


@pytest.mark.parametrize(
    "xml",
    [
        b"<p>" * 300 + b"</p>" * 300,
        b'<p a="' + b"x" * 2_000_000 + b'"/>',
        b"<p " + b" ".join(b'a%d=""' % number for number in range(300)) + b"/>",
        b"<p>" + b"<i/>" * 1001 + b"</p>",
    ],
)
def test_xml_too_deep_or_too_large_is_refused(xml: bytes) -> None:
    with pytest.raises(TooLarge):
        parse_xml(xml, replace(Limits(), elements=1000), "test.xml")


def test_a_deep_page_of_an_epub_is_refused_and_not_read_loosely() -> None:
    with pytest.raises(TooLarge, match="inside each"):
        read_body("<div>" * 300 + "</div>" * 300)


@pytest.mark.parametrize(
    "name",
    ["../out.xhtml", "OEBPS/../../out", "/etc/passwd", "C:/windows", "a\\..\\b", "OEBPS\\one.xhtml"],
)
def test_names_that_lead_out_are_refused(name: str) -> None:
    with pytest.raises(CorruptAsset, match="leads out"):
        read_body("<p>Text</p>", files={name: "x"})


def test_links_in_a_zip_are_refused() -> None:
    stream = io.BytesIO(Epub({"a.xhtml": PROSE}).data())
    with zipfile.ZipFile(stream, "a") as book:
        link = zipfile.ZipInfo("OEBPS/link")
        link.external_attr = 0o120777 << 16
        book.writestr(link, "/etc/passwd")
    with pytest.raises(CorruptAsset, match="is a link"):
        read(stream.getvalue())


@pytest.mark.parametrize("href", ["../../secret.xhtml", "/etc/passwd", "..%2F..%2Fsecret.xhtml"])
def test_references_that_lead_out_are_refused(href: str) -> None:
    with pytest.raises(CorruptAsset, match="leads out"):
        read_body("<p>x</p>", manifest=f'<item id="x" href="{href}" media-type="application/xhtml+xml"/>')


def test_an_encrypted_entry_is_refused() -> None:
    data = bytearray(Epub({"a.xhtml": PROSE}).data())
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    with pytest.raises(UnsupportedMedia, match="encrypted"):
        read(bytes(data))


def test_unpacked_sizes_are_counted_whatever_a_header_claims() -> None:
    data = bytearray(Epub({"a.xhtml": "<p>" + "x" * 3_000_000 + "</p>"}).data())
    for mark, place in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):  # "uncompressed size" in both headers of the page
        at = max(at for at in _all(data, mark) if b"a.xhtml" in data[at : at + 80])
        data[at + place : at + place + 4] = struct.pack("<I", 10)
    small = replace(Limits(), entry=2_000_000)
    with pytest.raises(ReelprintError):
        read(bytes(data), small)
    with pytest.raises(TooLarge, match="more than 1 MiB"):
        read(Epub({"a.xhtml": "<p>" + "x" * 3_000_000 + "</p>"}).data(), small)
    with pytest.raises(TooLarge, match="unpacks to more"):
        read(
            Epub({f"{n}.xhtml": "<p>" + "x" * 900_000 + "</p>" for n in range(4)}).data(),
            replace(small, unpacked=2_000_000),
        )


def _all(data: bytes | bytearray, mark: bytes) -> list[int]:
    return [at for at in range(len(data)) if data[at : at + 4] == mark]


def test_too_many_entries_are_refused_before_they_are_listed() -> None:
    with pytest.raises(TooLarge, match="files"):
        read(Epub({f"{n}.xhtml": "x" for n in range(30)}).data(), replace(Limits(), entries=20))
    with pytest.raises(CorruptAsset, match="directory is missing"):
        read(Epub({"a.xhtml": "x"}).data()[:-30])


def test_packing_that_no_book_uses_is_refused() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_LZMA) as book:
        book.writestr("META-INF/container.xml", "x" * 100)
    with pytest.raises(UnsupportedMedia, match="packed in a way"):
        read(stream.getvalue())


def test_time_is_limited() -> None:
    ticks = itertools.count(0, 10)
    with pytest.raises(TooLarge, match="within 45 s"):
        read(Epub({f"{n}.xhtml": "<p>x</p>" for n in range(9)}).data(), Limits(clock=lambda: float(next(ticks))))


def test_paragraphs_are_limited() -> None:
    with pytest.raises(TooLarge, match="paragraphs"):
        read(Epub({"a.xhtml": "<p>x</p>" * 20}).data(), replace(Limits(), blocks=10))
    with pytest.raises(TooLarge, match="paragraphs"):
        read(b"x\n\n" * 20, replace(Limits(), blocks=10))
    with pytest.raises(TooLarge, match="paragraphs"):
        read(b"# x\n\n" * 20, replace(Limits(), blocks=10))


def test_a_document_with_a_document_type_is_refused() -> None:
    stream = io.BytesIO(docx("Text"))
    files = {entry: zipfile.ZipFile(stream).read(entry) for entry in zipfile.ZipFile(stream).namelist()}
    files["word/document.xml"] = files["word/document.xml"].replace(
        b"<w:document", b'<!DOCTYPE d [<!ENTITY a "b">]><w:document', 1
    )
    with pytest.raises(CorruptAsset, match="document type"):
        read(zipped(files))


@pytest.mark.parametrize(
    "data", [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, b"PK\x03\x04junk", b"\x00\x01\x02binary"]
)
def test_what_is_no_book_is_told(data: bytes) -> None:
    with pytest.raises(ReelprintError):
        read(data)


def steps(work: Callable[[], Any]) -> int:
    """How many lines of Python are run: a count that no other process on the machine can disturb."""
    count = 0

    def trace(_frame: Any, event: str, _argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


LIMITS = Limits()
HARD: dict[str, Callable[[int], Any]] = {
    "unclosed tags": lambda n: markup_text.plain_text("<" * n),
    "unclosed attribute": lambda n: markup_text.plain_text("<a " + "b='" * n),
    "unclosed comments": lambda n: markup_text.plain_text("<!--" * n),
    "ampersands": lambda n: markup_text.plain_text("&" * n + "<"),
    "digits": lambda n: markup_text.plain_text("<p>&#" + "9" * n + ";"),
    "stray ends": lambda n: markup_text.plain_text("</p>" * n),
    "stars": lambda n: inline_marks.spoken("*a " * n),
    "alternating stars": lambda n: inline_marks.spoken("*_" * n),
    "open brackets": lambda n: inline_marks.spoken("[" * n),
    "links in links": lambda n: inline_marks.spoken("[" * n + "](x)" * n),
    "targets that never close": lambda n: inline_marks.spoken("[a](" * n),
    "backslashes": lambda n: inline_marks.spoken("\\" * n),
    "tabs": lambda n: flow.clean("\t " * n),
    "quotes": lambda n: read_markdown("# a\n\n" + ">" * n, "utf-8", LIMITS),
    "fences": lambda n: read_markdown("# a\n" + "```\n" * n, "utf-8", LIMITS),
    "dashes": lambda n: read_markdown("# a\n" + "---\n" * n, "utf-8", LIMITS),
    "roman numerals": lambda n: read_plain("\n\n".join(["I.", "II.", "III."] * n), "utf-8", LIMITS),
    "rising ranks": lambda n: read_plain("\n\n".join(["I. The Lamp", "1", "Part One"] * n), "utf-8", LIMITS),
    "contents again and again": lambda n: read_plain("\n\n".join(["Contents", "I. The Lamp"] * n), "utf-8", LIMITS),
    "short lines": lambda n: read_plain("Lamp\n" * n, "utf-8", LIMITS),
    "hyphens": lambda n: unwrapped(["a-"] * n, hyphenates=True),
    "a numeral without end": lambda n: read_plain("M" * n, "utf-8", LIMITS),
}


@pytest.mark.parametrize("name", HARD)
def test_work_grows_no_faster_than_the_text(name: str) -> None:
    few, many = steps(lambda: HARD[name](250)), steps(lambda: HARD[name](1000))
    assert many < 5.5 * few + 2000, f"{few} steps became {many} for four times the text"


def test_a_links_target_is_looked_for_nearby_only() -> None:
    # Marks of one character, looked for from each of many places to the end of the text, would cost its square.
    near, far = f"[a]({'x' * 4000})", f"[a]({'x' * 5000})"
    assert (inline_marks.spoken(near)[0], inline_marks.spoken(far)[0]) == ("a", far)


def repeats(parsed: Any, inside: bool = False) -> Iterator[bool]:
    """For every repetition in a parsed pattern: whether it is without end and lies in another one."""
    for operator, argument in parsed:
        is_repeat = str(operator) in ("MAX_REPEAT", "MIN_REPEAT") and argument[1] != 1
        if is_repeat:
            yield inside and str(argument[1]) == "MAXREPEAT"
        for part in argument if isinstance(argument, (tuple, list)) else [argument]:
            for branch in part if isinstance(part, list) else [part]:
                if hasattr(branch, "data"):
                    yield from repeats(branch.data, inside or is_repeat)


def patterns() -> dict[str, str]:
    """Every compiled pattern of the modules that books go through."""
    names = [f"shared.adapters.books.{path.stem}" for path in Path(flow.__file__).parent.glob("[a-z]*.py")]
    names += ["shared.domain.charset", "shared.domain.heading_words", "shared.domain.book_import"]
    modules = [importlib.import_module(name) for name in names]
    return {
        f"{module.__name__}.{name}": value.pattern
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, re.Pattern)
    }


def test_no_pattern_repeats_without_end_inside_a_repetition() -> None:
    parse: Any = re._parser.parse
    assert any(repeats(parse("(a+)*"))) and not any(repeats(parse("(a{0,9})*b+")))
    found = patterns()
    assert len(found) >= 6
    assert [name for name, pattern in found.items() if any(repeats(parse(pattern)))] == []
