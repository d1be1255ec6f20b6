"""The URLs of httpx, without the rest of it."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import cast

# Where click and rich are installed, httpx brings a command line of its own along: 4 MB in each process.
sys.modules.setdefault("httpx._main", cast("ModuleType", None))

from httpx import URL, InvalidURL  # noqa: E402 - after the line above, or it is no use

__all__ = ["URL", "InvalidURL"]
