"""Content addresses: every product of work is named by a hash of what went into it.

An artifact that exists is never made again, so a change costs only what it touches. This module owns the idea; nothing
else in the studio computes a cache key. What an artifact depends on is written as a plain mapping (strings, integers,
booleans, lists, mappings; no floats of seconds), put into one canonical JSON form and hashed with SHA-256.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict


class Kind(StrEnum):
    """What an artifact is. The value is also the folder it is stored under."""

    VOICE = "voice"  # one segment, spoken: WAV
    TRANSLATION = "translation"  # one segment in another language: JSON
    SHOT = "shot"  # a run of encoded pictures: H.264 Annex-B
    AUDIO_BLOCK = "audio-block"  # about 20 s of mixed sound: AAC in ADTS
    LOUDNESS = "loudness"  # what one audio block measures: JSON
    RETIMED = "retimed"  # one sound at another speed, its pitch kept: FLAC
    VIDEO = "video"  # a finished production: MP4
    CHAPTER = "chapter"  # one narrated chapter, mastered and encoded: AAC in ADTS, MP3, WAV
    SIDECAR = "sidecar"  # captions, poster, sprite sheet, report of a finished production


class ArtifactKey(BaseModel):
    """The address of one artifact. Two keys are equal when what went into both is equal."""

    model_config = ConfigDict(frozen=True)

    kind: Kind
    digest: str  # SHA-256 of the canonical inputs, 64 hex digits
    suffix: str  # file extension with its dot, so that a stored artifact opens by double click

    @property
    def path(self) -> str:
        """Storage key, fanned out by two hex digits: `artifacts/shot/ab/abcd....h264`."""
        return f"artifacts/{self.kind}/{self.digest[:2]}/{self.digest}{self.suffix}"


def artifact_key(kind: Kind, suffix: str, inputs: Mapping[str, Any]) -> ArtifactKey:
    """Address the artifact of `kind` that `inputs` lead to.

    `inputs` must name everything that can change a byte of the result, the maker's name and version among it.
    Raises TypeError for values JSON cannot hold and for keys that are not text, ValueError for NaN, infinities and halves
    of surrogate pairs.
    """
    return ArtifactKey(kind=kind, digest=digest_of({"kind": kind.value, "inputs": inputs}), suffix=suffix)


def digest_of(value: Any) -> str:
    """SHA-256 over the canonical JSON of `value`: sorted keys, no spaces, UTF-8, non-ASCII kept."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def canonical_json(value: Any) -> bytes:
    """The one JSON form of `value`. Raises as `artifact_key` does."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    _refuse_other_keys(value)
    return text.encode()


def _refuse_other_keys(value: Any) -> None:
    """JSON writes the keys 1 and "1" alike, and what differs must not share an address."""
    if isinstance(value, dict):
        for key, child in value.items():
            if not isinstance(key, str):
                raise TypeError(f"a key of an address is text; found {key!r}, a {type(key).__name__}")
            _refuse_other_keys(child)
    elif isinstance(value, list | tuple):
        for child in value:
            _refuse_other_keys(child)
