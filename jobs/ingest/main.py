"""The ingest job: one upload of sound or film; environment in, exit code out.

    0  ready, or nothing left to do          5  storage failed or full
    1  something of ours is broken           6  ffmpeg is missing or broke
    2  bad settings                          7  cancelled
    4  the upload cannot be used; its record says why

Codes 2, 4 and 7 are final, as the assembly job's: another run would end the same way. After any other the platform runs
the job again; what it left is whole or not there, and the reason stays on the record until a run ends well.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jobs.assemble.running.child import Children
from jobs.assemble.running.failures import exit_code, known
from jobs.assemble.running.limits import Limits
from jobs.assemble.running.log import Log
from jobs.assemble.running.retries import Retry
from jobs.assemble.running.stopping import Stopping
from jobs.assemble.running.told import Told
from jobs.ingest.clip import normalise_clip
from jobs.ingest.sound import normalise_song, normalise_voice
from jobs.ingest.tools import Tools
from jobs.ingest.wiring import IngestApp, build
from shared.config import IngestRequest, Settings, read_ingest_request, read_settings, tool_environment
from shared.domain.asset import Asset
from shared.domain.asset_type import HEAD_BYTES, AssetType, looks_like
from shared.domain.errors import (
    Cancelled,
    CorruptAsset,
    EngineFailed,
    EngineUnavailable,
    InvalidInput,
    Misconfigured,
    NotFound,
    ReelprintError,
    RenderFailed,
    StorageFailed,
    TooLarge,
    UnsupportedMedia,
)
from shared.services.asset_work import AssetWork
from shared.services.keep_assets import unlike

EXIT_CODES: dict[type[ReelprintError], int] = {
    Misconfigured: 2,
    InvalidInput: 4,
    TooLarge: 4,
    CorruptAsset: 4,
    UnsupportedMedia: 4,
    StorageFailed: 5,
    RenderFailed: 6,
    EngineUnavailable: 6,
    EngineFailed: 6,
    Cancelled: 7,
}
FINAL = {2, 4, 7}
LIMITS = Limits(output=8 * 1024**3)
Normalise = Callable[[Path, Tools, AssetWork], dict[str, Any]]
NORMALISE: Mapping[AssetType, Normalise] = {
    AssetType.MOVE_CLIP: normalise_clip,
    AssetType.SONG: normalise_song,
    AssetType.VOICE_SAMPLE: normalise_voice,
}
retry = Retry(time.sleep)


def main() -> int:
    """Ingest one upload as the environment says. Never raises."""
    log = Log()
    try:
        request = read_ingest_request()
        log = Log(request.asset_id, 0, request.trace)
        settings = read_settings()
        app = build(settings, request)
    except Exception as exc:  # there is no record yet to tell it on
        error = known(exc)
        log.error(error)
        return exit_code(error, EXIT_CODES)
    return _run(settings, request, app, log)


def _run(settings: Settings, request: IngestRequest, app: IngestApp, log: Log) -> int:
    work = app.work
    told = Told(
        log,
        EXIT_CODES,
        FINAL,
        step=work.step,
        fail=lambda error: work.fail(error.detail),
        note=lambda error: work.note(error.detail),
    )
    try:
        asset = app.work.current()
        if asset is None:
            return 0  # deleted, done by another, or another generation's
        environment = tool_environment()
        ffmpeg = Children(environment, settings.ffmpeg, LIMITS)
        with (
            tempfile.TemporaryDirectory(prefix="reelprint-") as scratch,
            Stopping(ffmpeg, Path(scratch), told.fail, EXIT_CODES[Cancelled]),
        ):
            tools = Tools(ffmpeg, Children(environment, settings.ffprobe, LIMITS), Path(scratch), told.step)
            facts = NORMALISE[asset.type](_brought(asset, request, app, tools), tools, app.work)
            retry(app.work.ready, facts)
    except Exception as exc:  # the last resort: the reason must reach the record and the log whatever it is
        error = known(exc)
        told.fail(error)
        return exit_code(error, EXIT_CODES)
    return 0


def _brought(asset: Asset, request: IngestRequest, app: IngestApp, tools: Tools) -> Path:
    """The upload as a local file. Raises CorruptAsset where it is gone or another, UnsupportedMedia by its first bytes."""
    target = tools.scratch / "source"
    tools.step(1, "bringing the upload")
    try:
        info = retry(app.uploads.download, asset.upload_key, target)
    except NotFound as exc:
        raise CorruptAsset("The upload was removed before it was looked at. Upload it again.") from exc
    if str(info.generation) != request.generation:
        raise CorruptAsset("The upload was written over before it was looked at. Upload it again.")
    with target.open("rb") as stream:
        if not looks_like(asset.type, stream.read(HEAD_BYTES)):
            raise unlike(asset.type)
    return target


if __name__ == "__main__":
    sys.exit(main())
