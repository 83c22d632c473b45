"""The assembly job: environment in, exit code out.

    0  published (or published already)      4  corrupt asset
    1  something of ours is broken           5  storage failed or full
    2  bad blueprint or bad settings         6  render failed
    3  missing asset                         7  cancelled

Codes 2, 3, 4 and 7 are final (shared.services.render_blueprint.FINAL_EXIT_CODES): another run would end the same way.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from pathlib import Path

from jobs.assemble.assets import retry
from jobs.assemble.render import Renderer, encoder_version
from jobs.assemble.running.child import Children
from jobs.assemble.running.failures import exit_code, known
from jobs.assemble.running.log import Log
from jobs.assemble.running.progress import Progress
from jobs.assemble.running.stopping import Stopping
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
    log = Log()
    try:
        request = read_assemble_request()
        log = Log(request.render_id or "", request.task_index, request.trace)
        settings = read_settings()
        app = build(settings)
    except Exception as exc:  # there is no record yet to tell it on
        error = known(exc)
        log.error(error)
        return exit_code(error, EXIT_CODES)
    return _run(settings, request, app)


def _run(settings: Settings, request: AssembleRequest, app: AssembleApp) -> int:
    children = Children(tool_environment(), settings.ffmpeg)
    told = _Told(app, request)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="reelprint-") as scratch,
            Stopping(children, Path(scratch), told.fail, EXIT_CODES[Cancelled]),
        ):
            blueprint = parse_blueprint(_document(request, app))
            told.know(blueprint)
            report = _render(blueprint, settings, request, app, children, told.progress, Path(scratch))
            retry(told.progress.finish, report)
    except Exception as exc:  # the last resort: the reason must reach the record and the log whatever it is
        error = known(exc)
        told.fail(error)
        return exit_code(error, EXIT_CODES)
    return 0


class _Told:
    """Who tells of this task; it knows what is rendered as soon as the blueprint was read."""

    def __init__(self, app: AssembleApp, request: AssembleRequest) -> None:
        self._app, self._request = app, request
        self.progress = self._teller("render", "")

    def know(self, blueprint: Blueprint) -> None:
        self.progress = self._teller(blueprint.task_id, blueprint.output.uri)

    def fail(self, error: ReelprintError) -> None:
        self.progress.fail(error)

    def _teller(self, name: str, uri: str) -> Progress:
        request = self._request
        return Progress(
            self._app.documents, request.render_id or name, request.trace, uri=uri, task_index=request.task_index
        )


def _render(
    blueprint: Blueprint,
    settings: Settings,
    request: AssembleRequest,
    app: AssembleApp,
    children: Children,
    progress: Progress,
    scratch: Path,
) -> dict[str, object]:
    return Renderer(
        blueprint,
        app.buckets,
        children,
        progress,
        scratch,
        encoder=encoder_version(children),
        workers=settings.workers or _processors(),
        share=(request.task_index % request.task_count, request.task_count),
    ).run()


def _processors() -> int:
    """Processors this process may run on, which may be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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
        data = retry(app.buckets[scheme].get, key)
    except NotFound as exc:
        raise MissingAsset(f"The blueprint was looked for at {request.blueprint_uri} and is not there.") from exc
    if hashlib.sha256(data).hexdigest() != request.blueprint_sha256:
        raise CorruptAsset(f"The blueprint at {request.blueprint_uri} is not the one whose sha256 was given.")
    return data


if __name__ == "__main__":
    sys.exit(main())
