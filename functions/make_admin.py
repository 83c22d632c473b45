"""`make admin EMAIL=...`: the first admin of a studio, or another one. Run at the studio's own machine, on its own data.

There is no default password: a new admin, or one who forgot, types one in at a terminal, or gets a token by which it can
be set once, within an hour.
"""

from __future__ import annotations

import argparse
import getpass
import re
import sys

from pydantic import TypeAdapter, ValidationError

from shared.config import Settings, read_settings
from shared.domain.errors import AlreadyExists, InvalidInput, ReelprintError
from shared.domain.user import Email, Role, User
from shared.services.user_records import find_by_email
from shared.wiring import App, build

TRIES = 20


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Make somebody an admin. Settings come from REELPRINT_* variables.")
    parser.add_argument("email", help="whose account it is; made where there is none")
    options = parser.parse_args(arguments)
    try:
        settings = read_settings()
        app = build(settings)
        try:
            user = make_admin(app, TypeAdapter(Email).validate_python(options.email))
            _offer_password(app, settings, user)
        finally:
            app.close()
    except ValidationError:
        what = "This is no e-mail address" if options.email else "No e-mail address was given"
        sys.stderr.write(f"{what}. Say whose account it is: make admin EMAIL=anna@example.org\n")
        return 2
    except ReelprintError as exc:
        sys.stderr.write(f"{exc.detail}\n")
        return 2
    return 0


def make_admin(app: App, email: str) -> User:
    """The user with this address, as an active admin; made, without a password, where there is none."""
    user, _ = find_by_email(app.documents, email)
    if user is None:
        return _new_admin(app, email)
    app.accounts.users.make_admin(user.id)
    return user


def _new_admin(app: App, email: str) -> User:
    """Under a username that the address suggests, with a number where somebody has it."""
    stem = re.sub(r"[^A-Za-z0-9]+", "-", email.partition("@")[0]).strip("-")[:24].ljust(3, "0")
    for number in range(1, TRIES + 1):
        name = stem if number == 1 else f"{stem}-{number}"
        try:
            return app.accounts.registering.add(email, name, Role.ADMIN)
        except AlreadyExists:
            if number == TRIES or find_by_email(app.documents, email)[0] is not None:
                raise
    raise AssertionError("the loop returns or raises")


def _offer_password(app: App, settings: Settings, user: User) -> None:
    token = app.accounts.passwords.reset_token(user)
    sys.stdout.write(f"{user.email} is an admin, called {user.username}, in the studio at {settings.data_dir}.\n")
    if settings.accounts == "open":
        sys.stdout.write("REELPRINT_ACCOUNTS is open, so nobody signs in here, and whoever comes is an admin.\n")
    if sys.stdin.isatty() and _is_set_at_the_terminal(app, token):
        sys.stdout.write("The password is set. Sign in by POST /api/v1/auth/login.\n")
        return
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    sys.stdout.write(
        "A password is set once, within an hour, while the studio runs (make serve). With yours for the dots:\n"
        f"  curl http://{host}:{settings.port}/api/v1/auth/password/reset -H 'Content-Type: application/json' \\\n"
        f'    -d \'{{"token": "{token}", "new_password": "..."}}\'\n'
        "Then sign in by POST /api/v1/auth/login. A password that is set already stays until then.\n"
    )


def _is_set_at_the_terminal(app: App, token: str) -> bool:
    """Ask until a password will do, or nothing is typed."""
    while typed := _typed_password():
        try:
            app.accounts.passwords.reset(token, typed, "terminal")
        except InvalidInput as exc:  # the token is good still: what was typed is too easily guessed
            sys.stdout.write(f"{exc.detail}\n")
        else:
            return True
    return False


def _typed_password() -> str:
    """What was typed twice alike; "" where a link is wanted instead."""
    while True:
        typed = getpass.getpass("Password (nothing: get a token to set it with): ")
        if not typed or typed == getpass.getpass("Again: "):
            return typed
        sys.stdout.write("The two are not alike.\n")


if __name__ == "__main__":
    sys.exit(main())
