"""/assets: small files brought by upload, judged by their bytes."""

from __future__ import annotations

import functions_framework
from werkzeug.wrappers import Request, Response

from functions._http.answer import Answer
from functions._http.call import Call
from functions._http.door import Door
from functions._http.guard import Policy
from functions._http.pagination import Listing, PageQuery
from functions.studio import Studio, studio
from shared.domain.asset import Asset, AssetType
from shared.domain.errors import Fault, InvalidInput

door = Door("assets", max_body_bytes=21 * 1024 * 1024)


class AssetQuery(PageQuery):
    """Only assets of this type, where given."""

    type: AssetType | None = None


@door.post("/assets", policy=Policy.USER, body="multipart/form-data", answers=Asset, status=201)
def upload(call: Call[Studio]) -> Answer:
    """Upload a file: form fields `type` (background or song) and `file`. It is ready once its status says so."""
    file, wanted = call.request.files.get("file"), call.request.form.get("type", "")
    types = ", ".join(AssetType)
    faults = []
    if wanted not in list(AssetType):
        faults.append(
            Fault(pointer="/type", code="enum", detail=f"one of {types}", found=wanted[:40], fix="Say what it is.")
        )
    if file is None:
        faults.append(
            Fault(pointer="/file", code="missing", detail="a form field of type file", fix="Attach the file.")
        )
    if faults or file is None:
        raise InvalidInput("The form does not fit; see errors.", faults=faults)
    assets = call.app.app.assets
    return Answer(assets.create(call.principal.uid, AssetType(wanted), file.filename or "unnamed", file.read()))


@door.get("/assets", policy=Policy.USER, query=AssetQuery, answers=Listing[Asset])
def list_assets(call: Call[Studio], query: AssetQuery) -> Answer:
    """List your assets, newest first."""
    page = call.app.app.assets.page(call.principal.uid, query.type, query.page_size, query.cursor)
    return Answer(Listing[Asset](items=list(page.items), next_page_token=page.cursor))


@door.get("/assets/{asset_id}", policy=Policy.USER, answers=Asset)
def read_asset(call: Call[Studio], asset_id: str) -> Answer:
    """Read one asset's record."""
    return Answer(call.app.app.assets.get(call.principal.uid, asset_id))


@door.delete("/assets/{asset_id}", policy=Policy.USER, status=204)
def delete_asset(call: Call[Studio], asset_id: str) -> Answer:
    """Forget an asset."""
    call.app.app.assets.delete(call.principal.uid, asset_id)
    return Answer()


@functions_framework.http
def assets(request: Request) -> Response:
    return door.serve(request, studio)
