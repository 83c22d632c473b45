"""What every Tasks adapter promises, shown at a real HTTP door. A new adapter adds a harness to `HARNESSES`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.adapters.clock import SystemClock
from shared.adapters.tasks.dispatcher import Dispatcher
from shared.adapters.tasks.embedded import EmbeddedTasks
from shared.domain.errors import InvalidInput, TooLarge
from shared.ports.tasks import Priority, QueueKind, QueuePolicy, QueueState, Task, Tasks, TaskState
from tests.support.task_door import Answer, Received, TaskDoor, eventually

QUICK = QueuePolicy(max_attempts=3, min_backoff_s=0.01, max_backoff_s=0.02)
BEARER = "door-token"
SPEECH = Task(QueueKind.SPEECH, "job-1-segment-1-a1", "/on_speech_task", {"text": "Grüß Gott, ¿qué tal? 你好"})


@dataclass(frozen=True)
class Harness:
    """The adapter, the door its tasks go to, and `start`, which begins the delivery."""

    tasks: Tasks
    door: TaskDoor
    start: Callable[[], None]

    def state_of(self, queue: str) -> QueueState:
        return next(state for state in self.tasks.state() if state.queue == queue)

    def wait_until(self, name: str, state: TaskState) -> None:
        def reached() -> bool:
            record = self.tasks.find(name)
            return record is not None and record.state is state

        eventually(reached)


@contextmanager
def embedded(folder: Path) -> Iterator[Harness]:
    tasks = EmbeddedTasks(folder / "tasks.db", SystemClock())
    with TaskDoor() as door:
        policies = dict.fromkeys(QueueKind, QUICK)
        dispatcher = Dispatcher(tasks, door.url, policies, BEARER, SystemClock(), poll_s=0.01)
        try:
            yield Harness(tasks, door, dispatcher.start)
        finally:
            dispatcher.stop(timeout=1)
            tasks.close()


HARNESSES: Mapping[str, Callable[[Path], AbstractContextManager[Harness]]] = {"embedded": embedded}


@pytest.fixture(params=HARNESSES)
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Harness]:
    with HARNESSES[request.param](tmp_path) as built:
        yield built


def named(name: str, **changes: object) -> Task:
    return replace(SPEECH, name=name, **changes)  # type: ignore[arg-type] # replace() checks the names


def test_a_task_arrives_as_a_post_of_its_payload_with_the_queue_s_headers(harness: Harness) -> None:
    harness.start()
    assert harness.tasks.enqueue([replace(SPEECH, headers={"Traceparent": "00-abc"}, priority=Priority.HIGH)]) == 1
    (received,) = harness.door.wait_for(1)
    assert received.path == "/on_speech_task"
    assert received.payload == SPEECH.payload
    assert received.headers["Authorization"] == f"Bearer {BEARER}"
    assert received.headers["Content-Type"] == "application/json"
    assert received.headers["Traceparent"] == "00-abc"
    assert received.headers["X-CloudTasks-QueueName"] == "speech-high"
    assert received.headers["X-CloudTasks-TaskName"] == SPEECH.name
    assert received.headers["X-CloudTasks-TaskRetryCount"] == "0"
    assert received.headers["X-CloudTasks-TaskExecutionCount"] == "0"
    eta = datetime.fromtimestamp(float(received.headers["X-CloudTasks-TaskETA"]), UTC)
    assert abs(eta - datetime.now(UTC)) < timedelta(minutes=5)


def test_a_delivered_task_is_done_and_is_not_delivered_again(harness: Harness) -> None:
    harness.start()
    harness.tasks.enqueue([SPEECH])
    harness.wait_until(SPEECH.name, TaskState.DONE)
    harness.tasks.enqueue([named("another")])
    harness.wait_until("another", TaskState.DONE)
    assert harness.door.names == [SPEECH.name, "another"]
    record = harness.tasks.find(SPEECH.name)
    assert record is not None
    assert (record.queue, record.attempts, record.last_status) == ("speech-normal", 1, 204)
    assert harness.state_of("speech-normal") == QueueState("speech-normal", scheduled=0, active=0, dead=0)


@pytest.mark.parametrize("status", [301, 404, 409, 429, 500, 503])
def test_any_answer_but_2xx_is_delivered_again(harness: Harness, status: int) -> None:
    harness.door.answer = lambda received: Answer(status if received.retry_count < 2 else 200, body=b"{}")
    harness.start()
    harness.tasks.enqueue([SPEECH])
    harness.wait_until(SPEECH.name, TaskState.DONE)
    assert [received.retry_count for received in harness.door.received] == [0, 1, 2]
    executions = [received.headers["X-CloudTasks-TaskExecutionCount"] for received in harness.door.received]
    assert executions == (["0", "1", "2"] if status < 500 else ["0", "0", "0"])


def test_a_task_that_always_fails_is_set_aside_as_dead_and_stays_readable(harness: Harness) -> None:
    harness.door.answer = lambda _: Answer(503)
    harness.start()
    harness.tasks.enqueue([SPEECH])
    harness.wait_until(SPEECH.name, TaskState.DEAD)
    record = harness.tasks.find(SPEECH.name)
    assert record is not None
    assert (record.attempts, record.last_status) == (QUICK.max_attempts, 503)
    assert "503" in record.last_error
    assert harness.state_of("speech-normal").dead == 1
    assert len(harness.door.received) == QUICK.max_attempts


def test_a_known_name_is_passed_over_before_and_after_delivery(harness: Harness) -> None:
    assert harness.tasks.enqueue([SPEECH, SPEECH, named("other")]) == 2
    assert harness.tasks.enqueue([named(SPEECH.name, priority=Priority.URGENT)]) == 0
    harness.start()
    harness.wait_until(SPEECH.name, TaskState.DONE)
    assert harness.tasks.enqueue([SPEECH, named("third")]) == 1
    harness.wait_until("third", TaskState.DONE)
    assert sorted(harness.door.names) == sorted([SPEECH.name, "other", "third"])


def test_an_accepted_task_is_scheduled_until_it_is_delivered(harness: Harness) -> None:
    later = datetime(2100, 1, 1, tzinfo=UTC)
    assert harness.tasks.find(SPEECH.name) is None
    harness.tasks.enqueue([SPEECH, named("later", not_before=later), named("low", priority=Priority.LOW)])
    record = harness.tasks.find("later")
    assert record is not None
    assert (record.state, record.attempts, record.not_before) == (TaskState.SCHEDULED, 0, later)
    assert (record.last_status, record.last_error) == (None, "")
    assert harness.state_of("speech-normal").scheduled == 2
    assert harness.state_of("speech-low").scheduled == 1
    assert len(harness.tasks.state()) == len(QueueKind) * len(Priority)


def test_a_task_for_later_waits(harness: Harness) -> None:
    harness.start()
    harness.tasks.enqueue([named("later", not_before=datetime(2100, 1, 1, tzinfo=UTC)), named("now")])
    harness.wait_until("now", TaskState.DONE)
    assert harness.door.names == ["now"]
    assert harness.state_of("speech-normal").scheduled == 1


def test_cancelled_tasks_are_forgotten_but_their_names_stay_taken(harness: Harness) -> None:
    harness.tasks.enqueue([named(name) for name in ("job-1-a", "job-1-zz", "job-12-a", "job-2-a")])
    assert harness.tasks.cancel("job-1-") == 2
    assert harness.tasks.cancel("job-1-") == 0
    assert harness.tasks.find("job-1-a") is None
    assert harness.tasks.enqueue([named("job-1-a")]) == 0
    harness.start()
    harness.wait_until("job-12-a", TaskState.DONE)
    harness.wait_until("job-2-a", TaskState.DONE)
    assert sorted(harness.door.names) == ["job-12-a", "job-2-a"]


def test_a_task_cancelled_while_it_is_delivered_is_not_repeated(harness: Harness) -> None:
    release = threading.Event()

    def answer(received: Received) -> Answer:
        if received.name == SPEECH.name:
            release.wait(20)
            return Answer(500)
        return Answer()

    harness.door.answer = answer
    harness.start()
    harness.tasks.enqueue([SPEECH])
    harness.door.wait_for(1)
    assert harness.tasks.cancel(SPEECH.name) == 1
    release.set()
    eventually(lambda: harness.door.inside == 0)
    late = datetime.now(UTC) + timedelta(seconds=5 * QUICK.max_backoff_s)  # after a repetition would have come
    harness.tasks.enqueue([named("sentinel", not_before=late)])
    harness.wait_until("sentinel", TaskState.DONE)
    assert harness.door.names == [SPEECH.name, "sentinel"]
    assert harness.tasks.find(SPEECH.name) is None


@pytest.mark.parametrize("name", ["", "a b", "ä", "a/b", "a.b", "x" * 501])
def test_a_bad_name_is_refused_and_nothing_of_its_call_is_accepted(harness: Harness, name: str) -> None:
    with pytest.raises(InvalidInput, match="task name"):
        harness.tasks.enqueue([SPEECH, named(name)])
    assert harness.tasks.find(SPEECH.name) is None


def test_the_longest_name_is_accepted(harness: Harness) -> None:
    assert harness.tasks.enqueue([named("x" * 500)]) == 1


def test_a_payload_above_a_megabyte_is_refused(harness: Harness) -> None:
    with pytest.raises(TooLarge, match="1000000"):
        harness.tasks.enqueue([named("big", payload={"text": "x" * 1_000_000})])
    assert harness.tasks.enqueue([named("large", payload={"text": "x" * 999_000})]) == 1


def test_many_threads_may_enqueue_at_once_and_a_name_is_accepted_once(harness: Harness) -> None:
    accepted: list[int] = []

    def enqueue() -> None:
        accepted.extend(harness.tasks.enqueue([named(f"t{number}")]) for number in range(20))

    threads = [threading.Thread(target=enqueue) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(accepted) == 20
    assert harness.state_of("speech-normal").scheduled == 20
