"""The export job: one book of narrated chapters; environment in, exit code out.

    0  completed, or nothing left to do      5  storage failed or full
    1  something of ours is broken           6  ffmpeg is missing or broke
    2  bad settings                          7  cancelled
    4  a voice is missing or broken; the record says which segment's

Codes 2, 4 and 7 are final, as the assembly job's: another run would end the same way. After any other the platform runs the
job again: chapters that were encoded are found, and only the rest is made.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from jobs.assemble.running.child import Children
from jobs.assemble.running.failures import exit_code, known
from jobs.assemble.running.limits import Limits
from jobs.assemble.running.log import Log
from jobs.assemble.running.stopping import Stopping
from jobs.assemble.running.told import Told
from jobs.export.book import BookMaker
from jobs.export.tools import Tools, best_resampler, require_encoders, retry
from jobs.export.wiring import ExportApp, build
from shared.config import ExportRequest, Settings, read_export_request, read_settings, tool_environment
from shared.domain.errors import (
    Cancelled,
    Conflict,
    CorruptAsset,
    EngineFailed,
    EngineUnavailable,
    InvalidInput,
    Misconfigured,
    MissingAsset,
    NotFound,
    ReelprintError,
    RenderFailed,
    StorageFailed,
)
from shared.domain.export_script import BookScript
from shared.services.export_work import ExportWork

EXIT_CODES: dict[type[ReelprintError], int] = {
    Misconfigured: 2,
    InvalidInput: 4,
    Conflict: 4,
    CorruptAsset: 4,
    MissingAsset: 4,
    NotFound: 4,
    StorageFailed: 5,
    RenderFailed: 6,
    EngineUnavailable: 4,  # the same ffmpeg would lack the same again
    EngineFailed: 6,
    Cancelled: 7,
}
FINAL = {2, 4, 7}
LIMITS = Limits(output=16 * 1024**3)


def main() -> int:
    """Run one export as the environment says. Never raises."""
    log = Log()
    try:
        request = read_export_request()
        log = Log(request.export_id, 0, request.trace)
        settings = read_settings()
        app = build(settings, request)
    except Exception as exc:  # there is no record yet to tell it on
        error = known(exc)
        log.error(error)
        return exit_code(error, EXIT_CODES)
    return _run(settings, request, app, log)


def _run(settings: Settings, request: ExportRequest, app: ExportApp, log: Log) -> int:
    told = Told(log, EXIT_CODES, FINAL, step=app.work.step, fail=_ended(app.work), note=app.work.note)
    try:
        record = app.work.current()
        if record is None:
            return 0  # deleted, cancelled, done by another, or another attempt's
        book = BookScript.model_validate_json(retry(app.media.get, record.script_key))
        ffmpeg = Children(tool_environment(), settings.ffmpeg, LIMITS)
        with (
            tempfile.TemporaryDirectory(prefix="reelprint-") as scratch,
            Stopping(ffmpeg, Path(scratch), told.fail, EXIT_CODES[Cancelled]),
        ):
            require_encoders(ffmpeg, book)
            ffprobe = Children(tool_environment(), settings.ffprobe, LIMITS)
            tools = Tools(ffmpeg, ffprobe, Path(scratch), told.step, best_resampler(ffmpeg))
            result = BookMaker(book, app, tools).make()
            tools.check()
            retry(app.work.complete, result)
    except Exception as exc:  # the last resort: the reason must reach the record and the log whatever it is
        error = known(exc)
        told.fail(error)
        return exit_code(error, EXIT_CODES)
    return 0


def _ended(work: ExportWork) -> Callable[[ReelprintError], None]:
    """Whoever cancelled an export wrote so; a machine that goes down is looked after from the queue."""
    return lambda error: None if isinstance(error, Cancelled) else work.fail(error)


if __name__ == "__main__":
    sys.exit(main())
