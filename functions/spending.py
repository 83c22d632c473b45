"""/users/me/spending: what was spent on paid providers this month; and for admins, how much a user may spend."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import functions_framework
from pydantic import BaseModel, ConfigDict, Field
from werkzeug.wrappers import Request, Response

from functions._http.answer import Answer
from functions._http.call import Call
from functions._http.door import Door
from functions._http.guard import Policy
from functions._http.pagination import Listing, PageQuery
from functions.studio import Studio, studio
from shared.domain.price import to_micros
from shared.domain.spending import ChargeView, SpendingView

door = Door("spending", max_body_bytes=16 * 1024)


class SpendingCap(BaseModel):
    """The most that a user may spend in a month, in the studio's currency; null: what the settings say."""

    model_config = ConfigDict(extra="forbid")

    cap: Annotated[Decimal, Field(ge=0, le=1_000_000, decimal_places=6, allow_inf_nan=False)] | None


@door.get("/users/me/spending", policy=Policy.USER, answers=SpendingView)
def read_spending(call: Call[Studio]) -> Answer:
    """Read what you spent this month (UTC), what is held for work under way, and what is left of your cap."""
    return Answer(call.app.app.speech_desk.spending.view(call.principal.uid))


@door.get("/users/me/spending/charges", policy=Policy.USER, query=PageQuery, answers=Listing[ChargeView])
def list_charges(call: Call[Studio], query: PageQuery) -> Answer:
    """List what you were charged, text by text, the newest first."""
    spending = call.app.app.speech_desk.spending
    items, cursor = spending.charges(call.principal.uid, query.page_size, query.cursor)
    return Answer(Listing[ChargeView](items=items, next_page_token=cursor))


@door.get("/users/{user_id}/spending", policy=Policy.ADMIN, answers=SpendingView)
def read_users_spending(call: Call[Studio], user_id: str) -> Answer:
    """Read what a user spent this month."""
    call.app.app.accounts.users.profile(user_id)
    return Answer(call.app.app.speech_desk.spending.view(user_id))


@door.put("/users/{user_id}/spending-cap", policy=Policy.ADMIN, body=SpendingCap, answers=SpendingView)
def set_cap(call: Call[Studio], user_id: str, body: SpendingCap) -> Answer:
    """Set how much a user may spend in a month; in force with their next wish. Work under way goes on."""
    app = call.app.app
    app.accounts.users.profile(user_id)
    app.speech_desk.spending.set_cap(user_id, None if body.cap is None else to_micros(body.cap))
    return Answer(app.speech_desk.spending.view(user_id))


@functions_framework.http
def spending(request: Request) -> Response:
    return door.serve(request, studio)
