"""H.264 byte streams, taken apart: what the house format is made of, and what is refused as not it."""

from __future__ import annotations

import pytest

from jobs.assemble.files.annexb import START, nal_units, read_stream

SPS, PPS, SEI, DELIMITER = b"\x67\x64\x00\x1f", b"\x68\xee\x3c\xb0", b"\x06\x05\x01\x80", b"\x09\xf0"
IDR, SLICE = b"\x65\x88\x11", b"\x41\x9a\x22"


def stream(*units: bytes) -> bytes:
    return b"".join(START + unit for unit in units)


def test_units_are_found_behind_long_and_short_start_codes() -> None:
    data = b"\x00\x00\x01" + SPS + b"\x00\x00\x00\x01" + PPS + b"\x00\x00\x01" + IDR
    assert list(nal_units(data)) == [SPS, PPS, IDR]


def test_zeros_behind_a_unit_are_not_part_of_it() -> None:
    assert list(nal_units(START + IDR + b"\x00\x00\x00" + START + SLICE)) == [IDR, SLICE]


def test_what_has_no_start_code_has_no_units() -> None:
    assert list(nal_units(b"")) == list(nal_units(b"RIFF....")) == []


def test_a_stream_is_its_parameter_sets_and_its_frames() -> None:
    found = read_stream(stream(DELIMITER, SPS, PPS, SEI, IDR, SLICE, SLICE, SPS, PPS, IDR, SLICE))
    assert found.parameters == (SPS, PPS)
    assert found.frames == (IDR, SLICE, SLICE, IDR, SLICE)
    assert found.keyframes == (0, 3)


@pytest.mark.parametrize(
    ("units", "reason"),
    [
        ((), "does not start"),
        ((IDR,), "does not start"),
        ((SPS, PPS), "does not start"),
        ((SPS, PPS, SLICE, IDR), "does not start"),
        ((SPS, IDR), "does not start"),
        ((SPS, PPS, IDR, SPS + b"\x01", PPS, IDR), "parameter sets change"),
        ((SPS, PPS, IDR, PPS + b"\x01"), "parameter sets change"),
        ((SPS, PPS, IDR, b"\x41\x5a"), "several slices"),
        ((SPS, PPS, IDR, b"\x41"), "several slices"),
        ((SPS, PPS, b"\x62\x88"), "type 2"),
        ((SPS, PPS, IDR, b"\x14\x88"), "type 20"),
        ((SPS, PPS, IDR, b""), "empty"),
    ],
)
def test_what_is_not_the_house_format_is_refused(units: tuple[bytes, ...], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_stream(stream(*units))
