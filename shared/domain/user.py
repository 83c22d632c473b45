"""Users: who has an account, what they may do, and how they are named."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from shared.domain.artifact import digest_of
from shared.domain.password import NewPassword, judge_password
from shared.domain.project import Stored
from shared.domain.session import Session

MAX_EMAIL_CHARS = 254  # RFC 5321, section 4.5.3.1.3: a path of 256 octets with its brackets
_LOCAL = re.compile(r"(?=.{1,64}@)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_LOCAL.pattern}@{_LABEL}(\.{_LABEL})*")
_USERNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{2,31}")


class Role(StrEnum):
    USER = "user"
    ADMIN = "admin"


class UserStatus(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"
    DELETING = "deleting"  # on its way out: nothing is allowed any more, and the data is being removed


def _checked_email(text: str) -> str:
    if len(text) > MAX_EMAIL_CHARS or not _ADDRESS.fullmatch(text):
        raise PydanticCustomError("not_an_address", "This is no e-mail address; write it like anna@example.org.")
    return text


def _checked_username(text: str) -> str:
    if not _USERNAME.fullmatch(text):
        rule = "A username has 3 to 32 letters a-z, digits, '_', '.' or '-', and begins with a letter or digit."
        raise PydanticCustomError("not_a_username", rule)
    return text


def _compatible(value: object) -> object:
    """Full-width and other forms of the same letters become the plain ones (NFKC)."""
    return unicodedata.normalize("NFKC", value.strip()) if isinstance(value, str) else value


def _checked_display_name(text: str) -> str:
    if any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for char in text):
        raise PydanticCustomError("unprintable", "A name holds no control or formatting characters. Leave them out.")
    return text


Email = Annotated[str, BeforeValidator(_compatible), AfterValidator(_checked_email)]
Username = Annotated[str, BeforeValidator(_compatible), AfterValidator(_checked_username)]
DisplayName = Annotated[
    str, StringConstraints(max_length=100, strip_whitespace=True), AfterValidator(_checked_display_name)
]


def email_key(email: str) -> str:
    """What makes two addresses one, hashed so that ids tell nothing: case never counts, dots and tags do."""
    return digest_of({"email": unicodedata.normalize("NFKC", email.strip()).casefold()})


def username_key(username: str) -> str:
    return username.casefold()


class NewAccount(BaseModel):
    """What somebody asks for who wants an account."""

    model_config = ConfigDict(extra="forbid")

    email: Email
    username: Username
    display_name: DisplayName = ""
    password: Annotated[str, NewPassword]

    @field_validator("password")
    @classmethod
    def _password_will_do(cls, password: str, info: ValidationInfo) -> str:
        personal = [info.data.get(name, "") for name in ("email", "username", "display_name")]
        if bad := judge_password(password, personal):
            raise PydanticCustomError(bad.code, bad.detail)
        return password


class ProfileChanges(BaseModel):
    """What people may change of themselves; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    username: Username | None = None
    display_name: DisplayName | None = None


class UserChanges(BaseModel):
    """What an admin may change of a user; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    role: Role | None = None
    status: Annotated[UserStatus | None, Field(description="active or disabled; deleting has a verb of its own.")] = (
        None
    )

    @model_validator(mode="after")
    def _status_can_be_set(self) -> Self:
        if self.status is UserStatus.DELETING:
            raise PydanticCustomError("not_settable", "A user is deleted by DELETE; set active or disabled.")
        return self


class Profile(BaseModel):
    """A user as answered: to themselves, and to admins."""

    id: str
    email: str
    username: str
    display_name: str
    role: Role
    status: UserStatus
    created_at: datetime
    updated_at: datetime

    @property
    def revision(self) -> str:
        """Changes with what is shown, and not with each sign-in: what ETag and If-Match go by."""
        return digest_of(self.model_dump(mode="json"))[:24]


class User(Stored):
    """A user on record; `owner` is the user. Sessions lie inside, so that one read answers for every call.

    The password's hash is not here but in `credentials`: what is read most carries no secret worth guessing at.
    """

    email: str
    username: str
    display_name: str = ""
    role: Role = Role.USER
    status: UserStatus = UserStatus.ACTIVE
    sessions: dict[str, Session] = {}

    @property
    def profile(self) -> Profile:
        return Profile.model_validate(self.model_dump(include=set(Profile.model_fields)))


class Credentials(BaseModel):
    """How a user proves to be one. `password_hash` is "" until a password is set. `version` grows with each change."""

    model_config = ConfigDict(extra="ignore")

    password_hash: str = ""
    version: int = 1
    changed_at: datetime
