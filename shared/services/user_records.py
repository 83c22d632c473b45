"""Users, their credentials, and the claims that keep an address and a name with one user: how they are stored.

users/{uid}             the user, with their sessions
credentials/{uid}       the password's hash
emails/{digest}         whose an address is
usernames/{name}        whose a name is; `expires_at` while a registration only waits for its mail
"""

from __future__ import annotations

from typing import Any

from shared.domain.errors import AlreadyExists, NotFound
from shared.domain.user import Credentials, User, email_key, username_key
from shared.ports.documents import Document, Reader, Transaction
from shared.services.expiring import is_live

USERS, CREDENTIALS, EMAILS, USERNAMES = "users", "credentials", "emails", "usernames"
_NOBODY = "nobody"  # no user's id: what is looked up where there is no user, so that the work is the same


def find_user(reader: Reader, uid: str) -> User | None:
    document = reader.get(USERS, uid)
    return None if document is None else User.model_validate(document.data)


def get_user(reader: Reader, uid: str) -> User:
    """Raises NotFound."""
    user = find_user(reader, uid)
    if user is None:
        raise NotFound(f"The user {uid!r} was looked for and is not there (any more).")
    return user


def find_credentials(reader: Reader, uid: str) -> Credentials | None:
    document = reader.get(CREDENTIALS, uid)
    return None if document is None else Credentials.model_validate(document.data)


def find_by_email(reader: Reader, email: str) -> tuple[User | None, Credentials | None]:
    """Three reads, whether the address is known or not."""
    claim = reader.get(EMAILS, email_key(email))
    uid = str(claim.data["owner"]) if claim else _NOBODY
    return find_user(reader, uid), find_credentials(reader, uid)


def put_user(transaction: Transaction, user: User) -> None:
    transaction.put(USERS, user.id, user.model_dump(mode="json"))


def put_credentials(transaction: Transaction, uid: str, credentials: Credentials) -> None:
    transaction.put(CREDENTIALS, uid, credentials.model_dump(mode="json"))


def username_is_free(claim: Document | None, taker: str, email: str, now: float) -> bool:
    """Whether `taker` may have the name: nobody has it, they do, or it waits for a mail to that very address."""
    if claim is None or not is_live(claim, now) or claim.data["owner"] == taker:
        return True
    return claim.data["expires_at"] is not None and claim.data["email"] == email_key(email)


def username_claim(owner: str, email: str, expires_at: float | None = None) -> dict[str, Any]:
    return {"owner": owner, "email": email_key(email), "expires_at": expires_at}


def username_taken() -> AlreadyExists:
    return AlreadyExists("Somebody else has this username. Choose another.")


def add_user(transaction: Transaction, user: User, credentials: Credentials, taker: str, now: float) -> None:
    """Write a new user with all that belongs to one. Reads first: call it before any write.

    `taker` is who holds the name so far. Raises AlreadyExists where address or name are somebody's.
    """
    if transaction.get(EMAILS, email_key(user.email)) is not None:
        raise AlreadyExists("There is an account with this e-mail address already. Sign in, or reset its password.")
    if not username_is_free(transaction.get(USERNAMES, username_key(user.username)), taker, user.email, now):
        raise username_taken()
    transaction.create(EMAILS, email_key(user.email), {"owner": user.id})
    transaction.put(USERNAMES, username_key(user.username), username_claim(user.id, user.email))
    transaction.create(CREDENTIALS, user.id, credentials.model_dump(mode="json"))
    transaction.create(USERS, user.id, user.model_dump(mode="json"))


def remove_user(transaction: Transaction, user: User) -> None:
    """Remove a user with all that belongs to one, but for claims that are somebody else's by now."""
    claims = [(EMAILS, email_key(user.email)), (USERNAMES, username_key(user.username))]
    theirs = [
        (collection, name)
        for collection, name in claims
        if (found := transaction.get(collection, name)) is not None and found.data["owner"] == user.id
    ]
    for collection, name in [*theirs, (CREDENTIALS, user.id), (USERS, user.id)]:
        transaction.delete(collection, name)
