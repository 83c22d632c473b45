"""How fast the embedded queue is, and whether it loses anything: `python -m tests.bench.queue [TASKS]`.

A door in a process of its own answers 204 to everything and appends each name to a file. First one dispatcher process
delivers all tasks; then a second round kills the dispatcher (SIGKILL) when half is delivered and starts another.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from shared.adapters.clock import SystemClock
from shared.adapters.tasks.dispatcher import Dispatcher
from shared.adapters.tasks.embedded import EmbeddedTasks
from shared.ports.tasks import QueueKind, QueuePolicy, Task

POLICY = QueuePolicy(max_concurrent=8, max_per_second=100_000.0, min_backoff_s=0.05)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as folder:
        for title, killed in (("undisturbed", False), ("killed half-way, started again", True)):
            _round(Path(folder) / ("killed" if killed else "calm"), title, count, killed)


def _round(folder: Path, title: str, count: int, killed: bool) -> None:
    folder.mkdir()
    names = folder / "delivered"
    door, port = _child("door", str(names))
    queue = folder / "tasks.db"
    tasks = EmbeddedTasks(queue, SystemClock())
    singly = _accept_singly(tasks, count // 5)
    together = _accept(tasks, count - count // 5)
    total = count
    began = time.perf_counter()
    dispatcher, _ = _child("dispatcher", str(queue), port)
    if killed:
        _await(names, total // 2)
        dispatcher.kill()
        dispatcher.wait()
        dispatcher, _ = _child("dispatcher", str(queue), port)
    _await_done(tasks)
    seconds = time.perf_counter() - began
    dispatcher.terminate()
    dispatcher.wait()
    times = Counter(names.read_text().split())
    door.terminate()
    door.wait()
    size = sum(file.stat().st_size for file in folder.glob("tasks.db*"))
    tasks.close()
    print(f"{title}: {total} no-op tasks")
    for label, value in (
        ("accepted/s, one call of all", f"{together:,.0f}"),
        ("accepted/s, one call each", f"{singly:,.0f}"),
        ("delivered/s, starts included", f"{total / seconds:,.0f}"),
        ("bytes on disk", f"{size:,}"),
        ("delivered at least once", f"{len(times):,}"),
        ("duplicates", f"{sum(times.values()) - len(times):,}"),
        ("lost", f"{total - len(times):,}"),
    ):
        print(f"  {label:<30}{value:>12}")
    if len(times) < total:
        raise SystemExit("tasks were lost")


def _task(number: int) -> Task:
    return Task(QueueKind.SPEECH, f"bench-{number}", "/on_speech_task", {"segment": number})


def _accept(tasks: EmbeddedTasks, count: int) -> float:
    began = time.perf_counter()
    tasks.enqueue([_task(number) for number in range(count)])
    return count / (time.perf_counter() - began)


def _accept_singly(tasks: EmbeddedTasks, count: int) -> float:
    began = time.perf_counter()
    for number in range(count):
        tasks.enqueue([_task(1_000_000 + number)])
    return count / (time.perf_counter() - began)


def _child(*arguments: str) -> tuple[subprocess.Popen[str], str]:
    """A process of this module in another role, and the line it says when it is ready."""
    command = [sys.executable, "-m", "tests.bench.queue", *arguments]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    with child.stdout as said:
        return child, said.readline().strip()


def _await(names: Path, count: int) -> None:
    while not names.exists() or names.read_bytes().count(b"\n") < count:
        time.sleep(0.005)


def _await_done(tasks: EmbeddedTasks) -> None:
    while any(queue.scheduled or queue.active for queue in tasks.state()):
        time.sleep(0.01)


def _serve(names: str) -> None:
    log = Path(names).open("a", buffering=1)  # noqa: SIM115 - open as long as the process lives
    writing = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            with writing:
                log.write(self.headers["X-CloudTasks-TaskName"] + "\n")
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """The figures are the output."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """A dispatcher that is killed resets its connections: expected here."""

    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


def _dispatch(queue: str, port: str) -> None:
    tasks = EmbeddedTasks(Path(queue), SystemClock())
    Dispatcher(tasks, f"http://127.0.0.1:{port}", {QueueKind.SPEECH: POLICY}, "bench", SystemClock()).start()
    print("ready", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    if sys.argv[1:2] == ["door"]:
        _serve(sys.argv[2])
    elif sys.argv[1:2] == ["dispatcher"]:
        _dispatch(sys.argv[2], sys.argv[3])
    else:
        main()
