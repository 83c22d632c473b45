"""Shots, read back in order for the join: artifacts from the store, copies from their sources, never more than a piece in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice, repeat

from jobs.assemble.assets import Assets, retry
from jobs.assemble.files import mp4
from jobs.assemble.files.annexb import ReadStream, Stream, read_stream
from jobs.assemble.files.frame_numbers import FrameNumbers
from jobs.assemble.pictures.shots import Shot, ShotKind
from shared.domain.artifact import ArtifactKey
from shared.domain.blueprint.model import Clip
from shared.services.artifact_store import ArtifactStore

KEPT_TRACKS = 64  # tables of sources held for their next shot: some 20 kB for a minute of film


class ShotStreams:
    def __init__(self, assets: Assets, artifacts: ArtifactStore) -> None:
        self._assets = assets
        self._artifacts = artifacts
        self._tracks: dict[str, mp4.Track] = {}

    def read(self, shots: Sequence[Shot]) -> Iterator[Stream]:
        """The pictures of every shot, in order. The frames of one are to be used before the next is asked for."""
        last: tuple[ArtifactKey, ReadStream] | None = None
        for shot in shots:
            if shot.key is None:
                yield self._copied(shot)
                continue
            if last is None or last[0] != shot.key:
                last = (shot.key, read_stream(retry(self._artifacts.read, shot.key)))
            yield _held(last[1], shot.frames) if shot.kind is ShotKind.STILL else last[1]

    def _copied(self, shot: Shot) -> Stream:
        item = shot.scene.stretch.item
        if not isinstance(item, Clip):
            raise TypeError(f"a {item.type} cannot be copied")
        track = self._track(item.asset)
        return Stream((track.sps, track.pps), self._frames(item.asset, track, shot))

    def _frames(self, asset: str, track: mp4.Track, shot: Shot) -> Iterator[bytes]:
        storage, key = self._assets.place(asset)
        lead = 1 if shot.is_entered else 0
        with storage.open(key) as stream:
            frames = track.read(stream, shot.source_start - lead, shot.frames + lead)
            if lead:
                yield from FrameNumbers(track.sps).counted_from(next(frames), frames)
            else:
                yield from frames

    def _track(self, asset: str) -> mp4.Track:
        if asset not in self._tracks:
            if len(self._tracks) >= KEPT_TRACKS:
                self._tracks.pop(next(iter(self._tracks)))  # the one longest here
            storage, key = self._assets.place(asset)
            with storage.open(key) as stream:
                self._tracks[asset] = mp4.read_track(stream)
        return self._tracks[asset]


def _held(stream: Stream, frames: int) -> Stream:
    """One GOP, repeated to a length."""
    return Stream(stream.parameters, islice(chain.from_iterable(repeat(stream.frames)), frames))
