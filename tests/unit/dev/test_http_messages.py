"""Messages as proxies read them off a connection."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dev.http_messages import Message, framed, pieces, read_message

PATCH = b"PATCH /apis/x HTTP/1.1\r\nHost: r\r\nContent-LENGTH:  3\r\n\r\n{ }"
LIST = b"GET /api HTTP/1.1\r\nHost: r\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
UNCHANGED = b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"


def reader_of(sent: bytes) -> asyncio.StreamReader:
    """A connection over which this came, and then its end."""
    reader = asyncio.StreamReader()
    reader.feed_data(sent)
    reader.feed_eof()
    return reader


async def messages_of(sent: bytes) -> list[Message]:
    """All messages of a connection."""
    reader, found = reader_of(sent), []
    while (message := await read_message(reader)) is not None:
        found.append(message)
    return found


async def test_messages_follow_each_other_unchanged() -> None:
    """With bodies of a length, without one, in chunks, and where a length is only told."""
    sent = [PATCH, LIST, CHUNKED + framed(b"one") + framed(b"another") + framed(b""), UNCHANGED, LIST]

    found = await messages_of(b"".join(sent))

    assert [message.raw for message in found] == sent
    assert found[0].body == b"{ }"
    assert found[0].start == ["PATCH", "/apis/x", "HTTP/1.1"]
    assert (found[0].field("host"), found[0].field("accept")) == ("r", "")


@pytest.mark.parametrize(
    "sent", [PATCH[:-1], PATCH[:20], CHUNKED + b"3\r\non"], ids=["body", "head", "chunk"]
)
async def test_a_message_that_breaks_off_is_no_message(sent: bytes) -> None:
    """What came of it must not be passed on as a whole one."""
    with pytest.raises(asyncio.IncompleteReadError):
        await messages_of(sent)


@settings(max_examples=50)
@given(st.lists(st.binary(min_size=1, max_size=40), max_size=5))
def test_what_is_framed_is_read_again(sent: list[bytes]) -> None:
    """Whatever is in it."""

    async def read() -> list[bytes]:
        reader = reader_of(b"".join(map(framed, [*sent, b""])) + b"next")
        found = [piece async for piece in pieces(reader)]
        assert await reader.read() == b"next"
        return found

    assert asyncio.run(read()) == sent
