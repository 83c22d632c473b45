"""What happens at the same moment: many ask, and what may happen once happens once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.dev_server import Server
from shared.domain.errors import NotAuthenticated, ReelprintError, RevisionConflict
from shared.domain.session import GRACE
from shared.domain.user import ProfileChanges, Role, UserChanges, UserStatus
from shared.services.throttle import FREE_ATTEMPTS
from shared.services.user_records import EMAILS, USERS, find_credentials, get_user
from tests.support.accounts import (
    ADDRESS,
    PASSWORD,
    AccountsKit,
    accounts_kit,
    awaited_letter,
    bearer,
    fresh_user,
    letters,
    token_in,
)
from tests.support.studio import running_studio

Studio = tuple[Server, httpx.Client]
AT_ONCE = 8


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    folder = tmp_path_factory.mktemp("studio")
    with running_studio(folder, accounts="required", address_attempts="100000", password_concurrency="4") as running:  # noqa: S106
        yield running


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[AccountsKit]:
    with accounts_kit(tmp_path) as made:
        yield made


def at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """Start all of them in the same moment; what each gave, or the error of ours that it raised."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        barrier.wait(30)
        try:
            return call()
        except ReelprintError as error:
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def posted(client: httpx.Client, path: str, *bodies: dict[str, Any], **headers: str) -> list[httpx.Response]:
    return at_once([lambda body=body: client.post(path, json=body, headers=headers) for body in bodies])  # type: ignore[misc]


