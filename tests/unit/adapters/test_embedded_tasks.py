"""The embedded queue: its clockwork under a held clock, its limits, and what a kill leaves behind."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from shared.adapters.tasks.database import Database
from shared.adapters.tasks.dispatcher import Dispatcher
from shared.adapters.tasks.embedded import EmbeddedTasks
from shared.adapters.tasks.lane import Lane
from shared.adapters.tasks.retry import backoff_s, retry_after_s
from shared.domain.errors import Conflict, InvalidInput, StorageFailed, StorageFull
from shared.ports.tasks import Priority, QueueKind, QueuePolicy, Task, TaskState
from tests.support.clock import HeldClock
from tests.support.task_door import Answer, Received, TaskDoor, eventually

TASK = Task(QueueKind.SPEECH, "task", "/on_speech_task", {"segment": 1})
SENTINEL = Task(QueueKind.EVENT, "sentinel", "/on_object_finalized", {})
Start = Callable[..., Dispatcher]


def numbered(count: int, **changes: object) -> list[Task]:
    return [replace(TASK, name=f"task-{number}", **changes) for number in range(count)]  # type: ignore[arg-type]


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
def tasks(tmp_path: Path, clock: HeldClock) -> Iterator[EmbeddedTasks]:
    store = EmbeddedTasks(tmp_path / "queue" / "tasks.db", clock)
    yield store
    store.close()


@pytest.fixture
def door() -> Iterator[TaskDoor]:
    with TaskDoor() as opened:
        yield opened


@pytest.fixture
def start(tasks: EmbeddedTasks, door: TaskDoor, clock: HeldClock) -> Iterator[Start]:
    """Start a dispatcher whose speech queues have the given policy; it is stopped when the test ends."""
    started: list[Dispatcher] = []

    def begin(poll_s: float = 0.005, **policy: float) -> Dispatcher:
        policies = {QueueKind.SPEECH: QueuePolicy(**policy)}  # type: ignore[arg-type]
        dispatcher = Dispatcher(tasks, door.url, policies, "secret", clock, poll_s=poll_s)
        dispatcher.start()
        started.append(dispatcher)
        return dispatcher

    yield begin
    for dispatcher in started:
        dispatcher.stop(timeout=1)


def deliver_sentinels(tasks: EmbeddedTasks, count: int = 3) -> None:
    """Make the dispatcher take several turns, in which it could do what it should not."""
    for _ in range(count):
        name = f"sentinel-{os.urandom(8).hex()}"
        tasks.enqueue([replace(SENTINEL, name=name)])
        wait_until(tasks, name, TaskState.DONE)


def wait_until(tasks: EmbeddedTasks, name: str, state: TaskState) -> None:
    def reached() -> bool:
        record = tasks.find(name)
        return record is not None and record.state is state

    eventually(reached)


def speech_names(door: TaskDoor) -> list[str]:
    return [name for name in door.names if not name.startswith("sentinel")]


# Order


def test_urgent_goes_before_high_before_normal_before_low_and_each_in_order(
    tasks: EmbeddedTasks, door: TaskDoor, start: Start, clock: HeldClock
) -> None:
    order = [Priority.LOW, Priority.NORMAL, Priority.URGENT, Priority.HIGH] * 3
    tasks.enqueue([replace(TASK, name=f"{priority}-{n}", priority=priority) for n, priority in enumerate(order)])
    earlier = clock.now() - timedelta(seconds=5)
    tasks.enqueue([replace(TASK, name="normal-early", not_before=earlier)])
    start(max_concurrent=1)
    door.wait_for(13)
    assert door.names == [
        *("urgent-2", "urgent-6", "urgent-10"),
        *("high-3", "high-7", "high-11"),
        *("normal-early", "normal-1", "normal-5", "normal-9"),
        *("low-0", "low-4", "low-8"),
    ]


def test_an_urgent_task_overtakes_those_already_waiting(tasks: EmbeddedTasks, door: TaskDoor, start: Start) -> None:
    release = threading.Event()
    door.answer = lambda _: Answer() if release.wait(20) else Answer(500)
    tasks.enqueue(numbered(5))
    start(max_concurrent=1)
    door.wait_for(1)
    tasks.enqueue([replace(TASK, name="urgent", priority=Priority.URGENT)])
    release.set()
    door.wait_for(6)
    assert door.names[:2] == ["task-0", "urgent"]


# Limits


def test_no_more_than_the_concurrency_is_under_way_in_no_more_threads(
    tasks: EmbeddedTasks, door: TaskDoor, start: Start
) -> None:
    release = threading.Event()
    door.answer = lambda got: Answer() if got.name.startswith("sentinel") or release.wait(20) else Answer(500)
    tasks.enqueue([replace(task, priority=list(Priority)[n % 4]) for n, task in enumerate(numbered(12))])
    start(max_concurrent=3)
    door.wait_for(3)
    deliver_sentinels(tasks)
    assert len(speech_names(door)) == 3
    couriers = [thread for thread in threading.enumerate() if thread.name.startswith("courier-")]
    assert len(couriers) == 3 + 1  # and one for the sentinels, which are of another kind
    release.set()
    door.wait_for(12 + 3)
    assert door.most_inside <= 3 + 1


def test_the_rate_is_kept_over_all_queues_of_a_kind(
    tasks: EmbeddedTasks, door: TaskDoor, start: Start, clock: HeldClock
) -> None:
    start(max_per_second=2.0)
    tasks.enqueue([replace(task, priority=list(Priority)[n % 4]) for n, task in enumerate(numbered(5))])
    for expected in range(1, 6):
        eventually(lambda expected=expected: len(speech_names(door)) >= expected)  # type: ignore[misc]
        deliver_sentinels(tasks)
        assert len(speech_names(door)) == expected
        clock.advance(0.5)


def test_a_lane_gives_a_fifth_of_a_second_s_burst_and_then_its_rate() -> None:
    lane = Lane(QueuePolicy(max_concurrent=1000, max_per_second=50.0), now=0)
    assert lane.allowance(0) == 10
    for _ in range(10):
        lane.take()
    assert lane.allowance(0) == 0
    assert lane.opens_at() == 20_000
    assert lane.allowance(20_000) == 1
    assert lane.allowance(10**9) == 10
    assert lane.allowance(0) == 10  # the clock was set back


def test_one_connection_a_thread_carries_many_tasks(tasks: EmbeddedTasks, door: TaskDoor, start: Start) -> None:
    start(max_concurrent=2)
    tasks.enqueue(numbered(40))
    door.wait_for(40)
    assert door.connections <= 2


# Retries


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 0.5), (2, 1.0), (3, 2.0), (7, 32.0), (8, 60.0), (5000, 60.0)])
def test_the_back_off_doubles_up_to_its_maximum(attempt: int, seconds: float) -> None:
    assert backoff_s(QueuePolicy(), attempt) == seconds


def test_a_failing_task_comes_back_after_exactly_its_back_off(
    tasks: EmbeddedTasks, door: TaskDoor, start: Start, clock: HeldClock
) -> None:
    door.answer = lambda got: Answer() if got.name.startswith("sentinel") else Answer(500)
    start(max_attempts=4, min_backoff_s=1.0, max_backoff_s=3.0)
    tasks.enqueue([TASK])
    for attempt, pause in enumerate((1.0, 2.0, 3.0), start=1):
        wait_for_attempt(tasks, attempt, clock.now() + timedelta(seconds=pause))
        clock.advance(pause - 0.001)
        deliver_sentinels(tasks)
        assert len(speech_names(door)) == attempt
        clock.advance(0.001)
    wait_until(tasks, "task", TaskState.DEAD)
    assert len(speech_names(door)) == 4


def wait_for_attempt(tasks: EmbeddedTasks, attempts: int, due: datetime) -> None:
    def back() -> bool:
        record = tasks.find("task")
        assert record is not None
        return (record.state, record.attempts, record.not_before) == (TaskState.SCHEDULED, attempts, due)

    eventually(back)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("30", 30.0),
        ("0", 0.0),
        ("9999999999", 86_400.0),
        ("Fri, 17 May 2024 12:01:00 GMT", 60.0),
        ("Fri, 17 May 2024 11:00:00 GMT", 0.0),
        ("soon", 0.0),
        ("-5", 0.0),
        ("٣", 0.0),
        ("", 0.0),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date(value: str, seconds: float) -> None:
    assert retry_after_s(value, HeldClock().now().replace(microsecond=0)) == seconds


def test_retry_after_is_respected(tasks: EmbeddedTasks, door: TaskDoor, start: Start, clock: HeldClock) -> None:
    door.answer = lambda got: Answer(429, {"Retry-After": "40"}) if got.retry_count == 0 else Answer()
    start(min_backoff_s=1.0)
    tasks.enqueue([TASK])
    wait_for_attempt(tasks, 1, clock.now() + timedelta(seconds=40))
    clock.advance(40)
    wait_until(tasks, "task", TaskState.DONE)


def test_a_dead_task_keeps_the_door_s_own_words(tasks: EmbeddedTasks, door: TaskDoor, start: Start) -> None:
    problem = b'{"type": "engine-unavailable", "detail": "flite is not installed; apt-get install flite"}'
    door.answer = lambda _: Answer(422, {"Content-Type": "application/problem+json"}, problem)
    start(max_attempts=1)
    tasks.enqueue([TASK])
    wait_until(tasks, "task", TaskState.DEAD)
    record = tasks.find("task")
    assert record is not None
    assert record.last_status == 422
    assert "flite is not installed" in record.last_error


def test_a_door_that_does_not_answer_in_time_is_a_failed_attempt(
    tasks: EmbeddedTasks, door: TaskDoor, start: Start
) -> None:
    release = threading.Event()
    door.answer = lambda _: Answer() if release.wait(20) else Answer(500)
    start(max_attempts=1, deadline_s=0.05)
    tasks.enqueue([TASK])
    wait_until(tasks, "task", TaskState.DEAD)
    release.set()
    record = tasks.find("task")
    assert record is not None
    assert (record.last_status, record.last_error) == (0, "No answer before the deadline.")


@pytest.mark.parametrize("head", [b"X-Endless: ", b"Content-Length: 1000000\r\n\r\n"])
def test_a_door_that_never_ends_its_answer_is_cut_off_at_the_deadline(
    tasks: EmbeddedTasks, clock: HeldClock, head: bytes
) -> None:
    """Every byte comes in time for the socket; only the whole takes too long."""
    ended = threading.Event()

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\n" + head)
            while not ended.wait(0.01):
                connection.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        policies = {QueueKind.SPEECH: QueuePolicy(max_attempts=1, deadline_s=0.2)}
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        dispatcher = Dispatcher(tasks, url, policies, "secret", clock, poll_s=0.005)
        dispatcher.start()
        try:
            tasks.enqueue([TASK])
            wait_until(tasks, "task", TaskState.DEAD)
        finally:
            ended.set()
            thread.join()
            dispatcher.stop()
    record = tasks.find("task")
    assert record is not None
    assert (record.last_status, record.last_error) == (0, "No answer before the deadline.")


def test_a_door_that_is_shut_is_a_failed_attempt(tasks: EmbeddedTasks, clock: HeldClock) -> None:
    with TaskDoor() as shut:
        url = shut.url
    dispatcher = Dispatcher(tasks, url, {QueueKind.SPEECH: QueuePolicy(max_attempts=1)}, "secret", clock)
    dispatcher.start()
    try:
        tasks.enqueue([TASK])
        wait_until(tasks, "task", TaskState.DEAD)
    finally:
        dispatcher.stop()
    record = tasks.find("task")
    assert record is not None
    assert (record.last_status, record.last_error) == (0, "No answer: Connection refused.")


def test_a_connection_the_server_closed_meanwhile_costs_no_attempt(
    tasks: EmbeddedTasks, door: TaskDoor, start: Start
) -> None:
    door.answer = lambda _: Answer(200, {"Content-Length": "0"})
    start()
    tasks.enqueue([TASK])
    wait_until(tasks, "task", TaskState.DONE)
    door.hang_up()
    tasks.enqueue([replace(TASK, name="next")])
    wait_until(tasks, "next", TaskState.DONE)
    assert door.connections == 2
    record = tasks.find("next")
    assert record is not None
    assert record.attempts == 1


# Names


def test_a_name_is_free_again_an_hour_after_its_task_ended(
    tasks: EmbeddedTasks, door: TaskDoor, start: Start, clock: HeldClock
) -> None:
    door.answer = lambda got: Answer(500 if got.name == "dead" else 204)
    start(max_attempts=1)
    names = [replace(TASK, name=name) for name in ("done", "dead")]
    tasks.enqueue(names)
    wait_until(tasks, "done", TaskState.DONE)
    wait_until(tasks, "dead", TaskState.DEAD)
    tasks.enqueue([replace(TASK, name="gone", not_before=clock.now() + timedelta(days=1))])
    tasks.cancel("gone")
    names.append(replace(TASK, name="gone"))
    clock.advance(3599.9)
    assert tasks.enqueue(names) == 0
    clock.advance(0.1)
    assert tasks.enqueue(names) == 3
    door.wait_for(5)
    assert sorted(door.names) == ["dead", "dead", "done", "done", "gone"]


def test_tombstones_are_purged_and_dead_tasks_stay_for_a_week(
    tasks: EmbeddedTasks, door: TaskDoor, start: Start, clock: HeldClock
) -> None:
    door.answer = lambda got: Answer(500 if got.name == "task-1" else 204)
    start(max_attempts=1)
    tasks.enqueue(numbered(3))
    for name, state in (("task-0", TaskState.DONE), ("task-1", TaskState.DEAD), ("task-2", TaskState.DONE)):
        wait_until(tasks, name, state)  # all of them: one that ends after the hour is kept for another
    clock.advance(3601)
    eventually(lambda: [record.name for record in tasks.recent()] == ["task-1"])
    clock.advance(7 * 86_400)
    eventually(lambda: not tasks.recent())


# Starting, stopping, being killed


def test_a_task_enqueued_here_starts_without_waiting_for_the_poll(
    tasks: EmbeddedTasks, door: TaskDoor, start: Start
) -> None:
    start(poll_s=3600)
    tasks.enqueue([TASK])
    door.wait_for(1)


def test_an_idle_dispatcher_sleeps(tasks: EmbeddedTasks, door: TaskDoor, clock: HeldClock) -> None:
    class CountingClock(HeldClock):
        calls = 0

        def now(self) -> datetime:
            self.calls += 1
            return super().now()

    counting, release = CountingClock(), threading.Event()
    door.answer = lambda _: Answer() if release.wait(20) else Answer(500)
    dispatcher = Dispatcher(tasks, door.url, {}, "secret", counting, poll_s=3600)
    dispatcher.start()
    try:
        tasks.enqueue([TASK, replace(TASK, name="later", not_before=clock.now() + timedelta(hours=1))])
        door.wait_for(1)
        for _ in range(500):
            tasks.find("task")
        assert counting.calls < 20
    finally:
        release.set()
        dispatcher.stop()


def test_a_second_dispatcher_of_the_same_store_is_refused(tasks: EmbeddedTasks, door: TaskDoor, start: Start) -> None:
    first = start()
    with pytest.raises(Conflict, match="already has a dispatcher"):
        start()
    first.stop()
    start()
    tasks.enqueue([TASK])
    door.wait_for(1)


def test_stop_lets_running_deliveries_finish(tasks: EmbeddedTasks, door: TaskDoor, start: Start) -> None:
    release = threading.Event()
    door.answer = lambda _: Answer() if release.wait(20) else Answer(500)
    dispatcher = start(max_concurrent=1)
    tasks.enqueue(numbered(2))
    door.wait_for(1)
    stopping = threading.Thread(target=dispatcher.stop)
    stopping.start()
    release.set()
    stopping.join()
    assert [(record.name, record.state) for record in tasks.recent()] == [
        ("task-1", TaskState.SCHEDULED),
        ("task-0", TaskState.DONE),
    ]


def test_stop_schedules_again_what_does_not_finish(tasks: EmbeddedTasks, door: TaskDoor, start: Start) -> None:
    release = threading.Event()
    door.answer = lambda _: Answer() if release.wait(20) else Answer(500)
    dispatcher = start()
    tasks.enqueue([TASK])
    door.wait_for(1)
    dispatcher.stop(timeout=0)
    record = tasks.find("task")
    assert record is not None
    assert (record.state, record.attempts) == (TaskState.SCHEDULED, 1)
    release.set()
    start()
    wait_until(tasks, "task", TaskState.DONE)
    assert [received.retry_count for received in door.received] == [0, 1]


DISPATCH = """
import sys, threading
from pathlib import Path
from shared.adapters.clock import SystemClock
from shared.adapters.tasks.dispatcher import Dispatcher
from shared.adapters.tasks.embedded import EmbeddedTasks
from shared.ports.tasks import QueueKind, QueuePolicy
tasks = EmbeddedTasks(Path(sys.argv[1]), SystemClock())
Dispatcher(tasks, sys.argv[2], {QueueKind.SPEECH: QueuePolicy(max_concurrent=4)}, "secret", SystemClock()).start()
print("ready", flush=True)
threading.Event().wait()
"""


def dispatcher_process(tasks: EmbeddedTasks, door: TaskDoor) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", DISPATCH, str(tasks.database.path), door.url]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    child.stdout.close()
    return child


def kill(child: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):
        os.kill(child.pid, signal.SIGKILL)
    child.wait()


def test_a_killed_dispatcher_loses_nothing(tasks: EmbeddedTasks, door: TaskDoor) -> None:
    """Another process delivers; it is killed with four deliveries under way, and a second one goes on."""
    half_way, go_on = threading.Event(), threading.Event()

    def answer(_: Received) -> Answer:
        if len(door.received) >= 150:
            half_way.set()
            go_on.wait(20)
        return Answer()

    door.answer = answer
    tasks.enqueue(numbered(300))
    first = dispatcher_process(tasks, door)
    try:
        assert half_way.wait(20)
        with pytest.raises(Conflict):
            Dispatcher(tasks, door.url, {}, "secret", HeldClock()).start()
    finally:
        kill(first)
    assert sum(state.active for state in tasks.state()) > 0
    go_on.set()
    second = dispatcher_process(tasks, door)
    try:
        eventually(lambda: not any(state.scheduled or state.active for state in tasks.state()))
    finally:
        kill(second)
    assert set(door.names) == {f"task-{number}" for number in range(300)}
    repeated = [received for received in door.received if received.retry_count > 0]
    assert 0 < len(repeated) <= 8  # only what was under way, or done and not yet written down


def test_a_task_accepted_by_another_process_is_found(tasks: EmbeddedTasks, door: TaskDoor, start: Start) -> None:
    start()
    deliver_sentinels(tasks, 1)
    script = (
        "import sys; from pathlib import Path; from shared.adapters.clock import SystemClock;"
        "from shared.adapters.tasks.embedded import EmbeddedTasks; from shared.ports.tasks import QueueKind, Task;"
        "from datetime import datetime, UTC;"
        "due = datetime(2024, 1, 1, tzinfo=UTC);"
        "task = Task(QueueKind.SPEECH, 'from-afar', '/on_speech_task', {}, not_before=due);"
        "EmbeddedTasks(Path(sys.argv[1]), SystemClock()).enqueue([task])"
    )
    subprocess.run([sys.executable, "-c", script, str(tasks.database.path)], check=True)
    wait_until(tasks, "from-afar", TaskState.DONE)


# The file


def test_a_full_disk_refuses_the_call_whole_and_keeps_what_was_accepted(
    tmp_path: Path, clock: HeldClock, door: TaskDoor
) -> None:
    tasks = EmbeddedTasks(tmp_path / "small.db", clock, max_bytes=200_000)
    tasks.enqueue([TASK])
    with pytest.raises(StorageFull, match="No space left"):
        tasks.enqueue(numbered(50, payload={"text": "x" * 10_000}))
    assert [record.name for record in tasks.recent()] == ["task"]
    assert tasks.enqueue([replace(TASK, name="small")]) == 1
    dispatcher = Dispatcher(tasks, door.url, {}, "secret", clock)
    dispatcher.start()
    try:
        wait_until(tasks, "small", TaskState.DONE)
    finally:
        dispatcher.stop()
        tasks.close()


def test_a_file_of_another_schema_version_is_refused(tmp_path: Path, clock: HeldClock) -> None:
    EmbeddedTasks(tmp_path / "tasks.db", clock).close()
    database = Database(tmp_path / "tasks.db")
    with database.reading() as connection:
        connection.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(Conflict, match="version 99"):
        EmbeddedTasks(tmp_path / "tasks.db", clock)


def test_an_accepted_call_is_on_the_disk_before_it_returns(tasks: EmbeddedTasks) -> None:
    with tasks.database.writing() as connection:
        full, wal = connection.execute("PRAGMA synchronous").fetchone(), connection.execute("PRAGMA journal_mode")
        assert (full[0], wal.fetchone()[0]) == (2, "wal")


def test_only_this_user_may_read_the_payloads(tasks: EmbeddedTasks) -> None:
    tasks.enqueue([TASK])
    files = list(tasks.database.path.parent.iterdir())
    assert {file.name for file in files} >= {"tasks.db", "tasks.db-wal"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, clock: HeldClock) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageFailed, match="cannot be used"):
        EmbeddedTasks(tmp_path / "file" / "tasks.db", clock)


def test_a_file_that_is_no_queue_is_named(tmp_path: Path, clock: HeldClock) -> None:
    (tmp_path / "tasks.db").write_bytes(b"not a database" * 1000)
    with pytest.raises(StorageFailed, match="could not be read or written"):
        EmbeddedTasks(tmp_path / "tasks.db", clock)


def test_recent_shows_the_newest_first_and_filters_by_state(
    tasks: EmbeddedTasks, start: Start, clock: HeldClock
) -> None:
    start()
    tasks.enqueue([*numbered(3), replace(TASK, name="later", not_before=clock.now() + timedelta(hours=1))])
    wait_until(tasks, "task-2", TaskState.DONE)
    assert [record.name for record in tasks.recent(2)] == ["later", "task-2"]
    assert [record.name for record in tasks.recent(5, TaskState.SCHEDULED)] == ["later"]


# What is refused


@pytest.mark.parametrize(
    "changes",
    [
        {"path": "on_speech_task"},
        {"path": "//elsewhere.example/x"},
        {"path": "/a b"},
        {"path": "/a\r\nX: y"},
        {"headers": {"X-A": "b\r\nX-C: d"}},
        {"headers": {"X A": "b"}},
        {"headers": {"authorization": "Bearer other"}},
        {"headers": {"X-CloudTasks-QueueName": "other"}},
        {"payload": {"x": float("nan")}},
        {"payload": {"x": object()}},
        {"not_before": datetime(2024, 5, 17)},  # without a zone
    ],
)
def test_a_task_that_could_not_be_delivered_is_refused(tasks: EmbeddedTasks, changes: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        tasks.enqueue([replace(TASK, **changes)])  # type: ignore[arg-type]
    assert not tasks.recent()


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "127.0.0.1:80", "http://"])
def test_a_dispatcher_needs_an_http_address(tasks: EmbeddedTasks, clock: HeldClock, url: str) -> None:
    with pytest.raises(InvalidInput, match="http://"):
        Dispatcher(tasks, url, {}, "secret", clock)
