"""What a client shows one registry: a Basic header, or bearer tokens that are fetched, kept and renewed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from slipway.clock import Clock
from slipway.egress import Origin
from slipway.oci.auth import (
    BearerToken,
    TokenAnswer,
    TokenRequest,
    basic_header,
    fetch_token,
    merge_scopes,
    realm_for,
)
from slipway.oci.challenge import AuthChallenge
from slipway.oci.credentials import ANONYMOUS, Credential, CredentialKind
from slipway.oci.errors import RegistryError
from slipway.oci.sources import CredentialSource

__all__ = ["Authorizer", "Courier"]

Courier = Callable[[TokenRequest], Awaitable[TokenAnswer]]
"""Carries a request to a token server."""

_EARLY: Final = 5.0  # seconds before its end that a token is renewed
_MOST_TOKENS: Final = 1000


@dataclass(slots=True)
class _Slot:
    """The token for one set of scopes, and the lock that lets only one caller fetch it."""

    scopes: tuple[str, ...]
    """What is asked for: the scopes that requests need, behind those that the registry demanded on top."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    token: BearerToken | None = None
    expires: float = 0.0
    fetches: int = 0
    """Those that are over, however they ended."""

    failure: RegistryError | None = None


class Authorizer:
    """Finds the Authorization header for a request to one registry, with the credential of one source.

    The challenge is remembered, so that only the very first request of a client goes out without
    authorization, and so are the scopes that the registry demanded. When the source gives another credential,
    the tokens that were got with the former one are dropped.
    """

    def __init__(
        self, registry: Origin, base: str, source: CredentialSource, courier: Courier, clock: Clock
    ) -> None:
        self._registry = registry
        self._base = base
        self._source = source
        self.credential = ANONYMOUS
        """The one that was used last."""

        self._courier = courier
        self._clock = clock
        self._challenge: AuthChallenge | None = None
        self._slots: dict[frozenset[str], _Slot] = {}

    @property
    def secrets(self) -> tuple[str, ...]:
        """The credential and every token, in the forms they could come back in."""
        held = (slot.token.value for slot in self._slots.values() if slot.token is not None)
        return (*self._source.secrets, *held)

    @property
    def was_asked(self) -> bool:
        """Whether the registry has asked for authentication yet."""
        return self._challenge is not None

    async def header(self, scopes: tuple[str, ...]) -> str | None:
        """The header to send at once, as far as the registry's wishes are known.

        Raises:
            RegistryError: when a token is needed and not given.
        """
        credential = await self._current()
        if self._challenge is None:
            return None
        if self._challenge.scheme == "basic":
            return _basic(credential)
        return await self._bearer(self._challenge, self._slot(scopes), credential, rejected=None)

    async def answer(
        self, challenge: AuthChallenge, scopes: tuple[str, ...], rejected: str | None
    ) -> str | None:
        """The header that answers a 401; None when there is nothing that was not tried.

        Args:
            challenge: What the registry, at its own origin, asked for.
            scopes: What the request needs.
            rejected: The header that the refused request carried.

        Raises:
            RegistryError: when a token is needed and not given.
        """
        credential = await self._current()
        self._challenge = challenge
        if challenge.scheme == "basic":
            header = _basic(credential)
            return None if header == rejected else header
        slot = self._slot(scopes)
        # The scope of a ping is a dummy on some registries, so it is followed only where we had one
        # ourselves.
        if scopes:
            slot.scopes = merge_scopes(scopes, challenge.get("scope"))
        return await self._bearer(challenge, slot, credential, rejected)

    async def basic(self) -> str | None:
        """The Basic header, when there is a credential.

        Raises:
            RegistryError: when the source has none to give.
        """
        return _basic(await self._current())

    async def _current(self) -> Credential:
        credential = await self._source.credential()
        if credential != self.credential:
            self.credential = credential
            self._slots.clear()
        return credential

    async def _bearer(
        self, challenge: AuthChallenge, slot: _Slot, credential: Credential, rejected: str | None
    ) -> str:
        fetches = slot.fetches
        async with slot.lock:
            if slot.fetches != fetches and slot.failure is not None:
                raise slot.failure  # what was waited for failed: asking again would tell nothing new
            token = slot.token
            if token is None or self._clock.monotonic() >= slot.expires or _header(token) == rejected:
                token = await self._fetch(slot, challenge, credential)
            return _header(token)

    async def _fetch(self, slot: _Slot, challenge: AuthChallenge, credential: Credential) -> BearerToken:
        slot.token, slot.failure = None, None
        started = self._clock.monotonic()
        try:
            realm = realm_for(challenge, self._registry, self._base, credential)
            token = await self._run(realm, challenge.get("service"), slot.scopes, credential)
        except RegistryError as error:
            slot.failure = error
            raise
        finally:
            slot.fetches += 1
        slot.token, slot.expires = token, started + token.lifetime - _EARLY
        return token

    async def _run(
        self, realm: str, service: str, scopes: tuple[str, ...], credential: Credential
    ) -> BearerToken:
        flow = fetch_token(realm, service, scopes, credential)
        request = next(flow)
        while True:
            answer = await self._courier(request)
            try:
                request = flow.send(answer)
            except StopIteration as done:
                token: BearerToken = done.value
                return token

    def _slot(self, scopes: tuple[str, ...]) -> _Slot:
        key = frozenset(scopes)
        slot = self._slots.pop(key, None) or _Slot(scopes)
        self._slots[key] = slot  # the newest last
        while len(self._slots) > _MOST_TOKENS:
            del self._slots[next(iter(self._slots))]
        return slot


def _basic(credential: Credential) -> str | None:
    return None if credential.kind is CredentialKind.ANONYMOUS else basic_header(credential)


def _header(token: BearerToken) -> str:
    return f"Bearer {token.value}"
