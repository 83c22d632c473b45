"""Accounts over time: letters delivered late and twice, tokens that end, sessions that end, users that go with all they have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.domain.account_task import AccountTask, AccountWork
from shared.domain.errors import (
    AlreadyExists,
    Conflict,
    Forbidden,
    InvalidInput,
    NotAuthenticated,
    NotFound,
    StorageFailed,
    TooManyRequests,
)
from shared.domain.user import NewAccount, ProfileChanges, Role, UserChanges, UserStatus, email_key
from shared.services.accounts import AccountPolicy
from shared.services.change_password import RESET_LIFETIME
from shared.services.keep_sessions import MAX_SESSIONS
from shared.services.one_time_tokens import COLLECTION as TOKENS
from shared.services.register_user import REGISTRATIONS, WAITS
from shared.services.throttle import FREE_ATTEMPTS, MAILS
from shared.services.user_records import EMAILS, USERNAMES, find_credentials, get_user
from tests.support.accounts import ADDRESS, PASSWORD, AccountsKit, accounts_kit, fresh_user, letters, token_in

OTHER = "quite another sentence"


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[AccountsKit]:
    with accounts_kit(tmp_path) as made:
        yield made


def ask(kit: AccountsKit, email: str = "anna@example.org", username: str = "anna") -> None:
    kit.accounts.registering.ask(NewAccount(email=email, username=username, password=PASSWORD), ADDRESS)


def newest_token(kit: AccountsKit, to: str = "anna@example.org") -> str:
    kit.deliver()
    return token_in(letters(kit.outbox, to)[-1])


def registered(kit: AccountsKit) -> str:
    ask(kit)
    return kit.accounts.registering.confirm(newest_token(kit), ADDRESS).id


def unchanged(_: object) -> None:
    """A check that lets any revision pass."""


def test_a_letter_delivered_twice_is_one_letter(kit: AccountsKit) -> None:
    ask(kit)
    [work] = kit.deliver()
    before = letters(kit.outbox)
    kit.accounts.run(work)
    assert len(before) == len(letters(kit.outbox)) == 1
    assert token_in(before[0]) == token_in(letters(kit.outbox)[0])


def test_a_known_address_is_told_by_letter_alone_and_nothing_else_differs(kit: AccountsKit) -> None:
    registered(kit)
    counts = {name: kit.documents.count(name) for name in (REGISTRATIONS, USERNAMES, EMAILS)}
    ask(kit, username="annas-other-name")
    kit.deliver()
    known = letters(kit.outbox, "anna@example.org")[-1]
    assert "already" in known["Subject"] and "Token" not in known.get_content()
    ask(kit, "otto@example.org", "otto")
    after = {name: kit.documents.count(name) for name in (REGISTRATIONS, USERNAMES, EMAILS)}
    assert after == {REGISTRATIONS: counts[REGISTRATIONS] + 2, USERNAMES: counts[USERNAMES] + 2, EMAILS: counts[EMAILS]}
    # The name waits with the phantom as it does with a real registration, so that asking for it tells nothing.
    for name in ("annas-other-name", "otto"):
        with pytest.raises(AlreadyExists):
            ask(kit, "third@example.org", name)


def test_a_registration_ends_and_gives_its_name_back(kit: AccountsKit) -> None:
    ask(kit)
    token = newest_token(kit)
    kit.clock.advance(WAITS.total_seconds())
    with pytest.raises(InvalidInput):
        kit.accounts.registering.confirm(token, ADDRESS)
    ask(kit, "otto@example.org", "anna")
    assert kit.accounts.registering.confirm(newest_token(kit, "otto@example.org"), ADDRESS).username == "anna"


def test_who_lost_the_letter_asks_again_and_either_letter_makes_one_user(kit: AccountsKit) -> None:
    ask(kit)
    first = newest_token(kit)
    ask(kit)
    kit.deliver()
    second = next(t for t in map(token_in, letters(kit.outbox)) if t != first)
    assert kit.accounts.registering.confirm(second, ADDRESS).username == "anna"
    with pytest.raises(AlreadyExists):
        kit.accounts.registering.confirm(first, ADDRESS)
    with pytest.raises(InvalidInput):
        kit.accounts.registering.confirm(second, ADDRESS)
    assert kit.documents.count(TOKENS) == 1  # the first one's, until it has ended


def test_a_letter_that_comes_after_the_registration_ended_is_not_written(kit: AccountsKit) -> None:
    ask(kit)
    kit.clock.advance(WAITS.total_seconds())
    kit.deliver()
    assert letters(kit.outbox) == []


def test_nobody_is_flooded_with_letters(kit: AccountsKit) -> None:
    for _ in range(MAILS + 3):
        kit.accounts.passwords.ask_reset("anna@example.org", ADDRESS)
    assert len(kit.tasks.waiting) == MAILS


def test_a_session_ends_when_its_time_is_up_however_often_it_is_refreshed(kit: AccountsKit) -> None:
    uid = registered(kit)
    for remembered, hours in ((False, 12), (True, 30 * 24)):
        tokens = kit.accounts.sessions.open(uid, version=1, remembered=remembered)
        for _ in range(11):
            kit.clock.advance(hours / 12 * 3600)
            tokens = kit.accounts.sessions.refresh(tokens.refresh_token)
        kit.clock.advance(hours / 12 * 3600 - 1)
        tokens = kit.accounts.sessions.refresh(tokens.refresh_token)
        kit.clock.advance(1)
        with pytest.raises(NotAuthenticated):
            kit.accounts.sessions.authenticate(tokens.access_token)  # not even with an access token of a second ago
        with pytest.raises(NotAuthenticated):
            kit.accounts.sessions.refresh(tokens.refresh_token)


def test_the_oldest_of_too_many_sessions_gives_way(kit: AccountsKit) -> None:
    uid = registered(kit)
    opened = []
    for _ in range(MAX_SESSIONS + 1):
        kit.clock.advance(1)
        opened.append(kit.accounts.sessions.open(uid, version=1))
    views = kit.accounts.sessions.views(uid, opened[-1].session_id)
    assert [view.id for view in views] == [tokens.session_id for tokens in reversed(opened[1:])]
    assert [view.is_current for view in views] == [True] + [False] * (MAX_SESSIONS - 1)
    with pytest.raises(NotAuthenticated):
        kit.accounts.sessions.authenticate(opened[0].access_token)


def test_a_hash_of_weaker_parameters_is_made_anew_when_somebody_signs_in(tmp_path: Path) -> None:
    with accounts_kit(tmp_path) as kit:
        uid = registered(kit)
        before = find_credentials(kit.documents, uid)
    with accounts_kit(tmp_path, rounds=3) as grown:
        first = grown.accounts.signing_in.sign_in("anna@example.org", PASSWORD, ADDRESS)
        after = find_credentials(grown.documents, uid)
        assert before and after and "t=2" in before.password_hash and "t=3" in after.password_hash
        assert after.version == before.version
        grown.accounts.sessions.authenticate(first.access_token)
        grown.accounts.signing_in.sign_in("ANNA@example.org", PASSWORD, ADDRESS)
        assert find_credentials(grown.documents, uid) == after


def test_a_broken_hash_on_record_is_no_wrong_password(kit: AccountsKit) -> None:
    uid = registered(kit)
    found = kit.documents.get("credentials", uid)
    assert found
    kit.documents.put("credentials", uid, {**found.data, "password_hash": "garbage"})
    with pytest.raises(StorageFailed):
        kit.accounts.signing_in.sign_in("anna@example.org", PASSWORD, ADDRESS)


def test_a_reset_link_works_once_within_its_hour_and_not_after_another_change(kit: AccountsKit) -> None:
    uid = registered(kit)
    for _ in range(3):
        kit.accounts.passwords.ask_reset("Anna@example.org", ADDRESS)
        kit.deliver()
    tokens = [token_in(letter) for letter in letters(kit.outbox, "anna@example.org") if "Set" in letter["Subject"]]
    session = kit.accounts.sessions.open(uid, version=1)
    kit.accounts.passwords.reset(tokens[0], OTHER, ADDRESS)
    for token in tokens:
        with pytest.raises(InvalidInput):
            kit.accounts.passwords.reset(token, "a third sentence of mine", ADDRESS)
    with pytest.raises(NotAuthenticated):
        kit.accounts.sessions.authenticate(session.access_token)
    kit.accounts.signing_in.sign_in("anna@example.org", OTHER, ADDRESS)

    kit.accounts.passwords.ask_reset("anna@example.org", ADDRESS)
    kit.deliver()
    late = next(
        token
        for letter in letters(kit.outbox)
        if "Set" in letter["Subject"] and (token := token_in(letter)) not in tokens
    )
    kit.clock.advance(RESET_LIFETIME.total_seconds())
    with pytest.raises(InvalidInput):
        kit.accounts.passwords.reset(late, "a third sentence of mine", ADDRESS)


def test_a_token_serves_its_own_purpose_only(kit: AccountsKit) -> None:
    ask(kit)
    confirm = newest_token(kit)
    with pytest.raises(InvalidInput):
        kit.accounts.passwords.reset(confirm, OTHER, ADDRESS)
    uid = kit.accounts.registering.confirm(confirm, ADDRESS).id
    reset = kit.accounts.passwords.reset_token(get_user(kit.documents, uid))
    with pytest.raises(InvalidInput):
        kit.accounts.registering.confirm(reset, ADDRESS)
    kit.accounts.passwords.reset(reset, OTHER, ADDRESS)


def test_an_unknown_address_gets_no_letter_but_the_same_task(kit: AccountsKit) -> None:
    registered(kit)
    for email in ("anna@example.org", "nobody@example.org"):
        kit.accounts.passwords.ask_reset(email, ADDRESS)
    known, unknown = kit.tasks.waiting
    assert set(known.payload) == set(unknown.payload) and known.queue == unknown.queue
    kit.deliver()
    assert letters(kit.outbox, "nobody@example.org") == []


def test_a_link_leads_to_the_pages_and_hides_its_token_from_servers(tmp_path: Path) -> None:
    with accounts_kit(tmp_path, web_url="https://studio.example.org/") as kit:
        ask(kit)
        kit.deliver()
        [letter] = letters(kit.outbox)
        assert f"https://studio.example.org/confirm-email#token={token_in(letter)}" in letter.get_content()


def test_a_locked_account_opens_by_a_reset(kit: AccountsKit) -> None:
    uid = registered(kit)
    for _ in range(FREE_ATTEMPTS):
        with pytest.raises(NotAuthenticated):
            kit.accounts.signing_in.sign_in("anna@example.org", "wrong password", ADDRESS)
    with pytest.raises(TooManyRequests):
        kit.accounts.signing_in.sign_in("anna@example.org", PASSWORD, ADDRESS)
    kit.accounts.passwords.reset(kit.accounts.passwords.reset_token(get_user(kit.documents, uid)), OTHER, ADDRESS)
    kit.accounts.signing_in.sign_in("anna@example.org", OTHER, ADDRESS)


def test_a_name_changes_hands_only_when_it_is_given_up(kit: AccountsKit) -> None:
    anna, otto = fresh_user(kit), fresh_user(kit)
    users = kit.accounts.users
    with pytest.raises(AlreadyExists):
        users.change_profile(otto.uid, ProfileChanges(username=anna.username.upper()), unchanged)
    users.change_profile(anna.uid, ProfileChanges(username=anna.username.upper()), unchanged)
    users.change_profile(anna.uid, ProfileChanges(username="harbour"), unchanged)
    assert users.change_profile(otto.uid, ProfileChanges(username=anna.username), unchanged).username == anna.username
    assert kit.documents.count(USERNAMES) == 2


def test_admins_cannot_unmake_themselves_and_ones_unmade_do_nothing(kit: AccountsKit) -> None:
    ada, bob = fresh_user(kit, role=Role.ADMIN), fresh_user(kit, role=Role.ADMIN)
    users = kit.accounts.users
    with pytest.raises(Conflict):
        users.change(ada.uid, ada.uid, UserChanges(role=Role.USER), unchanged)
    with pytest.raises(Conflict):
        users.delete(ada.uid, ada.uid)
    users.change(ada.uid, bob.uid, UserChanges(role=Role.USER), unchanged)
    with pytest.raises(Forbidden):
        users.change(bob.uid, ada.uid, UserChanges(role=Role.USER), unchanged)
    with pytest.raises(Forbidden):
        users.delete("usr_gone", ada.uid)
    with pytest.raises(NotFound):
        users.delete(ada.uid, "usr_gone")


def test_a_disabled_user_is_out_and_comes_back_without_old_sessions(kit: AccountsKit) -> None:
    ada, uid = fresh_user(kit, role=Role.ADMIN), registered(kit)
    before = kit.accounts.sessions.open(uid, version=1)
    kit.accounts.users.change(ada.uid, uid, UserChanges(status=UserStatus.DISABLED), unchanged)
    for attempt in (
        lambda: kit.accounts.sessions.authenticate(before.access_token),
        lambda: kit.accounts.sessions.refresh(before.refresh_token),
        lambda: kit.accounts.sessions.open(uid, version=1),
        lambda: kit.accounts.signing_in.sign_in("anna@example.org", PASSWORD, ADDRESS),
    ):
        with pytest.raises(NotAuthenticated):
            attempt()
    kit.accounts.passwords.ask_reset("anna@example.org", ADDRESS)
    sent = len(letters(kit.outbox))
    kit.deliver()
    assert len(letters(kit.outbox)) == sent
    kit.accounts.users.change(ada.uid, uid, UserChanges(status=UserStatus.ACTIVE), unchanged)
    with pytest.raises(NotAuthenticated):
        kit.accounts.sessions.authenticate(before.access_token)
    kit.accounts.signing_in.sign_in("anna@example.org", PASSWORD, ADDRESS)


def test_the_record_counts_whatever_sessions_are_on_it(kit: AccountsKit) -> None:
    anna = fresh_user(kit, password=PASSWORD)
    token = kit.accounts.passwords.reset_token(get_user(kit.documents, anna.uid))
    found = kit.documents.get("users", anna.uid)
    assert found
    for status in (UserStatus.DISABLED, UserStatus.DELETING):
        kit.documents.put("users", anna.uid, {**found.data, "status": status.value})
        with pytest.raises(NotAuthenticated):
            kit.accounts.sessions.authenticate(anna.tokens.access_token)
        with pytest.raises(NotAuthenticated):
            kit.accounts.sessions.refresh(anna.tokens.refresh_token)
        with pytest.raises(InvalidInput):  # nor does a link that was sent before
            kit.accounts.passwords.reset(token, OTHER, ADDRESS)
    kit.documents.put("users", anna.uid, found.data)
    assert kit.accounts.sessions.authenticate(anna.tokens.access_token).uid == anna.uid


def test_a_deletion_goes_on_where_it_was_stopped_and_frees_address_and_name(tmp_path: Path) -> None:
    asked: list[str] = []

    def stumbles_once(uid: str) -> None:
        asked.append(uid)
        if len(asked) == 1:
            raise StorageFailed("The disk is away.")

    with accounts_kit(tmp_path, keepers=[stumbles_once]) as kit:
        ada, uid = fresh_user(kit, role=Role.ADMIN), registered(kit)
        tokens = kit.accounts.sessions.open(uid, version=1)
        assert kit.accounts.users.delete(ada.uid, uid).status is UserStatus.DELETING
        with pytest.raises(NotAuthenticated):
            kit.accounts.sessions.authenticate(tokens.access_token)
        with pytest.raises(Conflict):
            kit.accounts.users.change(ada.uid, uid, UserChanges(status=UserStatus.ACTIVE), unchanged)
        with pytest.raises(Conflict):
            kit.accounts.users.make_admin(uid)
        first = kit.tasks.waiting[0].name
        with pytest.raises(StorageFailed):
            kit.deliver()
        assert kit.accounts.users.profile(uid).status is UserStatus.DELETING

        kit.clock.advance(60)
        kit.accounts.users.delete(ada.uid, uid)  # asked again, under another name than that of the task that died
        assert kit.tasks.waiting[0].name != first
        [work] = kit.deliver()
        kit.accounts.run(work)
        assert asked == [uid, uid]
        with pytest.raises(NotFound):
            kit.accounts.users.profile(uid)
        assert kit.documents.get(EMAILS, email_key("anna@example.org")) is None
        assert registered(kit) != uid


def test_a_task_that_names_somebody_who_was_not_deleted_deletes_nobody(kit: AccountsKit) -> None:
    anna = fresh_user(kit)
    kit.accounts.run(AccountTask(id=anna.uid, work=AccountWork.DELETE_USER, subject=anna.uid))
    assert kit.accounts.users.profile(anna.uid)


def test_an_address_is_throttled_whatever_it_tries(tmp_path: Path) -> None:
    with accounts_kit(tmp_path, accounts_policy=AccountPolicy(address_attempts=3)) as kit:
        for n in range(3):
            kit.accounts.passwords.ask_reset(f"a{n}@example.org", ADDRESS)
        with pytest.raises(TooManyRequests):
            kit.accounts.passwords.ask_reset("b@example.org", ADDRESS)
        kit.accounts.passwords.ask_reset("b@example.org", "192.0.2.7")
