"""The store against a slow, obvious model: a dictionary of views, and searches through all of it."""

from __future__ import annotations

import tracemalloc
from collections.abc import Hashable
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from slipway.engine.key import Key
from slipway.engine.store import Store
from slipway.engine.tombstones import TOMBSTONE_SECONDS
from tests.support.thoroughness import examples
from tests.unit.engine.support import KIND, OTHER_KIND, FakeView, ManualClock, key

keys = st.builds(key, st.sampled_from(["a", "b"]), st.just("shop"), st.sampled_from([KIND, OTHER_KIND]))
subjects: st.SearchStrategy[Hashable] = st.sampled_from([("image", "x"), ("image", "y"), key("a"), key("b")])
some_subjects = st.lists(subjects, max_size=3).map(tuple)
views = st.builds(
    FakeView,
    key=keys,
    uid=st.sampled_from(["u1", "u2"]),
    resource_version=st.integers(1, 12),
    status_hash=st.sampled_from([b"", b"s1", b"s2"]),
    topics=some_subjects,
    listens=some_subjects,
)


class StoreMachine(RuleBasedStateMachine):
    """Views, removals, restores and time, in any order and from any past."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.store = Store(self.clock)
        self.known: dict[Key, FakeView] = {}
        self.removed: dict[Key, tuple[int, float]] = {}  # version, moment
        self.suspects: set[Key] = set()

    @rule(view=views)
    def put(self, view: FakeView) -> None:
        """Only news is taken in."""
        known = self.known.get(view.key)
        version, moment = self.removed.get(view.key, (0, 0.0))
        dead = view.resource_version <= version and self.clock.seconds < moment + TOMBSTONE_SECONDS
        newer = known is None or view.key in self.suspects or view.resource_version > known.resource_version

        assert self.store.put(view) == (newer and not dead)

        if newer and not dead:
            self.known[view.key] = view
            self.removed.pop(view.key, None)
            self.suspects.discard(view.key)

    @rule(wanted=keys, uid=st.sampled_from(["u1", "u2"]), version=st.integers(1, 12))
    def remove(self, wanted: Key, uid: str, version: int) -> None:
        """Only the UID that was removed goes, and only if it is not known in a newer version."""
        known = self.known.get(wanted)
        other = known is not None and known.uid != uid
        newer = known is not None and known.resource_version > version and wanted not in self.suspects

        assert self.store.remove(wanted, uid, version) == (known is not None and not other and not newer)

        if not other and not newer:
            self.known.pop(wanted, None)
            self.suspects.discard(wanted)
            before, moment = self.removed.get(wanted, (0, 0.0))
            if self.clock.seconds >= moment + TOMBSTONE_SECONDS:
                before = 0
            self.removed[wanted] = (max(before, version), self.clock.seconds)

    @rule(kind=st.sampled_from([KIND, OTHER_KIND]), version=st.integers(1, 12))
    def restore(self, kind: str, version: int) -> None:
        """After a restore everything of the kind takes any version."""
        self.store.distrust(kind, version)
        self.suspects |= {wanted for wanted in self.known if wanted.kind == kind}
        self.removed = {name: end for name, end in self.removed.items() if name.kind != kind}
        assert self.store.highest_version(kind) == version

    @rule(seconds=st.sampled_from([1.0, TOMBSTONE_SECONDS]))
    def time_goes_by(self, seconds: float) -> None:
        """Tombstones expire, together with their memory of older removals."""
        self.clock.seconds += seconds

    @rule(wanted=keys)
    def look_at_suspects(self, wanted: Key) -> None:
        """Who was not seen since the restore is known."""
        assert self.store.is_suspect(wanted) == (wanted in self.suspects)

    @invariant()
    def the_views_agree(self) -> None:
        """The newest views, by key and by kind."""
        assert len(self.store) == len(self.known)
        for kind in (KIND, OTHER_KIND):
            of_kind = {view.key: view for view in self.store.of_kind(kind)}
            assert of_kind == {name: view for name, view in self.known.items() if name.kind == kind}
        assert all(self.store.get(name) is view for name, view in self.known.items())

    @invariant()
    def the_maps_agree(self) -> None:
        """Both secondary maps say what a search through all views says, and hold nothing empty."""
        for subject in (("image", "x"), ("image", "y"), key("a"), key("b")):
            assert self.store.providers(subject) == {k for k, v in self.known.items() if subject in v.topics}
            assert self.store.listeners(subject) == {k for k, v in self.known.items() if subject in v.listens}
        assert all(self.store._providers.values())
        assert all(self.store._listeners.values())


StoreMachine.TestCase.settings = settings(max_examples=examples(40), stateful_step_count=40, deadline=None)
TestStoreMachine = StoreMachine.TestCase


def test_highest_version_knows_objects_lists_and_removals() -> None:
    """The highest version of a kind is the highest of whatever was seen of it."""
    store = Store()
    assert store.highest_version(KIND) == 0
    store.put(FakeView(key(), resource_version=5))
    store.saw_version(KIND, 9)
    store.saw_version(KIND, 7)
    assert store.highest_version(KIND) == 9
    store.remove(key("gone"), "u", 11)
    assert (store.highest_version(KIND), store.highest_version(OTHER_KIND)) == (11, 0)


def test_of_kind_is_not_disturbed_by_changes() -> None:
    """Who walks over a kind may put and remove on the way."""
    store = Store()
    for number in range(3):
        store.put(FakeView(key(str(number)), resource_version=1))

    for view in store.of_kind(KIND):
        store.remove(view.key, view.uid, 2)
        store.put(FakeView(key("new " + view.key.name), resource_version=3))

    assert {view.key.name for view in store.of_kind(KIND)} == {"new 0", "new 1", "new 2"}


def test_an_echo_has_the_known_wish_and_the_announced_status() -> None:
    """Another wish, another status, another UID, or nothing announced: no echo."""
    store = Store()
    store.put(FakeView(key(), resource_version=1))
    echo = FakeView(key(), resource_version=2, status_hash=b"ours")
    assert not store.is_echo(echo)

    store.will_write(key(), b"ours")

    assert store.is_echo(echo)
    assert not store.is_echo(replace(echo, wish=b"changed"))
    assert not store.is_echo(replace(echo, status_hash=b"a stranger's"))
    assert not store.is_echo(replace(echo, uid="uid-2"))
    assert not store.is_echo(replace(echo, key=key("unknown")))


def test_a_write_without_an_answer_makes_the_view_doubtful() -> None:
    """From the announcement until the answer nothing may be decided from the view."""
    store = Store()
    store.put(FakeView(key()))
    assert not store.must_read_live(key())

    store.will_write(key(), b"ours")
    assert store.must_read_live(key())
    store.trust(key())
    assert not store.must_read_live(key())


def test_a_write_is_under_way_from_its_announcement_to_its_answer() -> None:
    """A doubt is none: no answer will come."""
    store = Store()
    store.put(FakeView(key()))
    assert not store.is_writing(key())

    store.will_write(key(), b"ours")
    assert store.is_writing(key())
    store.trust(key())
    assert not store.is_writing(key())
    store.doubt(key())
    assert not store.is_writing(key())


def test_doubt_keeps_an_announcement() -> None:
    """A doubt that comes after a write does not make its echo unknown."""
    store = Store()
    store.put(FakeView(key()))
    store.will_write(key(), b"ours")

    store.doubt(key())

    assert store.is_echo(FakeView(key(), resource_version=2, status_hash=b"ours"))


def test_a_doubt_ends_with_the_object() -> None:
    """An object made anew under the same name is not doubted."""
    store = Store()
    store.put(FakeView(key()))
    store.doubt(key())
    assert store.must_read_live(key())

    store.remove(key(), "uid-1", 2)

    assert not store.must_read_live(key())


def test_the_store_adds_little_to_each_view() -> None:
    """10,000 views with two topics each cost at most 1 KB each beside the views themselves."""
    made = [
        FakeView(
            key(f"n{n}", f"ns{n % 50}"),
            f"uid-{n}",
            n + 1,
            topics=(("image", n), ("repository", n % 100)),
            listens=(key(f"n{n + 1}"),),
        )
        for n in range(10_000)
    ]
    tracemalloc.start()
    store = Store()
    for view in made:
        store.put(view)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(store) == 10_000
    assert size / 10_000 < 1024
