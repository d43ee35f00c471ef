"""Percentile bootstrap intervals (Efron 1979), seeded, so that the same rows give the same interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

RESAMPLES = 2_000
LEVEL = 0.95
_AT_ONCE = 1 << 22
"""Numbers drawn at a time, so that memory stays flat."""


def mean_interval(values: Sequence[float], seed: int = 0, resamples: int = RESAMPLES) -> tuple[float, float]:
    """The 95 % interval of a mean; raises ``ValueError`` of none.

    >>> mean_interval([1.0, 1.0, 1.0])
    (1.0, 1.0)
    """
    import numpy as np

    held = np.asarray(values, dtype=float)
    return _resampled(len(values), lambda drawn: held[drawn].mean(axis=1), seed, resamples)


def area_interval(
    confidences: Sequence[float], right: Sequence[bool], seed: int = 0, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """The 95 % interval of the area under the risk-coverage curve: of the mean risk over all coverages."""
    import numpy as np

    order = np.argsort(-np.asarray(confidences, dtype=float), kind="stable")
    sure = np.asarray(confidences, dtype=float)[order]
    wrong = 1.0 - np.asarray(right, dtype=float)[order]

    def areas(drawn: Any) -> Any:
        drawn = np.sort(drawn, axis=1)
        size = drawn.shape[1]
        risks = np.cumsum(wrong[drawn], axis=1) / np.arange(1, size + 1)
        # Answers of one confidence come together: each has the risk at the last of them.
        ends = np.where(np.diff(sure[drawn], axis=1, append=-np.inf) != 0, np.arange(size), size - 1)
        ends = np.minimum.accumulate(ends[:, ::-1], axis=1)[:, ::-1]
        return np.take_along_axis(risks, ends, axis=1).mean(axis=1)

    return _resampled(len(sure), areas, seed, resamples)


def _resampled(size: int, figure: Callable[[Any], Any], seed: int, resamples: int) -> tuple[float, float]:
    import numpy as np

    if size == 0:
        raise ValueError("There is no interval of no values.")
    chance = np.random.default_rng(seed)
    step = max(1, _AT_ONCE // size)
    found = [figure(chance.integers(0, size, (min(step, resamples - n), size))) for n in range(0, resamples, step)]
    low, high = np.quantile(np.concatenate(found), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
