"""A remote object as a stream: it reads as a file does, and asks for what is read, not for the rest."""

from __future__ import annotations

import io
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.storage.ranged import ranged_stream

DATA = random.Random(1).randbytes(10_000)
MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("read"), st.integers(-1, 12_000)),
        st.tuples(st.just("seek"), st.integers(0, 12_000)),
        st.tuples(st.just("back"), st.integers(-10_000, 0)),
    ),
    max_size=12,
)


@given(MOVES, st.sampled_from([1, 7, 512, 20_000]))
def test_it_reads_as_a_file_does(moves: list[tuple[str, int]], at_least: int) -> None:
    plain = io.BytesIO(DATA)
    with ranged_stream(len(DATA), lambda start, stop: DATA[start:stop], at_least) as stream:
        for kind, number in moves:
            if kind == "read":
                assert stream.read(number) == plain.read(number)
            elif kind == "seek":
                assert stream.seek(number) == plain.seek(number)
            else:
                assert stream.seek(number, io.SEEK_END) == plain.seek(number, io.SEEK_END)
            assert stream.tell() == plain.tell()


def test_it_asks_for_what_is_read() -> None:
    asked: list[tuple[int, int]] = []

    def fetch(start: int, stop: int) -> bytes:
        asked.append((start, stop))
        return DATA[start:stop]

    with ranged_stream(len(DATA), fetch, 100) as stream:
        assert asked == []
        stream.seek(-10, io.SEEK_END)
        assert stream.read() == DATA[-10:]
        stream.seek(50)
        assert stream.read(10) + stream.read(10) == DATA[50:70]
        assert asked == [(9_990, 10_000), (50, 150)]
        stream.seek(20_000)
        assert stream.read() == b"" and len(asked) == 2


def test_an_empty_object_needs_no_request_and_no_place_lies_before_the_first_byte() -> None:
    with ranged_stream(0, lambda start, stop: b"") as stream:
        assert stream.read() == b"" and stream.readable() and stream.seekable()
        with pytest.raises((ValueError, OSError)):
            stream.seek(-1)
