"""How rows are printed."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Format"]


class Format(StrEnum):
    """The words of `--output`."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
