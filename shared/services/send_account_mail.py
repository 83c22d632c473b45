"""Letters about accounts, written where nobody waits for them: a letter takes its time, and time would tell who is known."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from shared.domain.account_task import AccountTask, AccountWork
from shared.domain.errors import AlreadyExists, NotFound
from shared.domain.user import UserStatus, email_key
from shared.ports.clock import Clock
from shared.ports.documents import Documents
from shared.ports.mailer import Mail, Mailer
from shared.services.change_password import RESET_LIFETIME, ChangePassword
from shared.services.expiring import Sweeper
from shared.services.one_time_tokens import OneTimeTokens, Purpose
from shared.services.register_user import WAITS, RegisterUser
from shared.services.user_records import EMAILS, find_by_email, find_user

SENT = "sent_mails"
_REMEMBERED = timedelta(days=2)  # longer than any queue tries


class SendAccountMail:
    """`web_url` is where people's pages are; without one a letter carries the bare token and says where it goes."""

    def __init__(
        self,
        documents: Documents,
        clock: Clock,
        mailer: Mailer,
        registering: RegisterUser,
        passwords: ChangePassword,
        tokens: OneTimeTokens,
        web_url: str,
    ) -> None:
        self._documents = documents
        self._clock = clock
        self._mailer = mailer
        self._registering = registering
        self._passwords = passwords
        self._tokens = tokens
        self._web_url = web_url.rstrip("/")
        self._sweeper = Sweeper(documents, clock)
        self._writers: dict[AccountWork, Callable[[AccountTask], Mail | None]] = {
            AccountWork.CONFIRM_EMAIL: self._confirm_email,
            AccountWork.RESET_PASSWORD: self._reset_password,
            AccountWork.PASSWORD_CHANGED: self._password_changed,
        }

    def run(self, task: AccountTask) -> None:
        """Write and send the letter, where there is one to write. Delivered again once it is sent, nothing happens."""
        name = f"{task.work}-{task.id}"
        if self._documents.get(SENT, name) is not None:
            return
        mail = self._writers[task.work](task)
        if mail is not None:
            self._mailer.send(mail)
        with suppress(AlreadyExists):
            self._documents.create(SENT, name, {"expires_at": (self._clock.now() + _REMEMBERED).timestamp()})
        self._sweeper.sweep(SENT)

    def _confirm_email(self, task: AccountTask) -> Mail | None:
        try:
            registration = self._registering.waiting(task.subject)
        except NotFound:
            return None
        if self._documents.get(EMAILS, email_key(registration.email)) is not None:
            text = (
                "Somebody, perhaps you, asked for an account with this address. There is one already: sign in, or\n"
                "reset its password. If it was not you, nothing has happened, and nothing need be done.\n"
            )
            return self._mail(task, registration.email, "You have an account already", text)
        token = self._tokens.issue(Purpose.CONFIRM_EMAIL, registration.id, WAITS)
        text = (
            "Somebody, perhaps you, asked for an account with this address. To confirm that it is yours, within\n"
            f"24 hours:\n\n{self._way('confirm-email', token)}\n\n"
            "If it was not you, do nothing: without this no account comes to be.\n"
        )
        return self._mail(task, registration.email, "Confirm your e-mail address", text)

    def _reset_password(self, task: AccountTask) -> Mail | None:
        user, _ = find_by_email(self._documents, task.email)
        if user is None or user.status is not UserStatus.ACTIVE:
            return None
        minutes = int(RESET_LIFETIME.total_seconds() // 60)
        token = self._passwords.reset_token(user)
        text = (
            f"Somebody, perhaps you, asked to set a new password. To do so, once, within {minutes} minutes:\n\n"
            f"{self._way('reset-password', token)}\n\nIf it was not you, do nothing: the password stays as it is.\n"
        )
        return self._mail(task, user.email, "Set a new password", text)

    def _password_changed(self, task: AccountTask) -> Mail | None:
        user = find_user(self._documents, task.subject)
        if user is None:
            return None
        text = (
            "The password of your account was changed, and all other devices were signed out.\n"
            "If it was not you, reset it now, and look after your mailbox: somebody may be reading it.\n"
        )
        return self._mail(task, user.email, "Your password was changed", text)

    def _way(self, page: str, token: str) -> str:
        """A link, whose token no server sees since it stands after the #; or the call that takes the token."""
        if self._web_url:
            return f"{self._web_url}/{page}#token={token}"
        call = {"confirm-email": "auth/verify-email", "reset-password": "auth/password/reset"}[page]
        return f"Token: {token}\nSend it to: POST /api/v1/{call}"

    def _mail(self, task: AccountTask, to: str, subject: str, text: str) -> Mail:
        return Mail(f"{task.work}-{task.id}", to, f"Reelprint: {subject}", text)
