"""Programme loudness from the blocks' momentary values, so that one changed block costs one measurement.

ITU-R BS.1770-4: the programme is cut into 400 ms gating blocks (here every 100 ms, as its 75% overlap asks); those under
-70 LUFS are left out, then those more than 10 LU under the mean of the rest.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.domain.blueprint.model import Loudness

ABSOLUTE_GATE = -70.0
RELATIVE_GATE = -10.0
NEAR_DB = 6.0  # how far a coded true peak may lie over the highest sample: 3 for a sine, and what coding adds
FULL_SCALE_DB = -0.3  # the ceiling where none was asked for: of the samples, so that the coder has no need to clip


@dataclass(frozen=True)
class Master:
    """What is done to every block: one gain, and a ceiling (dB of full scale) for those that come near it.

    `is_true_peak`: the ceiling holds between the samples too, and after coding.
    """

    gain_db: int
    ceiling_db: float
    is_true_peak: bool

    def is_near(self, peak_db: float) -> bool:
        """Whether a block whose highest sample lies at `peak_db`, the gain included, must be heard to be let pass."""
        return self.is_true_peak and peak_db >= self.ceiling_db - NEAR_DB


def master(programme: float | None, target: Loudness | None) -> Master:
    """How a programme (LUFS; None for silence) is brought to its target; as it is where there is none."""
    if target is None:
        return Master(0, FULL_SCALE_DB, False)
    return Master(master_gain(programme, target.integrated_lufs), target.true_peak_dbtp, True)


def integrated(momentary: Iterable[float]) -> float | None:
    """Integrated loudness in LUFS; None when everything lies under the absolute gate (silence)."""
    energies = [_energy(value) for value in momentary if value > ABSOLUTE_GATE]
    if not energies:
        return None
    threshold = _energy(_loudness(_mean(energies)) + RELATIVE_GATE)
    return _loudness(_mean([energy for energy in energies if energy > threshold]))


def master_gain(measured: float | None, target: float) -> int:
    """Whole decibels that bring the programme within half a unit of `target`; 0 for silence.

    Whole, so that an edit which moves the programme by a hundredth leaves every block's address as it was.
    """
    return 0 if measured is None else round(target - measured)


def _energy(loudness: float) -> float:
    return float(10 ** ((loudness + 0.691) / 10))


def _loudness(energy: float) -> float:
    return -0.691 + 10 * math.log10(energy)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
