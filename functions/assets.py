"""/assets: what people bring, through the API or past it by signed URLs; judged by its bytes."""

from __future__ import annotations

import re
from typing import Literal

import functions_framework
from pydantic import BaseModel, ConfigDict, Field
from werkzeug.wrappers import Request, Response

from functions._http.answer import Answer
from functions._http.call import Call
from functions._http.door import Door
from functions._http.guard import Policy
from functions._http.pagination import Listing, PageQuery
from functions._http.preconditions import require_match
from functions.studio import Studio, studio
from shared.domain.asset import Asset, AssetChanges, AssetStatus, AssetType, ConfirmUpload, NewUpload
from shared.domain.errors import Fault, InvalidInput
from shared.domain.upload import SignedRequest, UploadOffer

FORM_BYTES = 33 * 1024 * 1024
door = Door("assets")
_KEY = re.compile(r"[\x21-\x7e]{0,255}")


class AssetQuery(PageQuery):
    """Only assets of this type, in this status, whose name begins so (case counts; then listed by name)."""

    type: AssetType | None = None
    status: AssetStatus | None = None
    name_prefix: str = Field("", max_length=200)


class DeleteQuery(BaseModel):
    """`force` deletes what others still need."""

    model_config = ConfigDict(extra="forbid")

    force: bool = False


class DownloadQuery(BaseModel):
    """`original` is what came; the others were made of it."""

    model_config = ConfigDict(extra="forbid")

    file: Literal["original", "media", "thumbnail", "sound", "text"] = "original"


@door.post(
    "/assets",
    policy=Policy.USER,
    body="multipart/form-data",
    answers=Asset,
    status=201,
    refuses=(409,),
    max_body_bytes=FORM_BYTES,
)
def upload(call: Call[Studio]) -> Answer:
    """Upload a small file: form fields `type` and `file`. It is ready once its status says so.

    An Idempotency-Key makes it one asset however often it is sent. Larger files go by POST /assets/uploads.
    """
    file, wanted = call.request.files.get("file"), call.request.form.get("type", "")
    key = call.headers.get("Idempotency-Key", "")
    faults = _form_faults(wanted, file is None, key)
    if faults or file is None:
        raise InvalidInput("The form does not fit; see errors.", faults=faults)
    assets = call.app.app.assets
    name = re.sub(r"[\x00-\x1f\x7f]", " ", file.filename or "").strip() or "unnamed"
    return Answer(assets.create(call.principal.uid, AssetType(wanted), name, file.read(), key))


def _form_faults(wanted: str, is_missing: bool, key: str) -> list[Fault]:
    faults = []
    if wanted not in list(AssetType):
        types = ", ".join(AssetType)
        faults.append(
            Fault(pointer="/type", code="enum", detail=f"one of {types}", found=wanted[:40], fix="Say what it is.")
        )
    if is_missing:
        faults.append(
            Fault(pointer="/file", code="missing", detail="a form field of type file", fix="Attach the file.")
        )
    if not _KEY.fullmatch(key):
        detail = "Idempotency-Key cannot be used as it is."
        fix = "Send 1 to 255 visible ASCII characters."
        faults.append(Fault(pointer="/headers/Idempotency-Key", code="invalid-idempotency-key", detail=detail, fix=fix))
    return faults


@door.post("/assets/uploads", policy=Policy.USER, body=NewUpload, answers=UploadOffer, status=201, idempotent=True)
def announce_upload(call: Call[Studio], body: NewUpload) -> Answer:
    """Announce a file, and get signed requests that bring it: one PUT, or a session of pieces. Then confirm.

    The requests are bound to the size, type and checksum announced, and to a key where nothing is yet.
    """
    return Answer(call.app.app.offer_upload(call.principal.uid, body))


@door.post("/assets/{asset_id}/confirm", policy=Policy.USER, body=ConfirmUpload, answers=Asset, refuses=(409,))
def confirm_upload(call: Call[Studio], asset_id: str, body: ConfirmUpload) -> Answer:
    """Say that an upload is done. 409 tells what was found while its bytes are not there, or are others."""
    return Answer(call.app.app.confirm_upload(call.principal.uid, asset_id, body))


@door.get("/assets", policy=Policy.USER, query=AssetQuery, answers=Listing[Asset])
def list_assets(call: Call[Studio], query: AssetQuery) -> Answer:
    """List your assets, newest first."""
    page = call.app.app.assets.page(
        call.principal.uid,
        query.type,
        query.page_size,
        query.cursor,
        status=query.status,
        name_prefix=query.name_prefix,
    )
    return Answer(Listing[Asset](items=list(page.items), next_page_token=page.cursor))


@door.get("/assets/{asset_id}", policy=Policy.USER, answers=Asset)
def read_asset(call: Call[Studio], asset_id: str) -> Answer:
    """Read one asset's record."""
    found = call.app.app.assets.find(call.principal.uid, asset_id)
    return Answer(found.record, revision=found.revision)


@door.patch("/assets/{asset_id}", policy=Policy.USER, body=AssetChanges, answers=Asset, refuses=(412,))
def change_asset(call: Call[Studio], asset_id: str, body: AssetChanges) -> Answer:
    """Change an asset's name or description. With If-Match, only the revision that was read."""
    assets = call.app.app.assets
    found = assets.find(call.principal.uid, asset_id)
    require_match(call, found.revision)
    expected = found.revision if "If-Match" in call.headers else None
    changed = assets.change(call.principal.uid, asset_id, body, expected)
    return Answer(changed.record, revision=changed.revision)


@door.delete("/assets/{asset_id}", policy=Policy.USER, query=DeleteQuery, status=204, refuses=(409,))
def delete_asset(call: Call[Studio], asset_id: str, query: DeleteQuery) -> Answer:
    """Delete an asset with its bytes. 409 lists the jobs, plans and blueprints that need it, unless forced."""
    call.app.app.assets.delete(call.principal.uid, asset_id, force=query.force)
    return Answer()


@door.get("/assets/{asset_id}/download", policy=Policy.USER, query=DownloadQuery, answers=SignedRequest, refuses=(409,))
def download_asset(call: Call[Studio], asset_id: str, query: DownloadQuery) -> Answer:
    """Get a link to one of the asset's files, good for five minutes; always saved, never shown in place."""
    return Answer(call.app.app.offer_download(call.principal.uid, asset_id, query.file))


@functions_framework.http
def assets(request: Request) -> Response:
    return door.serve(request, studio)
