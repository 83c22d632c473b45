"""Accounts: the letters they get, the tokens they show, the policy they are held to."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from shared.adapters.access_tokens.jose import JoseAccessTokens
from shared.adapters.mailer.outbox import OutboxMailer
from shared.adapters.mailer.smtp import SmtpMailer, SmtpServer
from shared.config import Settings
from shared.domain.access_key import parse_access_keys
from shared.ports.clock import Clock
from shared.ports.mailer import Mailer
from shared.services.accounts import AccountPolicy
from shared.wiring.machine import secret


def open_mailer(settings: Settings, root: Path, clock: Clock) -> Mailer:
    if not settings.smtp_host:
        return OutboxMailer(root / "outbox", settings.mail_from, clock)
    password = settings.smtp_password.get_secret_value()
    server = SmtpServer(settings.smtp_host, settings.smtp_port, settings.smtp_security, settings.smtp_user, password)
    return SmtpMailer(server, settings.mail_from, clock)


def access_tokens(settings: Settings, root: Path, clock: Clock) -> JoseAccessTokens:
    keys = settings.access_keys.get_secret_value() or f"local:{secret(root / 'access-key')}"
    return JoseAccessTokens(parse_access_keys(keys), clock)


def account_policy(settings: Settings) -> AccountPolicy:
    return AccountPolicy(
        session=timedelta(hours=settings.session_hours),
        remembered_session=timedelta(days=settings.remembered_days),
        address_attempts=settings.address_attempts,
        hash_concurrency=settings.password_concurrency,
        web_url=settings.web_url,
    )
