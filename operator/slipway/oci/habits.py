"""What was learnt of how a registry cuts its lists.

Some cut them without naming a next page. That shows only by asking for what follows the last entry, which
would cost every list a second request. But a registry that was seen to give so many entries at once does not
cut a list that has fewer.
"""

from __future__ import annotations

from typing import Final

__all__ = ["Habits"]

_LOOKS: Final = 3  # lists of one and the same length that have to be whole until the next one is believed


class Habits:
    """Says of which lists the end has to be looked behind; one for all lists of one kind on a registry."""

    def __init__(self) -> None:
        self._longest = 0
        self._looks = 0
        self._cuts_at = 0

    def may_be_cut(self, length: int, page_size: int | None) -> bool:
        """Whether a page of so many entries, without a Link, may not be the last one.

        Args:
            length: How many entries it has; they count as seen from now on.
            page_size: How many were asked for; None when that was left to the registry.
        """
        if length > self._longest:
            self._longest, self._looks = length, 0
        if length in {page_size, self._cuts_at}:
            return True
        return length == self._longest and self._looks < _LOOKS

    def note(self, length: int, *, was_cut: bool) -> None:
        """Remembers what a look behind a page of so many entries has shown."""
        if was_cut:
            self._cuts_at = length
        elif length == self._longest:
            self._looks += 1
