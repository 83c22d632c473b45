"""A letter as an RFC 5322 message: built by the library that knows how to quote, so that no header can be slipped in."""

from __future__ import annotations

import re
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from shared.domain.errors import InvalidInput
from shared.ports.mailer import Mail

_ID = re.compile(r"[A-Za-z0-9_-]{1,200}")


def message_of(mail: Mail, sender: str, now: datetime) -> EmailMessage:
    """Raises InvalidInput for an id, address or subject that no letter can have."""
    message = EmailMessage(policy=SMTP)
    try:
        if not _ID.fullmatch(mail.id):
            raise ValueError("the id")
        message["From"] = sender
        message["To"] = mail.to
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(now)
        message["Message-ID"] = f"<{mail.id}@{sender.rpartition('@')[2].rstrip('>')}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday replies to this
        message.set_content(mail.text)
    except (ValueError, IndexError) as exc:  # the parser of addresses stumbles over some that are none
        raise InvalidInput("The letter has an id, an address or a subject that no letter can have.") from exc
    if len(message["To"].addresses) != 1 or not message["To"].addresses[0].domain:
        raise InvalidInput("A letter goes to one address.")
    return message
