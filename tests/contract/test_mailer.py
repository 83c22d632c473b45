"""What every mailer does with a letter: carries it whole to one person, and lets nobody slip in a header."""

from __future__ import annotations

import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Literal

import pytest

from shared.adapters.mailer.outbox import OutboxMailer
from shared.adapters.mailer.smtp import SmtpMailer, SmtpServer
from shared.domain.errors import InvalidInput, StorageFailed, Unavailable
from shared.ports.mailer import Mail, Mailer
from tests.support.clock import HeldClock
from tests.support.smtp_server import smtp_server

SENDER = "studio@example.test"
MAIL = Mail("confirm-reg_1", "anna@example.test", "Bestätigen, bitte", "Grüß Gott,\n.\n..\nToken: abc\n\nÜber 你好\n")
Letters = Callable[[], list[bytes]]


@contextmanager
def outbox(folder: Path) -> Iterator[tuple[Mailer, Letters]]:
    where = folder / "outbox"
    yield OutboxMailer(where, SENDER, HeldClock()), lambda: [path.read_bytes() for path in sorted(where.glob("*"))]


@contextmanager
def smtp(folder: Path) -> Iterator[tuple[Mailer, Letters]]:
    with smtp_server() as kit:
        yield SmtpMailer(plain(kit.port), SENDER, HeldClock()), lambda: list(kit.letters)


def plain(port: int, security: Literal["starttls", "tls", "none"] = "none", user: str = "") -> SmtpServer:
    return SmtpServer("127.0.0.1", port, security, user, "hunter2" if user else "")


MAILERS: dict[str, Callable[[Path], AbstractContextManager[tuple[Mailer, Letters]]]] = {"outbox": outbox, "smtp": smtp}


@pytest.fixture(params=MAILERS)
def mailer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Mailer, Letters]]:
    with MAILERS[request.param](tmp_path) as made:
        yield made


def read(raw: bytes) -> EmailMessage:
    found = message_from_bytes(raw, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def test_a_letter_arrives_as_it_was_written(mailer: tuple[Mailer, Letters]) -> None:
    mailer[0].send(MAIL)
    [letter] = map(read, mailer[1]())
    assert (letter["To"], letter["From"], letter["Subject"]) == (MAIL.to, SENDER, MAIL.subject)
    assert letter.get_content().replace("\r\n", "\n") == MAIL.text
    assert letter["Date"].datetime == HeldClock().now().replace(microsecond=0)
    assert letter["Message-ID"] == "<confirm-reg_1@example.test>" and letter["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize(
    "mail",
    [
        Mail("a", "anna@example.test\nBcc: all@example.test", "s", "t"),
        Mail("a", "anna@example.test, otto@example.test", "s", "t"),
        Mail("a", "anna@example.test", "s\r\nBcc: all@example.test", "t"),
        Mail("a", "", "s", "t"),
        Mail("a", "nobody", "s", "t"),
        Mail("../a", "anna@example.test", "s", "t"),
        Mail("", "anna@example.test", "s", "t"),
    ],
)
def test_nothing_is_slipped_in(mailer: tuple[Mailer, Letters], mail: Mail) -> None:
    with pytest.raises(InvalidInput) as refused:
        mailer[0].send(mail)
    assert "all@example.test" not in refused.value.detail
    assert mailer[1]() == []


def test_a_letter_shows_no_address_where_it_is_printed() -> None:
    assert "anna" not in repr(MAIL) and "abc" not in repr(MAIL)


def test_the_outbox_holds_one_file_a_letter_for_its_owner_alone(tmp_path: Path) -> None:
    mailer = OutboxMailer(tmp_path / "outbox", SENDER, HeldClock())
    mailer.send(MAIL)
    mailer.send(MAIL)
    [file] = (tmp_path / "outbox").iterdir()
    assert file.name == "confirm-reg_1.eml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_an_outbox_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file where the folder should be")
    with pytest.raises(StorageFailed):
        OutboxMailer(tmp_path / "outbox", SENDER, HeldClock()).send(MAIL)


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ({"rcpt": "550 no such user anna@example.test"}, InvalidInput),
        ({"rcpt": "450 greylisted, anna@example.test"}, Unavailable),
        ({"letter": "451 try later"}, Unavailable),
        ({"mail": "421 too busy"}, Unavailable),
        ({"connect": "554 go away"}, Unavailable),
    ],
)
def test_a_server_that_refuses_is_told_apart(answers: dict[str, str], error: type[Exception]) -> None:
    with smtp_server(answers=answers) as kit:
        with pytest.raises(error) as refused:
            SmtpMailer(plain(kit.port), SENDER, HeldClock()).send(MAIL)
        assert "anna" not in str(refused.value)


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(Unavailable, match="REELPRINT_SMTP"):
        SmtpMailer(plain(port), SENDER, HeldClock()).send(MAIL)


def test_a_password_is_said_to_a_server_that_asks_for_it_and_a_wrong_one_is_not_repeated() -> None:
    with smtp_server() as kit:
        SmtpMailer(plain(kit.port, user="studio"), SENDER, HeldClock()).send(MAIL)
        assert any(line.startswith("AUTH PLAIN") for line in kit.said) and len(kit.letters) == 1
    with smtp_server(answers={"auth": "535 wrong"}) as kit:
        with pytest.raises(Unavailable) as refused:
            SmtpMailer(plain(kit.port, user="studio"), SENDER, HeldClock()).send(MAIL)
        assert "hunter2" not in str(refused.value) + repr(plain(1, user="studio"))


def test_nothing_is_said_in_the_clear_to_a_server_that_cannot_encrypt() -> None:
    with smtp_server() as kit:
        with pytest.raises(Unavailable):
            SmtpMailer(plain(kit.port, "starttls", user="studio"), SENDER, HeldClock()).send(MAIL)
        assert not any(line.startswith(("AUTH", "MAIL")) for line in kit.said)


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*self_signed(tmp_path))
    with smtp_server(context) as kit:
        with pytest.raises(Unavailable):
            SmtpMailer(plain(kit.port, "tls", user="studio"), SENDER, HeldClock()).send(MAIL)
        assert kit.said == []


def self_signed(folder: Path) -> tuple[Path, Path]:
    """Certificate and key that 127.0.0.1 made for itself."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem = serialization.PrivateFormat.PKCS8
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, pem, serialization.NoEncryption()))
    return certificate, private
