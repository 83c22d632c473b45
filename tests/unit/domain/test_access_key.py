"""Signing keys: every weakness of every key at once, and never a word of the keys."""

from __future__ import annotations

import base64
import secrets

import pytest

from shared.config import read_settings, settings_environment
from shared.domain.access_key import new_access_key, parse_access_keys
from shared.domain.errors import Misconfigured

STRONG = base64.urlsafe_b64encode(bytes(range(32))).decode()


def test_keys_are_read_as_they_are_written() -> None:
    keys = [new_access_key("2026-11"), new_access_key("2026-08")]
    assert parse_access_keys(",".join(map(str, keys))) == keys
    assert parse_access_keys("") == parse_access_keys("  ") == []
    assert keys[0].secret.hex() not in repr(keys[0])


def test_both_alphabets_and_padding_are_read() -> None:
    raw = secrets.token_bytes(40)
    for text in (base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode().rstrip("=")):
        assert parse_access_keys(f"a:{text}")[0].secret == raw


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("no-colon", ["key 1 needs 32 bytes"]),
        (f":{STRONG}", ["key 1 needs a name"]),
        (f"a b:{STRONG}", ["key 1 needs a name"]),
        ("a:c2hvcnQ", ["key 1 needs 32 bytes"]),
        ("a:not base64 at all, b c:!!", ["key 1 needs 32", "key 2 needs a name", "key 2 needs 32 bytes"]),
        (f"a:{STRONG},a:{STRONG}", ["key 2 has the name of another"]),
        ("a:" + base64.b64encode(b"password" * 5).decode(), ["key 1 is not random"]),
        ("a:" + base64.b64encode(bytes(64)).decode(), ["key 1 is not random"]),
        (f"a:{STRONG},", ["key 2 needs a name", "key 2 needs 32 bytes"]),
    ],
)
def test_weak_keys_are_refused_with_all_that_is_wrong(text: str, problems: list[str]) -> None:
    with pytest.raises(ValueError) as refused:
        parse_access_keys(text)
    assert all(problem in str(refused.value) for problem in problems)


def test_settings_refuse_weak_keys_with_everything_else_and_show_none() -> None:
    wrong = {
        "REELPRINT_ACCESS_KEYS": "a:c2VjcmV0LXNlY3JldA",
        "REELPRINT_PORT": "many",
        "REELPRINT_PASSWORD_MEMORY_KIB": "1024",
        "REELPRINT_SMTP_HOST": "mail.example.org",
        "REELPRINT_SMTP_SECURITY": "none",
    }
    with pytest.raises(Misconfigured) as refused:
        read_settings(wrong)
    pointers = {fault.pointer for fault in refused.value.faults}
    assert pointers == {"/access_keys", "/port", "/password_memory_kib", "/smtp_security"}
    assert "c2VjcmV0" not in refused.value.detail + str(refused.value.as_record())


def test_a_renderer_is_told_no_key_and_no_password() -> None:
    given = {"REELPRINT_ACCESS_KEYS": f"a:{STRONG}", "REELPRINT_SMTP_PASSWORD": "hunter2", "REELPRINT_PORT": "9"}
    settings = read_settings(given)
    assert settings_environment(settings) == {"REELPRINT_PORT": "9"}
    assert "hunter2" not in repr(settings) and STRONG not in repr(settings)
