"""A request on its way to a foreign host, and the fence before those that change something there."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from slipway.egress.deadline import Deadline
from slipway.egress.limits import Lane
from slipway.egress.messages import EndpointClass
from slipway.engine.fence import Fence

__all__ = ["Body", "Sending", "SourceFailed"]

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Sending:
    """A request as it goes out, to one host after the other if there are redirects."""

    method: str
    headers: Mapping[str, str] = field(repr=False)
    content: bytes | AsyncIterable[bytes] = field(repr=False)
    deadline: Deadline
    lane: Lane
    endpoint: EndpointClass
    fence: Fence | None
    """None for what changes nothing, or may change what it likes."""

    party: Hashable = None
    """For whom, where one client serves several."""

    @classmethod
    def of(
        cls,
        method: str,
        headers: Mapping[str, str] | None,
        content: bytes | AsyncIterable[bytes],
        *,
        timeout: float | Deadline,
        lane: Lane,
        endpoint: EndpointClass,
        fence: Fence | None,
        party: Hashable = None,
    ) -> Self:
        """A request that begins now, or is a repeat within the time of the first, and what a fence makes of
        it.

        A fenced request takes no longer than the fence can answer for. A body in pieces may: large layers
        take minutes. It is checked before each piece instead, the last one included, which is what makes a
        registry store the blob; and a blob alone changes nothing that anybody reads before a manifest names
        it. Requests for tokens are fenced with the rest: they are POSTs too, and of no use to whoever may
        not write.
        """
        held = None if method in _SAFE else fence
        shared = timeout if isinstance(timeout, Deadline) else None
        if held is not None:
            if isinstance(content, bytes):
                seconds = timeout.left if isinstance(timeout, Deadline) else timeout
                timeout = min(seconds, held.longest_effect)
            else:
                content = _fenced(content, held)
        deadline = timeout if isinstance(timeout, Deadline) else Deadline(timeout, shared)
        return cls(method, headers or {}, content, deadline, lane, endpoint, held, party)

    def ensure(self) -> None:
        """Make sure that it may be sent; to be called right before each attempt.

        Raises:
            LeaseLost: when it might change something after the Lease has ended.
        """
        if self.fence is not None:
            self.fence.ensure(min(self.deadline.left, self.fence.longest_effect))


class SourceFailed(Exception):  # noqa: N818 - never gets out of http.py
    """What a body comes from failed: not the host's doing, whatever the class of the error is."""

    def __init__(self, why: Exception) -> None:
        super().__init__(str(why))
        self.why = why


class Body:
    """A body in pieces that remembers why it ended early.

    aiohttp makes a broken connection of whatever goes wrong where a body comes from.
    """

    def __init__(self, pieces: AsyncIterable[bytes]) -> None:
        self._pieces = pieces
        self.failure: Exception | None = None
        """What went wrong where the body comes from."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces."""
        try:
            async for piece in self._pieces:
                yield piece
        except Exception as error:
            self.failure = error
            raise


async def _fenced(pieces: AsyncIterable[bytes], fence: Fence) -> AsyncIterator[bytes]:
    async for piece in pieces:
        fence.ensure(fence.longest_effect)
        yield piece
