"""How long the properties search: a little on each run, long when asked for.

`HYPOTHESIS_PROFILE=thorough` in the environment makes every state machine, and every property that names no
number of its own, try ten times as many examples, for a run by night.
"""

from __future__ import annotations

import os
from typing import Final

from hypothesis import settings

__all__ = ["EXAMPLES", "examples", "search_as_asked"]

EXAMPLES: Final = 50
"""What a property tries on a usual run when it does not say otherwise."""

_FACTORS: Final = {"usual": 1, "thorough": 10}


def examples(usual: int) -> int:
    """How many examples to try in this run, of what tries so many on a usual one.

    Raises:
        KeyError: when the environment asks for a profile that does not exist.
    """
    return usual * _FACTORS[os.environ.get("HYPOTHESIS_PROFILE", "usual")]


def search_as_asked() -> None:
    """Make it the default of all properties. None has a deadline: how long one example takes says nothing."""
    settings.register_profile("slipway", settings(max_examples=examples(EXAMPLES), deadline=None))
    settings.load_profile("slipway")