def statuses(answers: Sequence[httpx.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def test_of_many_who_want_one_username_one_gets_it(studio: Studio) -> None:
    _, client = studio
    bodies = [
        {"email": f"racer{n}@example.test", "username": "Racer" if n % 2 else "rAcer", "password": PASSWORD}
        for n in range(AT_ONCE)
    ]
    assert statuses(posted(client, "/auth/register", *bodies)) == {202: 1, 409: AT_ONCE - 1}


def test_of_many_registrations_of_one_address_one_becomes_a_user_and_none_is_told(studio: Studio) -> None:
    server, client = studio
    outbox = server.app.settings.data_dir / "outbox"
    many = 4  # as many letters as one mailbox is sent within an hour, and one to spare
    bodies = [{"email": "twins@example.test", "username": f"twin-{n}", "password": PASSWORD} for n in range(many)]
    answers = posted(client, "/auth/register", *bodies)
    assert statuses(answers) == {202: many} and len({answer.text for answer in answers}) == 1
    awaited_letter(outbox, "twins@example.test", "Confirm", count=many)
    tokens = [token_in(letter) for letter in letters(outbox, "twins@example.test")]
    confirmed = posted(client, "/auth/verify-email", *({"token": token} for token in tokens))
    assert statuses(confirmed) == {200: 1, 409: many - 1}
    ada = fresh_user(server.app, role=Role.ADMIN)
    users = client.get("/users", params={"page_size": 200}, headers=ada.headers).json()["items"]
    assert [user["email"] for user in users].count("twins@example.test") == 1


def test_a_letters_token_makes_one_user_however_often_it_is_sent(kit: AccountsKit) -> None:
    from shared.domain.user import NewAccount

    wish = NewAccount(email="anna@example.test", username="anna", password=PASSWORD)
    kit.accounts.registering.ask(wish, ADDRESS)
    kit.deliver()
    token = token_in(letters(kit.outbox)[0])
    found = at_once([lambda: kit.accounts.registering.confirm(token, ADDRESS)] * AT_ONCE)
    assert sum(not isinstance(one, ReelprintError) for one in found) == 1
    assert kit.documents.count(USERS) == kit.documents.count(EMAILS) == 1


def test_one_client_that_refreshes_many_times_at_once_stays_signed_in(studio: Studio) -> None:
    server, client = studio
    anna = fresh_user(server.app)
    answers = posted(client, "/auth/refresh", *[{"refresh_token": anna.tokens.refresh_token}] * AT_ONCE)
    assert statuses(answers) == {200: AT_ONCE}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1  # one successor, and not eight branches
    for answer in answers:
        assert client.get("/auth/profile", headers=bearer(answer.json()["access_token"])).status_code == 200
    again = client.post("/auth/refresh", json={"refresh_token": answers[0].json()["refresh_token"]})
    assert again.status_code == 200


def test_after_the_grace_a_second_use_is_an_attack(kit: AccountsKit) -> None:
    anna = fresh_user(kit)
    sessions = kit.accounts.sessions
    first = sessions.refresh(anna.tokens.refresh_token)
    kit.clock.advance(GRACE.total_seconds())
    assert sessions.refresh(anna.tokens.refresh_token).refresh_token == first.refresh_token
    kit.clock.advance(1)
    with pytest.raises(NotAuthenticated):
        sessions.refresh(anna.tokens.refresh_token)
    for token in (first.refresh_token, anna.tokens.refresh_token):
        with pytest.raises(NotAuthenticated):
            sessions.refresh(token)
    with pytest.raises(NotAuthenticated):
        sessions.authenticate(first.access_token)


def test_a_thief_and_the_owner_cannot_both_go_on_even_within_the_grace(kit: AccountsKit) -> None:
    """Both get the same successor; whoever uses it second, after the grace, gives the theft away."""
    anna = fresh_user(kit)
    sessions = kit.accounts.sessions
    owner = sessions.refresh(anna.tokens.refresh_token)
    thief = sessions.refresh(anna.tokens.refresh_token)
    assert owner.refresh_token == thief.refresh_token
    kit.clock.advance(600)
    kept = sessions.refresh(owner.refresh_token)
    kit.clock.advance(600)
    with pytest.raises(NotAuthenticated):
        sessions.refresh(thief.refresh_token)
    with pytest.raises(NotAuthenticated):
        sessions.authenticate(kept.access_token)


def test_guessing_in_parallel_is_no_way_around_the_lock(studio: Studio) -> None:
    server, client = studio
    anna = fresh_user(server.app, password=PASSWORD)
    guesses = [{"email": anna.email, "password": f"guess number {n}"} for n in range(2 * AT_ONCE)]
    assert statuses(posted(client, "/auth/login", *guesses)) == {401: FREE_ATTEMPTS, 429: 2 * AT_ONCE - FREE_ATTEMPTS}


def test_a_sign_in_with_the_old_password_does_not_outlive_its_change(kit: AccountsKit) -> None:
    """The password was right when it was looked at; it is not when the session would open."""
    anna = fresh_user(kit, password=PASSWORD)
    seen = find_credentials(kit.documents, anna.uid)
    assert seen
    kit.accounts.passwords.change(anna.uid, anna.tokens.session_id, PASSWORD, "quite another sentence")
    with pytest.raises(NotAuthenticated):
        kit.accounts.sessions.open(anna.uid, version=seen.version)


def test_a_reset_token_sets_one_password_however_often_it_is_sent(kit: AccountsKit) -> None:
    anna = fresh_user(kit, password=PASSWORD)
    token = kit.accounts.passwords.reset_token(get_user(kit.documents, anna.uid))
    news = [f"sentence number {n} of many" for n in range(AT_ONCE)]
    reset = kit.accounts.passwords.reset
    found = at_once([lambda new=new: reset(token, new, ADDRESS) for new in news])  # type: ignore[misc]
    worked = [new for new, one in zip(news, found, strict=True) if one is None]
    assert len(worked) == 1
    assert kit.accounts.signing_in.sign_in(anna.email, worked[0], ADDRESS)


def test_two_changes_of_a_password_at_once_are_one(kit: AccountsKit) -> None:
    anna = fresh_user(kit, password=PASSWORD)
    news = [f"sentence number {n} of many" for n in range(3)]
    change, session = kit.accounts.passwords.change, anna.tokens.session_id
    found = at_once([lambda new=new: change(anna.uid, session, PASSWORD, new) for new in news])  # type: ignore[misc]
    assert sum(one is None for one in found) == 1
    assert find_credentials(kit.documents, anna.uid).version == 2  # type: ignore[union-attr]
    assert all(one is None or isinstance(one, RevisionConflict) or one.status == 422 for one in found)


def test_two_admins_who_unmake_each_other_leave_one(kit: AccountsKit) -> None:
    users = kit.accounts.users
    for changes in (UserChanges(role=Role.USER), UserChanges(status=UserStatus.DISABLED)) * 5:
        ada, bob = (fresh_user(kit, role=Role.ADMIN) for _ in range(2))
        at_once(
            [
                lambda ada=ada, bob=bob, changes=changes: users.change(ada.uid, bob.uid, changes, lambda _: None),  # type: ignore[misc]
                lambda ada=ada, bob=bob, changes=changes: users.change(bob.uid, ada.uid, changes, lambda _: None),  # type: ignore[misc]
            ]
        )
        left = [users.profile(one.uid) for one in (ada, bob)]
        assert sum(one.role is Role.ADMIN and one.status is UserStatus.ACTIVE for one in left) == 1


def test_a_session_opened_while_the_user_is_disabled_does_not_hold(kit: AccountsKit) -> None:
    ada = fresh_user(kit, role=Role.ADMIN)
    for _ in range(5):
        anna = fresh_user(kit)
        opened = at_once(
            [
                lambda anna=anna: kit.accounts.sessions.open(anna.uid, version=1),  # type: ignore[misc]
                lambda anna=anna: kit.accounts.users.change(  # type: ignore[misc]
                    ada.uid, anna.uid, UserChanges(status=UserStatus.DISABLED), lambda _: None
                ),
                lambda anna=anna: kit.accounts.sessions.refresh(anna.tokens.refresh_token),  # type: ignore[misc]
            ]
        )
        assert get_user(kit.documents, anna.uid).sessions == {}
        for tokens in (opened[0], opened[2]):
            if not isinstance(tokens, ReelprintError):
                with pytest.raises(NotAuthenticated):
                    kit.accounts.sessions.authenticate(tokens.access_token)


def test_of_many_changes_to_what_was_read_once_one_counts(studio: Studio) -> None:
    server, client = studio
    anna = fresh_user(server.app)
    seen = {**anna.headers, "If-Match": client.get("/auth/profile", headers=anna.headers).headers["ETag"]}
    answers = at_once(
        [
            lambda n=n: client.patch("/auth/profile", json={"display_name": f"Anna {n}"}, headers=seen)  # type: ignore[misc]
            for n in range(AT_ONCE)
        ]
    )
    assert statuses(answers) == {200: 1, 412: AT_ONCE - 1}


def test_of_many_who_take_one_free_name_one_gets_it_and_the_others_keep_theirs(kit: AccountsKit) -> None:
    people = [fresh_user(kit) for _ in range(AT_ONCE)]
    change = kit.accounts.users.change_profile
    wish = ProfileChanges(username="harbour")
    found = at_once([lambda one=one: change(one.uid, wish, lambda _: None) for one in people])  # type: ignore[misc]
    assert sum(not isinstance(one, ReelprintError) for one in found) == 1
    names = [kit.accounts.users.profile(one.uid).username for one in people]
    assert names.count("harbour") == 1 and len(set(names)) == AT_ONCE
