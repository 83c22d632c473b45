"""/auth: registering, signing in and out, one's own sessions, profile and password."""

from __future__ import annotations

from typing import Annotated

import functions_framework
from pydantic import BaseModel, ConfigDict, Field
from werkzeug.http import dump_cookie
from werkzeug.wrappers import Request, Response

from functions._http.answer import Answer
from functions._http.call import Call
from functions._http.client_address import client_address
from functions._http.door import Door
from functions._http.guard import Policy
from functions._http.pagination import Listing, PageQuery, page_of
from functions._http.preconditions import require_match
from functions._http.same_origin import require_same_origin
from functions.studio import Studio, studio
from shared.domain.password import MAX_LENGTH, NewPassword
from shared.domain.session import MAX_TOKEN_CHARS, SessionView, Tokens
from shared.domain.user import MAX_EMAIL_CHARS, Email, NewAccount, Profile, ProfileChanges
from shared.ports.audit import AuditEvent

door = Door("auth", max_body_bytes=16 * 1024)
COOKIE = "__Host-refresh"  # the prefix makes browsers insist on Secure, Path=/ and this very host
_Token = Annotated[str, Field(min_length=1, max_length=MAX_TOKEN_CHARS)]
_GivenPassword = Annotated[str, Field(max_length=4 * MAX_LENGTH)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SignInRequest(_Body):
    """`remember_me` makes the refresh token last for weeks instead of hours."""

    email: Annotated[str, Field(max_length=2 * MAX_EMAIL_CHARS)]
    password: _GivenPassword
    remember_me: bool = False


class RefreshRequest(_Body):
    """The refresh token; left out, it is taken from the cookie."""

    refresh_token: Annotated[str, Field(max_length=MAX_TOKEN_CHARS)] = ""


class TokenRequest(_Body):
    token: _Token


class ForgotRequest(_Body):
    email: Email


class ResetRequest(_Body):
    token: _Token
    new_password: Annotated[str, NewPassword]


class PasswordChange(_Body):
    current_password: _GivenPassword
    new_password: Annotated[str, NewPassword]


class SessionsQuery(_Body):
    keep_current: Annotated[bool, Field(description="Leave the session this call belongs to.")] = False


class Accepted(BaseModel):
    """What was asked for is under way; what comes of it, a letter says."""

    detail: str


@door.post("/auth/register", policy=Policy.PUBLIC, body=NewAccount, answers=Accepted, status=202, refuses=(409, 429))
def register(call: Call[Studio], body: NewAccount) -> Answer:
    """Ask for an account. A letter to the address says how to confirm it; the answer is the same for a known address."""
    call.app.app.accounts.registering.ask(body, _address(call))
    return Answer(Accepted(detail="A letter is on its way to this address. Follow what it says within 24 hours."))


@door.post("/auth/verify-email", policy=Policy.PUBLIC, body=TokenRequest, answers=Profile, refuses=(409, 429))
def verify_email(call: Call[Studio], body: TokenRequest) -> Answer:
    """Confirm an address by the token of its letter: now there is an account."""
    return Answer(call.app.app.accounts.registering.confirm(body.token, _address(call)))


@door.post("/auth/login", policy=Policy.PUBLIC, body=SignInRequest, answers=Tokens, refuses=(401, 429))
def login(call: Call[Studio], body: SignInRequest) -> Answer:
    """Sign in. The refresh token comes in the body, and in a cookie for browsers."""
    tokens = call.app.app.accounts.signing_in.sign_in(
        body.email,
        body.password,
        _address(call),
        remembered=body.remember_me,
        client=call.headers.get("User-Agent", ""),
    )
    return _with_cookie(tokens)


@door.post("/auth/refresh", policy=Policy.PUBLIC, body=RefreshRequest, answers=Tokens, refuses=(401, 403))
def refresh(call: Call[Studio], body: RefreshRequest) -> Answer:
    """Trade a refresh token for the next pair. Each is good for one use; used again later, it ends the session."""
    token = body.refresh_token
    if not token and (token := call.request.cookies.get(COOKIE, "")):
        require_same_origin(call.request)
    return _with_cookie(call.app.app.accounts.sessions.refresh(token))


@door.post("/auth/logout", policy=Policy.USER, status=204)
def logout(call: Call[Studio]) -> Answer:
    """Sign out: access and refresh token of this session are dead at once."""
    sessions = call.app.app.accounts.sessions
    sessions.end(call.principal.uid, call.principal.session, AuditEvent.SIGNED_OUT)
    return Answer(headers={"Set-Cookie": _cookie("", max_age=0)})


@door.get("/auth/sessions", policy=Policy.USER, query=PageQuery, answers=Listing[SessionView])
def list_sessions(call: Call[Studio], query: PageQuery) -> Answer:
    """List where you are signed in, the one used last first. There are 20 at most."""
    views = call.app.app.accounts.sessions.views(call.principal.uid, call.principal.session)
    page = page_of(views, query, call.principal.uid, lambda view: view.id)
    return Answer(Listing[SessionView](items=page.items, next_page_token=page.next_page_token))


@door.delete("/auth/sessions", policy=Policy.USER, query=SessionsQuery, status=204)
def end_sessions(call: Call[Studio], query: SessionsQuery) -> Answer:
    """Sign out everywhere, or everywhere else."""
    kept = call.principal.session if query.keep_current else ""
    call.app.app.accounts.sessions.end_all(call.principal.uid, but=kept)
    return Answer()


@door.delete("/auth/sessions/{session_id}", policy=Policy.USER, status=204)
def end_session(call: Call[Studio], session_id: str) -> Answer:
    """End one of your sessions."""
    call.app.app.accounts.sessions.end(call.principal.uid, session_id)
    return Answer()


@door.get("/auth/profile", policy=Policy.USER, answers=Profile)
def read_profile(call: Call[Studio]) -> Answer:
    """Read who you are here."""
    return _profile(call.app.app.accounts.users.profile(call.principal.uid))


@door.patch("/auth/profile", policy=Policy.USER, body=ProfileChanges, answers=Profile, refuses=(409, 412))
def change_profile(call: Call[Studio], body: ProfileChanges) -> Answer:
    """Change your username or display name. With If-Match, only what you have read."""
    users = call.app.app.accounts.users
    return _profile(
        users.change_profile(call.principal.uid, body, lambda profile: require_match(call, profile.revision))
    )


@door.post("/auth/password", policy=Policy.USER, body=PasswordChange, status=204, refuses=(404, 409, 429))
def change_password(call: Call[Studio], body: PasswordChange) -> Answer:
    """Change your password. All your other sessions end."""
    passwords = call.app.app.accounts.passwords
    passwords.change(call.principal.uid, call.principal.session, body.current_password, body.new_password)
    return Answer()


@door.post(
    "/auth/password/forgot", policy=Policy.PUBLIC, body=ForgotRequest, answers=Accepted, status=202, refuses=(429,)
)
def forgot_password(call: Call[Studio], body: ForgotRequest) -> Answer:
    """Have a letter sent by which the password can be set; the answer is the same for an unknown address."""
    call.app.app.accounts.passwords.ask_reset(body.email, _address(call))
    return Answer(Accepted(detail="If there is an account with this address, a letter is on its way to it."))


@door.post("/auth/password/reset", policy=Policy.PUBLIC, body=ResetRequest, status=204, refuses=(409, 429))
def reset_password(call: Call[Studio], body: ResetRequest) -> Answer:
    """Set the password by the token of a letter. All sessions end."""
    call.app.app.accounts.passwords.reset(body.token, body.new_password, _address(call))
    return Answer()


def _address(call: Call[Studio]) -> str:
    return client_address(call.request, call.app.app.settings.trusted_proxies)


def _profile(profile: Profile) -> Answer:
    return Answer(profile, revision=profile.revision)


def _with_cookie(tokens: Tokens) -> Answer:
    # Who did not ask to be remembered has a cookie that ends with the browser.
    left = round((tokens.refresh_expires_at - tokens.issued_at).total_seconds())
    return Answer(tokens, headers={"Set-Cookie": _cookie(tokens.refresh_token, left if tokens.remembered else None)})


def _cookie(value: str, max_age: int | None) -> str:
    return dump_cookie(COOKIE, value, max_age=max_age, path="/", secure=True, httponly=True, samesite="Strict")


@functions_framework.http
def auth(request: Request) -> Response:
    return door.serve(request, studio)
