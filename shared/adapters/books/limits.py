"""What reading one book may cost. What goes beyond is refused while it is read, whatever a header claims."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from shared.domain.errors import TooLarge

MIB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes, `seconds` of wall time; `clock` counts seconds from anywhere."""

    entries: int = 10_000  # of a ZIP
    directory: int = 4 * MIB  # bytes of a ZIP's list of entries
    entry: int = 32 * MIB  # one file in a ZIP, unpacked
    unpacked: int = 256 * MIB  # all files of a ZIP that are read
    text: int = 64 * MIB  # of a text or TEI file
    depth: int = 256  # elements inside each other
    elements: int = 1_000_000  # of one XML document
    attribute: int = MIB  # code points of one attribute
    attributes: int = 256  # of one element
    pages: int = 10_000
    blocks: int = 500_000  # paragraphs and headings
    seconds: float = 45.0  # an HTTP function answers within 60
    clock: Callable[[], float] = time.monotonic


@dataclass
class Budget:
    """What is spent of the limits. One for each book."""

    limits: Limits
    unpacked: int = 0
    started: float = field(init=False)

    def __post_init__(self) -> None:
        self.started = self.limits.clock()

    def unpack(self, size: int) -> None:
        """Note bytes that came out of a ZIP. Raises TooLarge."""
        self.unpacked += size
        if self.unpacked > self.limits.unpacked:
            raise TooLarge(
                f"The book unpacks to more than {self.limits.unpacked // MIB} MiB of what is read. Bring a smaller one."
            )

    def check_time(self) -> None:
        """Raises TooLarge once the time is used up. Asked between files and between pages."""
        if self.limits.clock() - self.started > self.limits.seconds:
            raise TooLarge(f"The book was not read within {self.limits.seconds:.0f} s. Split it, or bring it as text.")
