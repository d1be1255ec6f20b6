"""Keeps what ends after a while, and gets it anew before it does: one caller asks, all others wait for it."""

from __future__ import annotations

import asyncio
import random
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from slipway.clock import Clock
from slipway.oci.credentials import Credential
from slipway.oci.errors import RateLimited, RegistryError, RegistryUnreachable

__all__ = ["Lease", "Renewed", "RenewedCredential"]

Value = TypeVar("Value")

_SHORTEST_LIFE: Final = 60.0  # seconds; less would ask anew for every request
_LONGEST_LIFE: Final = 24 * 3600.0
_EARLY: Final = (0.25, 0.33)  # parts of the life that are left when it is renewed
_MARGIN: Final = (
    30.0  # seconds before the end at which it is worth nothing: requests take time, clocks differ
)
_PAUSE: Final = (30.0, 60.0)  # seconds before the next attempt, while what there is still holds


@dataclass(frozen=True, slots=True)
class Lease(Generic[Value]):
    """Something that holds for a while; `lifetime` is in seconds from the moment it was asked for."""

    value: Value = field(repr=False)
    lifetime: float


class Renewed(Generic[Value]):
    """A value that is always good for a while.

    It is renewed when a quarter to a third of its life is left, by chance, so that those who got theirs
    together do not come back together; the rest is for those whom it was handed on to, and for vendors that
    do not answer. While the vendor cannot be reached, or wants fewer requests, the present value stays in use
    to its end; a refusal is told at once.

    Args:
        fetch: Gets a new one. It runs once at a time.
        clock: Measures the life.
    """

    def __init__(self, fetch: Callable[[], Awaitable[Lease[Value]]], clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = asyncio.Lock()
        self._held: tuple[Value, ...] = ()
        self._renew_at = 0.0
        self._ends_at = 0.0
        self._attempts = 0
        self._failure: RegistryError | None = None

    @property
    def held(self) -> tuple[Value, ...]:
        """The present value and the one before it, which requests under way may still carry."""
        return self._held

    @property
    def renews_in(self) -> float:
        """Seconds until `get` asks anew; zero before the first time."""
        return max(self._renew_at - self._clock.monotonic(), 0.0)

    async def get(self) -> Value:
        """The value.

        Raises:
            RegistryError: when there is none, and none could be got.
        """
        if self._clock.monotonic() < self._renew_at:
            return self._held[0]
        attempts = self._attempts
        async with self._lock:
            if self._clock.monotonic() < self._renew_at:
                return self._held[0]
            if self._attempts != attempts and self._failure is not None:
                raise self._failure  # what was waited for failed: asking again would tell nothing new
            return await self._renew()

    async def _renew(self) -> Value:
        started = self._clock.monotonic()
        self._failure = None
        try:
            lease = await self._fetch()
        except (RegistryUnreachable, RateLimited) as error:
            if self._clock.monotonic() < self._ends_at:
                self._renew_at = min(self._ends_at, self._clock.monotonic() + _between(*_PAUSE))
                return self._held[0]
            self._failure = error
            raise
        except RegistryError as error:
            self._failure = error
            raise
        finally:
            self._attempts += 1
        life = min(max(lease.lifetime, _SHORTEST_LIFE), _LONGEST_LIFE)
        self._renew_at = started + life * (1.0 - _between(*_EARLY))
        self._ends_at = started + life - _MARGIN
        self._held = (lease.value, *self._held[:1])
        return lease.value


def _between(low: float, high: float) -> float:
    return random.uniform(low, high)  # noqa: S311 - spreads load, guards no secret


class RenewedCredential(ABC):
    """A credential that ends, renewed while it is used; a `slipway.oci.sources.CredentialSource`."""

    def __init__(self, clock: Clock) -> None:
        self._renewed: Renewed[Credential] = Renewed(self.fetch, clock)

    @abstractmethod
    async def fetch(self) -> Lease[Credential]:
        """Gets another one.

        Raises:
            RegistryError: when it is refused, or the vendor does not answer.
        """

    @property
    @abstractmethod
    def own_secrets(self) -> tuple[str, ...]:
        """What it is got with."""

    async def credential(self) -> Credential:
        """The one that holds now.

        Raises:
            RegistryError: as `fetch` does.
        """
        return await self._renewed.get()

    @property
    def renews_in(self) -> float:
        """Seconds until another one is got."""
        return self._renewed.renews_in

    @property
    def secrets(self) -> tuple[str, ...]:
        """What it is got with, and those that were got."""
        return (*self.own_secrets, *(secret for one in self._renewed.held for secret in one.secrets))
