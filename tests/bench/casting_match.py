"""One-to-one matching of clusters to speakers with the most quotations in common (the Hungarian method)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def best_matching(common: Sequence[Sequence[int]]) -> dict[int, int]:
    """Row by column of the assignment with the greatest sum of `common`; rows or columns left over match nothing.

    Kuhn and Munkres by shortest augmenting paths with potentials, in cubic time.
    """
    if not common or not common[0]:
        return {}
    rows, columns = len(common), len(common[0])
    size = max(rows, columns)
    cost = np.zeros((size + 1, size + 1))
    cost[1 : rows + 1, 1 : columns + 1] = -np.asarray(common)
    row_of = _assign(cost, size)
    return {int(row_of[j]) - 1: j - 1 for j in range(1, size + 1) if row_of[j] <= rows and j <= columns}


def _assign(cost: npt.NDArray[np.float64], size: int) -> npt.NDArray[np.int64]:
    """The row assigned to each column, both counted from 1."""
    row_price, column_price = np.zeros(size + 1), np.zeros(size + 1)
    row_of = np.zeros(size + 1, dtype=np.int64)
    for row in range(1, size + 1):
        row_of[0], column = row, 0
        came_from = np.zeros(size + 1, dtype=np.int64)
        slack, used = np.full(size + 1, np.inf), np.zeros(size + 1, dtype=bool)
        while row_of[column] != 0:
            used[column] = True
            here = row_of[column]
            reduced = cost[here] - row_price[here] - column_price
            better = ~used & (reduced < slack)
            better[0] = False
            slack[better], came_from[better] = reduced[better], column
            after = 1 + int(np.argmin(np.where(used, np.inf, slack)[1:]))
            step = slack[after]
            row_price[row_of[used]] += step
            column_price[used] -= step
            slack[~used] -= step
            column = after
        while column:
            row_of[column] = row_of[came_from[column]]
            column = int(came_from[column])
    return row_of
