"""Progress bars: one line a step, redrawn in place on a terminal, printed once a change elsewhere."""

from __future__ import annotations

import sys
from typing import Any, TextIO

WIDTH = 28
NAMES = {
    "plan": "Plan",
    "voice": "Voice",
    "translate": "Translate",
    "voice_translation": "Voice translation",
    "compose": "Compose",
    "render": "Render",
}


class Bars:
    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out = out
        self._is_terminal = out.isatty()
        self._drawn = 0
        self._said: set[str] = set()

    def show(self, progress: dict[str, Any]) -> None:
        if self._is_terminal:
            self._redraw(progress)
        else:
            self._say(progress)

    def _redraw(self, progress: dict[str, Any]) -> None:
        if self._drawn:
            self._out.write(f"\x1b[{self._drawn}F")
        lines = [_bar(step) for step in progress["steps"]]
        for line in lines:
            self._out.write(f"\x1b[2K{line}\n")
        self._out.flush()
        self._drawn = len(lines)

    def _say(self, progress: dict[str, Any]) -> None:
        for step in progress["steps"]:
            if step["status"] == "completed" and step["name"] not in self._said:
                self._said.add(step["name"])
                self._out.write(_bar(step) + "\n")
                self._out.flush()


def _bar(step: dict[str, Any]) -> str:
    is_done = step["status"] == "completed"
    share = 1.0 if is_done else step["done"] / step["total"] if step["total"] else 0.0
    filled = round(share * WIDTH)
    reused = f", {step['reused']} reused" if step["reused"] else ""
    counts = f"{step['done']} of {step['total']}{reused}" if step["total"] and (is_done or step["total"] < 100) else ""
    return (
        f"  {NAMES.get(step['name'], step['name']):<18}{'█' * filled}{'░' * (WIDTH - filled)} {share:>4.0%}  {counts}"
    )
