"""The short form of `soak.py`: 60 images say whether something grows with each of them."""

from __future__ import annotations

import soak


def test_memory_over_60_images():
    result = soak.run(60)
    assert result["under_limit"], result
    # The cache still fills at this length: growth is bounded, flatness is for the long form.
    growth = result["second_half_end_mib"] - result["second_half_start_mib"]
    assert growth < 200, result
