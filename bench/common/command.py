"""What all commands of benchmarks that have several scenarios do."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from typing import TypeAlias

__all__ = ["Tell", "run"]

Tell: TypeAlias = Callable[[str], None]
"""Hears what is being done."""


def run(parser: argparse.ArgumentParser) -> int:
    """Run the scenario that was asked for; the exit code is 1 when a limit is broken.

    Args:
        parser: sets `run`, which takes the options and a `Tell`, and says whether the limits were kept.
    """
    options = parser.parse_args()
    begun = time.monotonic()

    def tell(step: str) -> None:
        print(f"{time.monotonic() - begun:7.1f} s  {step}", file=sys.stderr, flush=True)

    kept: bool = options.run(options, tell)
    return int(not kept)
