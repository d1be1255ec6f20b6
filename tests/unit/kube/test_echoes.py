from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from slipway.kube.echoes import news_in

events = st.lists(st.tuples(st.booleans(), st.text(max_size=20)), max_size=8)


def is_news(event: Mapping[str, Any]) -> bool:
    """What the event says of itself."""
    return bool(event["news"])


def never(_: Mapping[str, Any]) -> bool:
    """No write is under way."""
    return False


async def chunks(content: bytes, cuts: Sequence[int]) -> AsyncIterator[bytes]:
    """The content as it comes off the wire: cut anywhere."""
    edges = [0, *sorted(min(cut, len(content)) for cut in cuts), len(content)]
    for begin, end in pairwise(edges):
        yield content[begin:end]


@given(events, st.lists(st.integers(0, 400), max_size=6))
async def test_exactly_the_news_arrives_and_in_order(made: list[tuple[bool, str]], cuts: list[int]) -> None:
    """However the stream is cut: no line is lost, torn or doubled."""
    lines = [{"news": news, "object": text} for news, text in made]
    content = b"".join(json.dumps(line).encode() + b"\n" for line in lines)

    arrived = b"".join([chunk async for chunk in news_in(chunks(content, cuts), is_news, never, never)])

    assert [json.loads(line) for line in arrived.splitlines()] == [line for line in lines if line["news"]]


async def test_what_is_no_whole_line_is_passed_on() -> None:
    """A stream that breaks off in a line is for its reader to judge."""
    arrived = [chunk async for chunk in news_in(chunks(b'{"news": tr', []), is_news, never, never)]

    assert arrived == [b'{"news": tr']


async def test_silence_stays_silence() -> None:
    """Where nothing is news, the reader is not woken at all."""
    content = b'{"news": false}\n' * 100

    assert [chunk async for chunk in news_in(chunks(content, [5, 50]), is_news, never, never)] == []


async def test_an_echo_that_overtakes_the_answer_to_its_write_waits_for_it() -> None:
    """While the write is under way nobody can tell; the answer then tells that it is no news."""
    answered = [False, False, True]
    content = b'{"news": true, "ours": true}\n{"news": true, "ours": false}\n'

    def is_news_yet(event: Mapping[str, Any]) -> bool:
        return not (event["ours"] and answered[0])

    def is_under_way(event: Mapping[str, Any]) -> bool:
        if event["ours"]:
            answered.pop(0)
        return bool(event["ours"])

    arrived = [chunk async for chunk in news_in(chunks(content, []), is_news_yet, is_under_way, never)]

    assert arrived == [b'{"news": true, "ours": false}\n']


async def test_what_is_taken_out_does_not_arrive_and_is_asked_for_once() -> None:
    """Whoever takes it acts on it: were it asked again while others wait, it would act twice."""
    taken: list[Mapping[str, Any]] = []
    content = b'{"news": true, "child": true}\n{"news": true, "child": false}\n'

    def takes(event: Mapping[str, Any]) -> bool:
        if event["child"]:
            taken.append(event)
        return bool(event["child"])

    def waits(event: Mapping[str, Any]) -> bool:
        return not event["child"]

    arrived = [chunk async for chunk in news_in(chunks(content, []), is_news, waits, takes)]

    assert arrived == [b'{"news": true, "child": false}\n']
    assert taken == [{"news": True, "child": True}]


async def test_no_news_waits_for_a_write_that_hangs() -> None:
    """After a fifth of a second the event counts as what it may be."""
    asked = []

    def hangs(event: Mapping[str, Any]) -> bool:
        asked.append(event)
        return True

    arrived = [chunk async for chunk in news_in(chunks(b'{"news": true}\n', []), is_news, hangs, never)]

    assert arrived == [b'{"news": true}\n']
    assert len(asked) == 10
