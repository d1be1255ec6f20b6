from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from slipway.egress.deadline import Deadline
from slipway.egress.messages import EndpointClass
from slipway.egress.sending import Body, Sending
from slipway.engine.fence import Fence
from slipway.engine.lease import LeaseLost
from tests.support.fence import CountingFence


async def pieces() -> AsyncIterator[bytes]:
    """Three of them."""
    for piece in (b"a", b"b", b"c"):
        yield piece


def sending(
    method: str,
    content: bytes | AsyncIterator[bytes] = b"",
    timeout: float | Deadline = 600.0,
    fence: Fence | None = None,
) -> Sending:
    """A request with a secret."""
    return Sending.of(
        method,
        {"authorization": "Bearer t0ken"},
        content,
        timeout=timeout,
        lane="short",
        endpoint=EndpointClass.OTHER,
        fence=fence,
    )


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
async def test_reads_are_not_fenced(method: str) -> None:
    """They change nothing, and may take their time."""
    fence = CountingFence(0)
    made = sending(method, fence=fence)

    made.ensure()

    assert fence.asked == []
    assert made.deadline.left > 500


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("repeated", [False, True], ids=["the first", "a repeat"])
async def test_writes_are_fenced_and_take_no_longer_than_the_fence_answers_for(
    method: str, repeated: bool
) -> None:
    """Also those that are made within the time of the first."""
    fence = CountingFence(1)
    made = sending(method, timeout=Deadline(600) if repeated else 600.0, fence=fence)

    assert made.deadline.left <= fence.longest_effect
    made.ensure()
    with pytest.raises(LeaseLost):
        made.ensure()


async def test_a_body_in_pieces_may_take_minutes_and_is_checked_before_each_piece() -> None:
    """The registry stores the blob with the last one."""
    fence = CountingFence(2)
    made = sending("PUT", pieces(), fence=fence)

    assert made.deadline.left > 500
    assert not isinstance(made.content, bytes)
    content = aiter(made.content)
    assert [await anext(content), await anext(content)] == [b"a", b"b"]
    with pytest.raises(LeaseLost):
        await anext(content)


async def test_a_request_shows_neither_its_headers_nor_its_content() -> None:
    """Both may hold secrets."""
    shown = repr(sending("POST", b"password=hunter2"))

    assert "t0ken" not in shown
    assert "hunter2" not in shown


async def test_a_body_remembers_what_went_wrong_where_it_comes_from() -> None:
    """Whoever sends it makes something else of it."""

    async def broken() -> AsyncIterator[bytes]:
        yield b"a"
        msg = "the disk is gone"
        raise OSError(msg)

    body, whole = Body(broken()), Body(pieces())
    with pytest.raises(OSError, match="disk"):
        _ = [piece async for piece in body]
    assert [piece async for piece in whole] == [b"a", b"b", b"c"]

    assert whole.failure is None
    assert str(body.failure) == "the disk is gone"
