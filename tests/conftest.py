"""What all tests share: hypothesis draws the same examples on every machine, keeps no files, and runs no stopwatch."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("reelprint", derandomize=True, database=None, deadline=None)
settings.load_profile("reelprint")
