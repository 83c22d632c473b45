"""Any failure as one of ours, and as the exit code that the platform sees."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Mapping
from pathlib import Path

from shared.domain.errors import ReelprintError, StorageFailed, StorageFull

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def known(exc: Exception) -> ReelprintError:
    """The failure in our own tree. A bug's own words are left out, for they may quote what people wrote; its place is told."""
    if isinstance(exc, ReelprintError):
        return exc
    if isinstance(exc, OSError) and exc.errno in _NO_SPACE:
        return StorageFull(f"No space is left for {exc.filename or 'scratch files'}. Free some and run again.")
    if isinstance(exc, OSError):
        return StorageFailed(f"The system refused: {exc}")
    place = traceback.extract_tb(exc.__traceback__)[-1]
    where = f"{Path(place.filename).name}, line {place.lineno}, in {place.name}"
    return ReelprintError(f"Something of ours is broken: {exc.__class__.__name__} in {where}.")


def exit_code(error: ReelprintError, codes: Mapping[type[ReelprintError], int]) -> int:
    """The code of the error's class, or of the nearest above it; 1 where none has one."""
    return next((codes[kind] for kind in type(error).__mro__ if kind in codes), 1)
