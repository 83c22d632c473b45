"""/users: for admins, who looks after whom."""

from __future__ import annotations

import functions_framework
from werkzeug.wrappers import Request, Response

from functions._http.answer import Answer
from functions._http.call import Call
from functions._http.door import Door
from functions._http.guard import Policy
from functions._http.pagination import Listing, PageQuery
from functions._http.preconditions import require_match
from functions.studio import Studio, studio
from shared.domain.user import Profile, Role, UserChanges, UserStatus

door = Door("users", max_body_bytes=16 * 1024)


class UserQuery(PageQuery):
    """Only users of this role or status, where given."""

    role: Role | None = None
    status: UserStatus | None = None


@door.get("/users", policy=Policy.ADMIN, query=UserQuery, answers=Listing[Profile])
def list_users(call: Call[Studio], query: UserQuery) -> Answer:
    """List users, newest first."""
    page = call.app.app.accounts.users.page(query.role, query.status, query.page_size, query.cursor)
    return Answer(Listing[Profile](items=list(page.items), next_page_token=page.cursor))


@door.get("/users/{user_id}", policy=Policy.ADMIN, answers=Profile)
def read_user(call: Call[Studio], user_id: str) -> Answer:
    """Read one user."""
    profile = call.app.app.accounts.users.profile(user_id)
    return Answer(profile, revision=profile.revision)


@door.patch("/users/{user_id}", policy=Policy.ADMIN, body=UserChanges, answers=Profile, refuses=(409, 412))
def change_user(call: Call[Studio], user_id: str, body: UserChanges) -> Answer:
    """Give a role, disable or enable; in force with the user's next call. With If-Match, only what you have read."""
    users = call.app.app.accounts.users
    profile = users.change(call.principal.uid, user_id, body, lambda found: require_match(call, found.revision))
    return Answer(profile, revision=profile.revision)


@door.delete("/users/{user_id}", policy=Policy.ADMIN, answers=Profile, status=202, refuses=(409,))
def delete_user(call: Call[Studio], user_id: str) -> Answer:
    """Shut a user out and have all that is theirs removed. Asked again, it goes on where it stopped."""
    return Answer(call.app.app.accounts.users.delete(call.principal.uid, user_id))


@functions_framework.http
def users(request: Request) -> Response:
    return door.serve(request, studio)
