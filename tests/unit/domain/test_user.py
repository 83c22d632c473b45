"""Who a user is: addresses and names in one form, and nothing secret in what is shown."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from shared.domain.session import new_session
from shared.domain.user import NewAccount, Profile, User, UserChanges, email_key, username_key
from tests.support.clock import NOON

PASSWORD = "a lamp by the harbour wall"  # noqa: S105


def account(**given: str) -> NewAccount:
    return NewAccount.model_validate({"email": "anna@example.org", "username": "anna", "password": PASSWORD} | given)


@pytest.mark.parametrize(
    "email",
    ["a@b", "Anna.Smith+tag@mail.example.co", "o'neil@example.org", "x_1-2@xn--bcher-kva.example", "  anna@example.org ",
     "ａｎｎａ＠example.org", "a" * 64 + "@example.org"],
)  # fmt: skip
def test_addresses_that_are(email: str) -> None:
    assert "@" in account(email=email).email


@pytest.mark.parametrize(
    "email",
    ["", "anna", "@example.org", "anna@", "a@b@c", ".anna@example.org", "an..na@example.org", "anna@-x.org",
     "anna@example..org", "anna@exam ple.org", "anna@example.org\nBcc: all@example.org", "anna\r@example.org",
     '"anna"@example.org', "<anna@example.org>", "anna@[192.0.2.1]", "a" * 65 + "@example.org", "a@" + "b" * 64 + ".org",
     "a@" + "b." * 130 + "org", "änna@example.org", "anna@example.org,otto@example.org", "anna@example.org\0"],
)  # fmt: skip
def test_addresses_that_are_none(email: str) -> None:
    with pytest.raises(ValidationError) as refused:
        account(email=email)
    assert [error["loc"] for error in refused.value.errors()] == [("email",)]


@pytest.mark.parametrize("name", ["ann", "A.n-n_a", "0ld", "ｆｕｌｌ", "a" * 32])
def test_usernames_that_are(name: str) -> None:
    assert account(username=name).username.isascii()


@pytest.mark.parametrize(
    "name", ["", "an", "a" * 33, "-anna", ".anna", "an na", "аnna", "anna/..", "ann\u200ba", "anna\n1"]
)
def test_usernames_that_are_none(name: str) -> None:
    with pytest.raises(ValidationError):
        account(username=name)


@pytest.mark.parametrize("name", ["a\u202eb", "tab\there", "zero\u200bwidth", "x" * 101, "line\u2028break"])
def test_a_display_name_holds_nothing_that_plays_tricks(name: str) -> None:
    with pytest.raises(ValidationError):
        account(display_name=name)
    assert account(display_name="  Ánna 安娜 O’Neil ").display_name == "Ánna 安娜 O’Neil"


def test_case_makes_no_second_user() -> None:
    assert email_key("Anna@Example.ORG") == email_key(" anna@example.org") != email_key("ann.a@example.org")
    assert username_key("Anna") == username_key("aNNA")
    assert "anna" not in email_key("anna@example.org")


def test_every_fault_of_a_wish_comes_at_once_and_the_password_is_judged_by_who_one_is() -> None:
    with pytest.raises(ValidationError) as refused:
        NewAccount.model_validate({"email": "no", "username": "?", "password": "short", "role": "admin"})
    assert {error["loc"][0] for error in refused.value.errors()} == {"email", "username", "password", "role"}
    with pytest.raises(ValidationError) as refused:
        account(email="harbourmaster@example.org", password="harbourmaster1")  # noqa: S106
    assert refused.value.errors()[0]["type"] == "password-personal"


def test_a_profile_shows_no_session_and_its_revision_changes_with_what_is_shown() -> None:
    user = User(id="usr_1", owner="usr_1", created_at=NOON, updated_at=NOON, email="a@b", username="anna", sessions={})
    assert set(user.profile.model_dump()) == set(Profile.model_fields)
    session, _ = new_session("ses_1", NOON, NOON, remembered=False, client="")
    assert user.model_copy(update={"sessions": {"ses_1": session}}).profile == user.profile
    changed = user.model_copy(update={"display_name": "Anna"})
    assert changed.profile.revision != user.profile.revision == user.profile.revision


def test_nobody_is_set_to_deleting() -> None:
    assert UserChanges.model_validate({"status": "disabled"}).status
    with pytest.raises(ValidationError):
        UserChanges.model_validate({"status": "deleting"})
