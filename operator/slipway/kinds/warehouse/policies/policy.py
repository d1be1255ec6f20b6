"""What every tag policy offers, and what it answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

__all__ = ["CANDIDATE_LIMIT", "Policy", "Ranking"]

CANDIDATE_LIMIT: Final = 10
"""How many tags a ranking keeps, the chosen one included."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """What a policy made of a list of tags."""

    best: tuple[str, ...]
    """The accepted tags, the chosen one first, at most `CANDIDATE_LIMIT`; empty when none is accepted."""

    rejected: Mapping[str, int]
    """How many tags were refused, by CamelCase reason; only reasons that occurred."""


class Policy(Protocol):
    """Chooses one of the tags that passed the subscription's filters. Pure."""

    @property
    def follows(self) -> str | None:
        """The one tag whose digest is followed, for which no list is needed; None to choose from the list."""

    @property
    def wish(self) -> str:
        """What is wanted, in words that end the sentence "none of the tags is …"."""

    def rank(self, tags: Iterable[str]) -> Ranking:
        """The tags this policy accepts, best first, and why it refused the others."""
