from __future__ import annotations

import asyncio

from slipway.engine.key import Key
from slipway.kinds.managedimage.news import News


def key(name: str) -> Key:
    return Key("managedimages.slipway.dev", "shop", name)


async def test_what_comes_within_a_moment_is_looked_at_once() -> None:
    """Each key is woken once, all of them together; what comes later is another moment."""
    woken: list[str] = []
    done = asyncio.Event()

    def wake(one: Key) -> None:
        woken.append(one.name)
        done.set()

    news = News(wake, seconds=0.01)
    news.add([key("b"), key("a")])
    news.add([key("a")])
    assert woken == []
    await done.wait()
    assert woken == ["a", "b"]
    done.clear()
    news.add([key("c")])
    await done.wait()
    assert woken == ["a", "b", "c"]
