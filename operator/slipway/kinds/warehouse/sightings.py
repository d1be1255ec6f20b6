"""When this Warehouse first saw which digest: the age of an image that nobody can backdate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

__all__ = ["SIGHTINGS_LIMIT", "Sighting", "Sightings"]

SIGHTINGS_LIMIT: Final = 100
"""Digests that are remembered."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A digest, and when it was first seen."""

    digest: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Sightings:
    """What was seen so far, each digest once, as `status.artifacts[].seen` carries it."""

    times: Mapping[str, datetime]
    """By digest."""

    @classmethod
    def of(cls, seen: Iterable[Sighting]) -> Sightings:
        """From the status; of a digest that stands there twice the first sight counts."""
        times: dict[str, datetime] = {}
        for sighting in seen:
            times[sighting.digest] = min(sighting.at, times.get(sighting.digest, sighting.at))
        return cls(times)

    def with_digest(self, digest: str, at: datetime) -> Sightings:
        """The same with one more; what is known keeps its time."""
        return self if digest in self.times else Sightings({**self.times, digest: at})

    def kept(self, now: datetime, minimum_age: timedelta) -> tuple[Sighting, ...]:
        """What to carry in the status, the first seen first; at most `SIGHTINGS_LIMIT`.

        Of too many those go first that are old enough, the oldest of them first, and then the newest: whoever
        pushes a hundred images cannot make us forget since when an older one has been waiting.
        """
        ordered = sorted(self.times.items(), key=lambda item: (item[1], item[0]))
        mature = [item for item in ordered if item[1] + minimum_age <= now]
        waiting = ordered[len(mature) :][:SIGHTINGS_LIMIT]
        room = SIGHTINGS_LIMIT - len(waiting)
        kept = [*(mature[-room:] if room else ()), *waiting]
        return tuple(Sighting(digest, at) for digest, at in kept)
