"""What the account door is asked to do behind the scenes: letters to be written, users to be removed."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class AccountWork(StrEnum):
    CONFIRM_EMAIL = "confirm-email"  # `subject` is a registration
    RESET_PASSWORD = "reset-password"  # noqa: S105 - `email` is the address that was given, known or not
    PASSWORD_CHANGED = "password-changed"  # noqa: S105 - `subject` is a user
    DELETE_USER = "delete-user"  # `subject` is a user


class AccountTask(BaseModel):
    """`id` names the work, so that it is done once however often it is delivered."""

    model_config = ConfigDict(extra="ignore")

    id: str
    work: AccountWork
    subject: str = ""
    email: str = ""
