"""The assembly job: environment in, exit code out.

    0  published (or published already)      4  corrupt asset
    1  something of ours is broken           5  storage failed or full
    2  bad blueprint or bad settings         6  render failed
    3  missing asset                         7  cancelled

Codes 2, 3, 4 and 7 are final (shared.services.render_blueprint.FINAL_EXIT_CODES): another run would end the same way.
"""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import sys
import tempfile
from pathlib import Path

from jobs.assemble.child import Children
from jobs.assemble.progress import Progress
from jobs.assemble.render import Renderer, encoder_version
from jobs.assemble.wiring import AssembleApp, build
from shared.config import AssembleRequest, Settings, read_assemble_request, read_settings, tool_environment
from shared.domain.blueprint import Blueprint, parse_blueprint
from shared.domain.errors import (
    Cancelled,
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
    StorageFull,
    TooLarge,
)

EXIT_CODES: dict[type[ReelprintError], int] = {
    InvalidInput: 2,
    TooLarge: 2,
    Misconfigured: 2,
    MissingAsset: 3,
    CorruptAsset: 4,
    StorageFailed: 5,
    RenderFailed: 6,
    EngineUnavailable: 6,
    EngineFailed: 6,
    Cancelled: 7,
}


def main() -> int:
    """Run one task as the environment says. Never raises."""
    progress: Progress | None = None
    try:
        settings, request = read_settings(), read_assemble_request()
        app = build(settings)
        progress = Progress(app.documents, request.render_id or "render", request.trace)
        blueprint = parse_blueprint(_document(request, app))
        progress = Progress(app.documents, request.render_id or blueprint.task_id, request.trace)
        progress.finish(_render(blueprint, settings, request, app, progress))
    except ReelprintError as exc:
        return _end(progress, exc)
    except OSError as exc:
        return _end(progress, _from_system(exc))
    except Exception as exc:  # the last resort: the reason must reach the record and the log whatever it is
        return _end(progress, ReelprintError(f"{exc.__class__.__name__}: {exc}"))
    return 0


def _render(
    blueprint: Blueprint, settings: Settings, request: AssembleRequest, app: AssembleApp, progress: Progress
) -> dict[str, object]:
    children = Children(tool_environment(), settings.ffmpeg)
    signal.signal(signal.SIGTERM, lambda *_: children.cancel())
    with tempfile.TemporaryDirectory(prefix="reelprint-") as scratch:
        return Renderer(
            blueprint,
            app.buckets,
            children,
            progress,
            Path(scratch),
            encoder=encoder_version(children),
            workers=settings.workers or os.cpu_count() or 1,
            share=(request.task_index % request.task_count, request.task_count),
        ).run()


def _document(request: AssembleRequest, app: AssembleApp) -> bytes:
    if request.blueprint_json is not None:
        return request.blueprint_json.encode()
    if not request.blueprint_uri or not request.blueprint_sha256:
        raise Misconfigured(
            "No blueprint was given. Set BLUEPRINT_JSON, or BLUEPRINT_URI together with BLUEPRINT_SHA256."
        )
    scheme, _, key = request.blueprint_uri.partition("://")
    if scheme not in app.buckets:
        raise Misconfigured(f"BLUEPRINT_URI is {request.blueprint_uri}; connected here are {', '.join(app.buckets)}.")
    try:
        data = app.buckets[scheme].get(key)
    except NotFound as exc:
        raise MissingAsset(f"The blueprint was looked for at {request.blueprint_uri} and is not there.") from exc
    if hashlib.sha256(data).hexdigest() != request.blueprint_sha256:
        raise CorruptAsset(f"The blueprint at {request.blueprint_uri} is not the one whose sha256 was given.")
    return data


def _from_system(exc: OSError) -> ReelprintError:
    if exc.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return StorageFull(f"No space is left for {exc.filename or 'scratch files'}. Free some and run again.")
    return StorageFailed(f"The system refused: {exc}")


def _end(progress: Progress | None, error: ReelprintError) -> int:
    if progress is None:
        sys.stderr.write(f'{{"severity": "ERROR", "message": {_quoted(error.detail)}}}\n')
    else:
        progress.fail(error)
    return next((EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES), 1)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'


if __name__ == "__main__":
    sys.exit(main())
