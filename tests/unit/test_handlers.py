from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.engine.handover import Handover
from slipway.engine.intake import Intake
from slipway.engine.key import Key
from slipway.engine.queue import Queue
from slipway.engine.store import Store
from slipway.handlers import Ear, EarStopped, _Backoffs, _settings
from slipway.kinds.children import child_parser
from slipway.kube.resources import APPS_DEPLOYMENTS, JOBS, WAREHOUSES
from slipway.kube.watched import Watched
from tests.support.spine import SpineView, until, warehouse

KIND = Watched(WAREHOUSES, SpineView.from_body)
PATH = WAREHOUSES.path()

CHILDREN = Watched(JOBS, child_parser(JOBS), children_only=True)


def event(
    kind: str = "MODIFIED", *, name: str = "api", uid: str = "uid-1", version: int = 12
) -> dict[str, Any]:
    """An event of a watch."""
    metadata = {
        "name": name,
        "namespace": "shop",
        "uid": uid,
        "resourceVersion": str(version),
        "generation": 1,
    }
    return {"type": kind, "object": {**warehouse(name), "metadata": metadata}}


class Room:
    """An ear with a store behind it, in the running loop, without any Kopf."""

    def __init__(self, *watched: Watched) -> None:
        self.store = Store()
        intake = Intake(self.store, Queue(), [WAREHOUSES.key_kind])
        handover = Handover(asyncio.get_running_loop(), intake)
        self.ear = Ear(watched or (KIND, CHILDREN), handover, self.store, self.begin_watch)

    async def begin_watch(self, kind: str) -> int:
        """No list was made here, so that there is nothing to wait for."""
        assert kind == WAREHOUSES.key_kind
        return 40

    async def hear(self, *events: dict[str, Any]) -> None:
        """Hear the events and wait until they are handed over."""
        for one in events:
            if self.ear._is_news_at(PATH, one):
                self.ear._hear(KIND, one)
        await self.handed_over()

    async def handed_over(self) -> None:
        """Wait until nothing is on its way any more."""
        await until(lambda: not (self.ear._gathered or self.ear._handover._items))

    def names(self, watched: Watched = KIND) -> set[str]:
        """What the store knows."""
        return {view.key.name for view in self.store.of_kind(watched.resource.key_kind)}


async def test_what_is_heard_arrives_in_the_store() -> None:
    """Added and changed objects are observed, deleted ones are forgotten, in order."""
    room = Room()

    await room.hear(
        event("ADDED", name="a"), event("ADDED", name="b", uid="uid-2"), event("ADDED", name="c", uid="uid-3")
    )
    await room.hear(
        event("DELETED", name="b", uid="uid-2", version=13), event("MODIFIED", name="a", version=14)
    )

    assert room.names() == {"a", "c"}


async def test_the_echo_of_a_known_version_is_no_news() -> None:
    """Half of all events are answers to own writes that the store knows already."""
    room = Room()
    await room.hear(event(version=12))

    assert not room.ear._is_news_at(PATH, event(version=12))


@pytest.mark.parametrize(
    "news",
    [
        event(version=13),
        event(version=11),
        event(uid="uid-2"),
        event("DELETED"),
        event(name="other"),
    ],
    ids=["newer", "older", "made anew", "deleted", "unknown"],
)
async def test_everything_else_is_news(news: dict[str, Any]) -> None:
    """Only the store judges which version counts; the ear leaves out nothing but what is the same."""
    room = Room()
    await room.hear(event(version=12))

    assert room.ear._is_news_at(PATH, news)


async def test_of_a_stream_only_known_objects_are_left_out() -> None:
    """Bookmarks, errors and deletions always pass, and so does what is not watched by us."""
    room = Room()
    await room.hear(event(version=12))
    bookmark = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "40"}}}
    error = {"type": "ERROR", "object": {"code": 410}}

    assert not room.ear._is_news_at(PATH, event("MODIFIED", version=12))
    assert room.ear._is_news_at(PATH, event("MODIFIED", version=13))
    assert room.ear._is_news_at(PATH, event("DELETED", version=12))
    assert room.ear._is_news_at(PATH, bookmark)
    assert room.ear._is_news_at(PATH, error)
    assert room.ear._is_news_at("/api/v1/pods", event("MODIFIED", version=12))


async def test_changes_of_children_are_taken_out_before_kopf_hears_of_them() -> None:
    """They arrive in the store all the same."""
    room, path = Room(), JOBS.path()

    assert room.ear._takes(path, event("ADDED", name="a"))
    assert room.ear._takes(path, event("ADDED", name="b", uid="uid-2"))
    assert room.ear._takes(path, event("DELETED", name="a", version=13))
    await room.handed_over()

    assert room.names(CHILDREN) == {"b"}


