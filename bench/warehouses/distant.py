"""A registry with a token service as clouds have them: guarded, 20 ms away, and every request counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from dev.delay import Delay
from dev.registry import Registry, TokenAuthentication
from dev.tokens import TokenServer

__all__ = ["PASSWORD", "USER", "Distant", "Requests", "distant_registry"]

USER: Final = "robot"
PASSWORD: Final = "bench"

Requests = Counter[str]
"""How many there were of each `Endpoint`."""


@dataclass(frozen=True, slots=True)
class Distant:
    """One registry behind as many addresses as a benchmark wants registries."""

    registry: Registry
    authentication: TokenAuthentication
    """The token service itself, without its distance; what asks there is not counted."""

    tokens: Delay
    doors: tuple[Delay, ...]

    @property
    def realm(self) -> str:
        """Where clients at a distance get their tokens."""
        return f"{self.tokens.url}/token"

    def requests(self) -> Requests:
        """What came through all doors so far, with what the token service was asked."""
        counts = Requests()
        for door in (*self.doors, self.tokens):
            counts.update({endpoint.value: count for endpoint, count in door.counts().items()})
        return counts


@contextmanager
def distant_registry(doors: int = 1) -> Iterator[Distant]:
    """An empty registry; each door is a registry of its own to whoever counts by host and port."""
    with ExitStack() as stack:
        service = stack.enter_context(TokenServer(users={USER: PASSWORD}))
        authentication = service.authentication
        tokens = stack.enter_context(Delay(f"http://{urlsplit(authentication.realm).netloc}"))
        guard = replace(authentication, realm=f"{tokens.url}/token")
        registry = stack.enter_context(Registry(token=guard, parent=Path("/dev/shm")))
        opened = tuple(stack.enter_context(Delay(registry.url)) for _ in range(doors))
        yield Distant(registry, authentication, tokens, opened)
