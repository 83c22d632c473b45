"""`make admin`: the first admin without a default password, on the studio's own data."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from functions import make_admin
from shared.domain.user import Role
from tests.support.accounts import PASSWORD, fresh_user, register, sign_in
from tests.support.studio import running_studio


def run(email: str, monkeypatch: pytest.MonkeyPatch, folder: Path, typed: list[str] | None = None) -> int:
    """The command as at a terminal where something is `typed`, and as in a script otherwise."""
    monkeypatch.setenv("REELPRINT_DATA_DIR", str(folder))
    stdin = io.StringIO()
    if typed is not None:
        monkeypatch.setattr(stdin, "isatty", lambda: True)
        answers = iter(typed)
        monkeypatch.setattr("getpass.getpass", lambda _: next(answers))
    monkeypatch.setattr("sys.stdin", stdin)
    return make_admin.main([email])


def test_the_first_admin_sets_a_password_by_a_token_that_works_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("ada@example.test", monkeypatch, tmp_path) == 0
    found = re.search(r'"token": "([\w-]{43})"', capsys.readouterr().out)
    assert found
    with running_studio(tmp_path, accounts="required") as (_, client):
        assert client.post("/auth/login", json={"email": "ada@example.test", "password": ""}).status_code == 401
        reset = {"token": found[1], "new_password": PASSWORD}
        assert client.post("/auth/password/reset", json=reset).status_code == 204
        assert client.post("/auth/password/reset", json=reset).status_code == 422
        sign_in(client, "ada@example.test")
        assert [user["role"] for user in client.get("/users").json()["items"]] == ["admin"]


def test_a_password_typed_twice_alike_is_set_and_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = ["one", "other", PASSWORD, PASSWORD]
    assert run("ada@example.test", monkeypatch, tmp_path, typed) == 0
    said = capsys.readouterr()
    assert "not alike" in said.out and PASSWORD not in said.out + said.err and "token" not in said.out
    with running_studio(tmp_path, accounts="required") as (_, client):
        sign_in(client, "ada@example.test")


def test_a_weak_password_is_refused_with_the_reason_and_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("ada@example.test", monkeypatch, tmp_path, ["password1", "password1", PASSWORD, PASSWORD]) == 0
    said = capsys.readouterr().out
    assert said.index("Guessers") < said.index("The password is set.")
    with running_studio(tmp_path, accounts="required") as (_, client):
        sign_in(client, "ada@example.test")


def test_it_says_who_is_admin_of_which_studio_and_what_comes_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("ada@example.test", monkeypatch, tmp_path, [""]) == 0
    said = capsys.readouterr().out
    assert f"ada@example.test is an admin, called ada, in the studio at {tmp_path}." in said
    assert "make serve" in said and "/api/v1/auth/login" in said and "REELPRINT_ACCOUNTS" not in said
    monkeypatch.setenv("REELPRINT_ACCOUNTS", "open")
    assert run("ada@example.test", monkeypatch, tmp_path) == 0
    assert "nobody signs in here" in capsys.readouterr().out


def test_somebody_who_has_an_account_becomes_admin_while_the_studio_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_studio(tmp_path, accounts="required") as (server, client):
        email = register(client, tmp_path, "mara")
        sign_in(client, email)
        assert client.get("/users").status_code == 403
        assert run(email, monkeypatch, tmp_path) == 0
        assert client.get("/users").status_code == 200
        fresh_user(server.app)
        assert len(client.get("/users").json()["items"]) == 2


def test_a_taken_username_gets_a_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_studio(tmp_path, accounts="required") as (server, _):
        for name in ("ada", "ada-2"):
            server.app.accounts.registering.add(f"{name}@elsewhere.test", name, Role.USER)
        assert run("ada@example.test", monkeypatch, tmp_path) == 0
        names = {user.username for user in server.app.accounts.users.page(Role.ADMIN, None, 10, None).items}
        assert names == {"ada-3"}


@pytest.mark.parametrize("email", ["", "ada", "ada@example.test\nBcc: all@example.test"])
def test_what_is_no_address_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], email: str
) -> None:
    assert run(email, monkeypatch, tmp_path) == 2
    said = capsys.readouterr().err
    assert ("No e-mail address" if not email else "no e-mail address") in said and "make admin EMAIL=" in said
