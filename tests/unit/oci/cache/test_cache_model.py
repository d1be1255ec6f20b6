"""The cache over a real file beside a model that says in plain words what it may answer.

Credentials see and record, time goes by, the clock is set, the process ends and starts again, and somebody
writes noise into the file. As long as the file is whole, the cache answers exactly as the model does; once it
was damaged, it may know less, but never something else.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from typing_extensions import override

from slipway.oci.cache import RegistryCache
from tests.support.thoroughness import examples
from tests.unit.oci.cache.support import HOST, SettableClock, digest, image

T = TypeVar("T")

names = st.sampled_from(["one", "two"])
who = st.sampled_from(["alice", "bob"])
repositories = st.sampled_from(["shop/api", "shop/web"])
tags = st.sampled_from(["v1", "v2"])

Place = tuple[str, str]
"""A credential and a repository."""


class Model:
    """What is known: lists to look through, and no bounds."""

    def __init__(self, clock: SettableClock) -> None:
        self.clock = clock
        self.images: set[str] = set()
        self.sights: dict[tuple[Place, str], float] = {}
        self.tags: dict[tuple[Place, str], tuple[str | None, float]] = {}
        self.missing: dict[Place, float] = {}

    def image(self, place: Place, name: str) -> bool:
        """Whether the image is known and was seen there within five minutes."""
        seen = self.sights.get((place, name))
        return name in self.images and seen is not None and self.clock.seconds - seen < 300

    def record_tag(self, place: Place, tag: str, name: str | None) -> None:
        """A tag was seen, or seen not to be there."""
        self.tags[place, tag] = (name, self.wall)
        if name is not None:
            self.missing.pop(place, None)

    def record_missing(self, place: Place) -> None:
        """A repository was seen not to be there."""
        self.missing[place] = self.wall
        self.tags = {key: seen for key, seen in self.tags.items() if key[0] != place}

    def tag(self, place: Place, tag: str) -> str | None:
        """The name of the image that a reader is told, or `missing`, or nothing."""
        if place in self.missing and self.wall - self.missing[place] < 60:
            return "missing"
        name, checked = self.tags.get((place, tag), (None, float("-inf")))
        if self.wall - checked < (60 if name is None else 300):
            return name or "missing"
        return None

    def forget(self, credential: str) -> None:
        """Drop what the credential saw."""
        self.sights = {key: seen for key, seen in self.sights.items() if key[0][0] != credential}
        self.tags = {key: seen for key, seen in self.tags.items() if key[0][0] != credential}
        self.missing = {place: seen for place, seen in self.missing.items() if place[0] != credential}

    def forget_times(self) -> None:
        """The clock was set: nothing that has an age is left."""
        self.sights, self.tags, self.missing = {}, {}, {}

    @property
    def wall(self) -> float:
        """The wall clock."""
        return self.clock.now().timestamp()


class CacheMachine(RuleBasedStateMachine):
    """Does the same to both, and compares every answer."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "cache.db"
        self.clock = SettableClock()
        self.model = Model(self.clock)
        self.is_whole = True

    @initialize()
    def start(self) -> None:
        """The process starts."""
        self.cache = RegistryCache.open(self.path, clock=self.clock)

    @rule(name=names)
    def record_image(self, name: str) -> None:
        """Somebody read an image."""
        self.cache.record_image(image(name))
        self.model.images.add(name)

    @rule(credential=who, repository=repositories, name=names)
    def record_seen(self, credential: str, repository: str, name: str) -> None:
        """A HEAD succeeded."""
        self.cache.record_seen(HOST, repository, digest(name), credential)
        self.model.sights[(credential, repository), name] = self.clock.seconds

    @rule(credential=who, repository=repositories, tag=tags, name=st.none() | names)
    def record_tag(self, credential: str, repository: str, tag: str, name: str | None) -> None:
        """The registry told what a tag is."""
        if name is None:
            self.cache.record_missing(HOST, repository, credential, tag)
        else:
            self.cache.record_tag(HOST, repository, tag, digest(name), credential)
        self.model.record_tag((credential, repository), tag, name)

    @rule(credential=who, repository=repositories)
    def record_missing(self, credential: str, repository: str) -> None:
        """The registry told that there is no such repository."""
        self.cache.record_missing(HOST, repository, credential)
        self.model.record_missing((credential, repository))

    @rule(credential=who)
    def forget(self, credential: str) -> None:
        """A credential was changed."""
        self.cache.forget(credential)
        self.model.forget(credential)

    @rule(credential=who, repository=repositories, name=names)
    def ask_image(self, credential: str, repository: str, name: str) -> None:
        """Somebody wants to know an image."""
        found = self.run(self.cache.image(HOST, repository, digest(name), credential))
        expected = image(name) if self.model.image((credential, repository), name) else None
        assert found == expected or (found is None and not self.is_whole)

    @rule(credential=who, repository=repositories, tag=tags)
    def ask_tag(self, credential: str, repository: str, tag: str) -> None:
        """A reader wants to know a tag."""
        found = self.run(self.cache.fresh_tag(HOST, repository, tag, credential))
        told = (found.digest or "missing") if found is not None else None
        expected = self.model.tag((credential, repository), tag)
        wanted = digest(expected) if expected not in {None, "missing"} else expected
        assert told == wanted or (told is None and not self.is_whole)

    @rule(seconds=st.sampled_from([0.5, 1, 59, 61, 240, 299, 301, 4000]))
    def pass_time(self, seconds: float) -> None:
        """Time goes by."""
        self.clock.seconds += seconds

    @rule(step=st.sampled_from([-4000.0, -30.0, 30.0, 4000.0]))
    def set_clock(self, step: float) -> None:
        """Somebody sets the clock, and the cache is used."""
        self.clock.ahead += step
        self.cache.record_seen(HOST, "another", digest("another"), "another")
        self.model.forget_times()

    @rule(step=st.sampled_from([0.0, 0.0, -4000.0, -30.0, 30.0, 4000.0]), noise=st.integers(0, 20))
    def restart(self, step: float, noise: int) -> None:
        """The process ends and starts again; meanwhile the clock may be set and the file be damaged."""
        self.run(self.cache.aclose())
        self.clock.ahead += step
        if noise > 15:
            self.damage(noise)
        self.start()
        self.model.sights = {}
        if step < 0:
            self.model.tags = {
                key: seen for key, seen in self.model.tags.items() if seen[1] <= self.model.wall + 5
            }
            self.model.missing = {
                p: seen for p, seen in self.model.missing.items() if seen <= self.model.wall + 5
            }

    def damage(self, seed: int) -> None:
        """Write noise into the file at some places."""
        chance = random.Random(seed)
        content = bytearray(self.path.read_bytes())
        for _ in range(seed - 15):
            start = chance.randrange(len(content))
            content[start : start + 64] = chance.randbytes(64)
        self.path.write_bytes(content)
        self.is_whole = False

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Wait for it."""
        return self.loop.run_until_complete(coroutine)

    @override
    def teardown(self) -> None:
        if hasattr(self, "cache"):
            self.run(self.cache.aclose())
        self.loop.close()
        self.folder.cleanup()


CacheMachine.TestCase.settings = settings(max_examples=examples(15), stateful_step_count=30, deadline=None)
TestCacheModel = CacheMachine.TestCase
