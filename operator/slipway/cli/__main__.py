"""`python -m slipway.cli …`, for where the script `slipway` is not installed."""

from __future__ import annotations

import sys

from slipway.cli.app import main

__all__: list[str] = []

if __name__ == "__main__":
    sys.exit(main())
