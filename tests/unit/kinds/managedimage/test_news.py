from __future__ import annotations

import asyncio

from slipway.engine.key import Key
from slipway.kinds.managedimage.news import News


def key(name: str) -> Key:
    return Key("managedimages.slipway.dev", "shop", name)


async def test_what_comes_within_a_moment_is_looked_at_once() -> None:
    """However often there is news; what comes later is another moment."""
    woken: list[str] = []
    found = [[{key("b"), key("a")}], [{key("c")}, set(), {key("d")}]]
    done = asyncio.Event()

    def wake(one: Key) -> None:
        woken.append(one.name)
        done.set()

    news = News(lambda: iter(found.pop(0)), wake, seconds=0.01)
    news.hear()
    news.hear()
    assert woken == []
    await done.wait()
    assert woken == ["a", "b"]
    done.clear()
    news.hear()
    await done.wait()
    assert woken == ["a", "b", "c"], "others have their turn before the next portion"
    done.clear()
    await done.wait()
    assert woken == ["a", "b", "c", "d"]
