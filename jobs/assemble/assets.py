"""Sources on their way in: named by URI, fetched once, checked against what the blueprint binds them to."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from jobs.assemble.files import mp4
from jobs.assemble.files.frame_numbers import FrameNumbers
from jobs.assemble.pictures.shots import Source
from jobs.assemble.running import claims
from jobs.assemble.running.retries import Retry
from jobs.assemble.sound import wav
from shared.domain.blueprint.model import Asset, Output
from shared.domain.errors import CorruptAsset, InvalidInput, MissingAsset, NotFound
from shared.ports.storage import ObjectInfo, Storage

retry = Retry(time.sleep)  # for whatever this job asks of storage


class Assets:
    """The blueprint's sources. `buckets` maps a URI's scheme ("media", "uploads") to its storage."""

    def __init__(self, assets: Mapping[str, Asset], buckets: Mapping[str, Storage], scratch: Path) -> None:
        self._assets = assets
        self._buckets = buckets
        self._scratch = scratch
        self._identities: dict[str, str] = {}  # what each asset was when it was first looked at
        self._locks = {name: threading.Lock() for name in assets}

    def fetch(self, name: str) -> Path:
        """The asset as a local file; brought and verified the first time it is asked for."""
        target = self._scratch / f"asset-{hashlib.sha256(name.encode()).hexdigest()[:24]}"
        with self._locks[name]:
            if not target.exists():
                self._bring(name, target)
        return target

    def identity(self, name: str) -> str:
        """What binds the asset's bytes: its sha256 where declared, else the generation and checksum in storage."""
        asset = self._assets[name]
        if asset.sha256:
            return f"sha256:{asset.sha256}"
        if name in self._identities:
            return self._identities[name]
        storage, key = self.locate(asset.uri)
        info = retry(storage.stat, key)
        if info is None:
            raise _missing(name, asset.uri)
        if asset.generation and int(asset.generation) != info.generation:
            raise MissingAsset(
                f"The asset {name!r} ({asset.uri}) is at generation {info.generation}, not {asset.generation}."
            )
        self._identities[name] = _pinned(asset.uri, info)
        return self._identities[name]

    def source(self, name: str, output: Output, parameters: Callable[[], tuple[bytes, bytes]]) -> Source:
        """A moving source, looked at frame by frame: in this production's house format or not, never guessed."""
        return retry(self._look, name, self.identity(name), output, parameters)

    def _look(self, name: str, identity: str, output: Output, parameters: Callable[[], tuple[bytes, bytes]]) -> Source:
        storage, key = self.locate(self._assets[name].uri)
        try:
            with storage.open(key) as stream:
                self._require_declared(name, stream)
                track = mp4.read_track(stream)
                size, rate = (output.width, output.height), output.frame_rate.fraction
                if (track.width, track.height) != size or track.frame_rate != Fraction(rate):
                    return Source(identity)
                if (track.sps, track.pps) != parameters():
                    return Source(identity)
                if not FrameNumbers(track.sps).count_up(track.read(stream, 0, track.frames)):
                    return Source(identity)
        except (mp4.NotHouseFormat, ValueError):  # not as the house writes them: its boxes, or its frames
            return Source(identity)
        except NotFound as exc:
            raise _missing(name, self._assets[name].uri) from exc
        return Source(identity, track.keyframes, track.frames)

    def place(self, name: str) -> tuple[Storage, str]:
        """Bucket and key of an asset."""
        return self.locate(self._assets[name].uri)

    def locate(self, uri: str) -> tuple[Storage, str]:
        """Bucket and key of a URI. Raises InvalidInput for a scheme that is not connected here."""
        scheme, _, key = uri.partition("://")
        storage = self._buckets.get(scheme)
        if storage is None:
            known = ", ".join(f"{name}://" for name in self._buckets)
            raise InvalidInput(f"The URI {uri} names a storage that is not connected here. Connected: {known}.")
        return storage, key

    def _bring(self, name: str, target: Path) -> None:
        asset = self._assets[name]
        storage, key = self.locate(asset.uri)
        part = target.with_suffix(".part")
        try:
            info = retry(storage.download, key, part)
        except NotFound as exc:
            raise _missing(name, asset.uri) from exc
        if not asset.sha256 and _pinned(asset.uri, info) != self.identity(name):
            raise MissingAsset(f"The asset {name!r} ({asset.uri}) was written over while it was brought. Render again.")
        with part.open("rb") as stream:
            self._require_declared(name, stream)
        if missing := wav.missing_bytes(part):
            raise CorruptAsset(f"The asset {name!r} ({asset.uri}) ends {missing:,} bytes too early. Upload it again.")
        claims.check(part, f"{name!r} ({asset.uri})")
        part.rename(target)

    def _require_declared(self, name: str, stream: BinaryIO) -> None:
        asset = self._assets[name]
        if asset.sha256 and _sha256(stream) != asset.sha256:
            raise CorruptAsset(
                f"The asset {name!r} ({asset.uri}) is not the file whose sha256 the blueprint names. Upload that file, or "
                "correct the blueprint."
            )


def _sha256(stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    while chunk := stream.read(1 << 20):
        digest.update(chunk)
    return digest.hexdigest()


def _pinned(uri: str, info: ObjectInfo) -> str:
    return f"{uri}#{info.generation}:{info.crc32c}"


def _missing(name: str, uri: str) -> MissingAsset:
    return MissingAsset(
        f"The asset {name!r} was looked for at {uri} and is not there. Upload it, or correct the blueprint."
    )