async def test_kopf_hears_of_its_own_kinds_and_of_the_state_of_a_watch() -> None:
    """Without bookmarks and errors no watch would go on where it was."""
    room = Room()
    bookmark = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "40"}}}
    error = {"type": "ERROR", "object": {"code": 410}}

    assert not room.ear._takes(PATH, event())
    assert not room.ear._takes("/api/v1/pods", event())
    assert not room.ear._takes(JOBS.path(), bookmark)
    assert not room.ear._takes(JOBS.path(), error)


async def test_an_event_waits_only_for_a_write_of_ours_to_the_same_object() -> None:
    """Neither unknown objects nor deletions, bookmarks and errors wait; and a doubt has no answer to come."""
    room = Room()
    await room.hear(event(version=12), event(name="other", uid="uid-2"))
    key = Key(WAREHOUSES.key_kind, "shop", "api")
    bookmark = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "40"}}}

    room.store.will_write(key, b"status")

    assert room.ear._is_under_way(PATH, event(version=13))
    assert not room.ear._is_under_way(PATH, event("DELETED", version=13))
    assert not room.ear._is_under_way(PATH, event(name="other", uid="uid-2"))
    assert not room.ear._is_under_way(PATH, event(name="unknown"))
    assert not room.ear._is_under_way(PATH, bookmark)
    room.store.trust(key)
    room.store.doubt(key)
    assert not room.ear._is_under_way(PATH, event(version=13))


async def test_where_a_watch_begins_is_asked_of_the_main_loop() -> None:
    """And only for what is watched: Kopf reads other paths for its own sake."""
    room = Room()
    room.ear._main = asyncio.get_running_loop()

    def in_kopfs_thread() -> tuple[int | None, object]:
        async def ask() -> tuple[int | None, object]:
            begun = room.ear._version_for(PATH)
            return await begun if begun else None, room.ear._version_for("/version")

        return asyncio.run(ask())

    assert await asyncio.to_thread(in_kopfs_thread) == (40, None)


async def test_an_unreadable_object_does_not_keep_the_others_from_being_heard() -> None:
    """It is left out, and the watch goes on."""
    room = Room()
    broken = event(name="broken")
    del broken["object"]["metadata"]["generation"]

    await room.hear(broken, event(name="good", uid="uid-2"))

    assert room.names() == {"good"}


async def test_an_ear_can_be_stopped_before_it_was_started() -> None:
    """A stop that comes early finds nothing to wait for."""
    await Room().ear.stop()


async def test_an_end_that_nobody_asked_for_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process has to end then, since it hears nothing any more."""
    room = Room()

    async def broken() -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(room.ear, "_listen", broken)
    room.ear.start()

    with pytest.raises(EarStopped, match="Too many open files"):
        await room.ear.ended()
    await room.ear.stop()


def test_only_our_children_are_asked_for() -> None:
    """The selector is the server's to apply, for Kubernetes' own Deployments and for no other kind."""
    children = Watched(APPS_DEPLOYMENTS, SpineView.from_body, children_only=True)

    selectors = _settings([KIND, children]).watching.label_selectors

    assert list(selectors.values()) == ["slipway.dev/managed=true"]
    assert selectors["apps", "v1", "deployments"] == "slipway.dev/managed=true"


def test_kopf_writes_nothing_and_never_gives_up() -> None:
    """No events, no peering, no limit on workers, and pauses without end."""
    settings = _settings([KIND])

    assert not settings.posting.enabled
    assert settings.queueing.worker_limit is None
    assert isinstance(settings.networking.error_backoffs, _Backoffs)


@given(st.integers(1, 500))
def test_pauses_grow_to_half_a_minute_and_have_no_end(count: int) -> None:
    """Kopf gives up where the pauses end, and the operator would go with it."""
    pauses: Iterator[float] = iter(_Backoffs())

    taken = list(islice(pauses, count))

    assert len(taken) == count
    assert all(0.5 <= pause <= 30 for pause in taken)
    assert taken[0] <= 1


def test_kopf_is_imported_in_one_file() -> None:
    """It is the ear and nothing else."""
    package = Path(__file__).parents[2] / "operator" / "slipway"

    importing = [path.name for path in package.rglob("*.py") if "import kopf" in path.read_text()]

    assert importing == ["handlers.py"]


async def test_a_lost_watch_is_told_even_when_kopf_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kopf may hang for ever after one of its watches has failed; that none is there yet is how it begins."""
    monkeypatch.setattr("slipway.handlers._CHECK", 0.01)
    room, told = Room(KIND), asyncio.Event()
    monkeypatch.setattr(room.ear, "_report", lambda error: told.set())
    guard = asyncio.create_task(room.ear._guard_watches())
    for name in ("nothing yet", "watcher for warehouses.v1alpha1.slipway.dev@None"):
        watch = asyncio.create_task(asyncio.Event().wait(), name=name)
        # Silence is what is waited for.
        await asyncio.sleep(0.1)
        assert not told.is_set()
        watch.cancel()

    async with asyncio.timeout(5):
        await told.wait()
        await guard
