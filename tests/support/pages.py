"""The pages of `docs/` that tests read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dev.cache import PROJECT

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["DOCS", "page_path"]

DOCS: Final = PROJECT / "docs"
"""The folder of the pages."""


def page_path(kind: type) -> Path:
    """The page of a kind, by its words: `ManagedImage` is described in `managed-image.md`."""
    return DOCS / f"{re.sub(r'(?<=[a-z])(?=[A-Z])', '-', kind.__name__).lower()}.md"
