"""Store, intake, queue and resync together, against a model server that does its worst.

Two promises are checked after every step and at the end: whoever a change concerns is queued until it has
looked, and after a whole pass and a watch that has told everything the store is what the server is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from typing import TypeAlias

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from typing_extensions import override

from slipway.engine.intake import Intake
from slipway.engine.key import Key
from slipway.engine.queue import Queue
from slipway.engine.resync import Resync
from slipway.engine.store import Store
from tests.support.thoroughness import examples
from tests.unit.engine.model_server import ModelLister, ModelServer, Snapshot
from tests.unit.engine.support import CHILD_KIND, KIND, OTHER_KIND, ManualClock, key

Change: TypeAlias = tuple[str, Key, Key, tuple[Hashable, ...], bytes]
"""What happens, a parent, a child, topics, and a hash."""

RECONCILED = (KIND, OTHER_KIND)
KINDS = (*RECONCILED, CHILD_KIND)

parents = st.builds(key, st.sampled_from("abc"), st.just("shop"), st.sampled_from(RECONCILED))
children = st.builds(key, st.sampled_from("ab"), st.just("shop"), st.just(CHILD_KIND))
subjects: st.SearchStrategy[Hashable] = st.sampled_from([("image", "x"), ("image", "y"), key("a"), key("b")])
some_subjects = st.lists(subjects, max_size=2).map(tuple)
hashes = st.sampled_from([b"one", b"two", b"three"])
changes = st.tuples(
    st.sampled_from(["create", "child", "wish", "status_hash", "topics", "delete", "tell", "tell all"]),
    parents,
    children,
    some_subjects,
    hashes,
)


class ResyncMachine(RuleBasedStateMachine):
    """People and strangers change things, the watch tells them or not, the resync runs, keys are run."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.server = ModelServer()
        self.store = Store(ManualClock())
        self.queue = Queue()
        self.intake = Intake(self.store, self.queue, RECONCILED)
        self.lister = ModelLister(self.server)
        self.resync = Resync(self.lister, self.store, self.intake, KINDS)
        self.looked: dict[Key, set[object]] = {}  # what each key saw when it was run last, and what it wrote
        self.backup: Snapshot | None = None

    # --- what happens

    @rule(change=changes)
    def something_happens(self, change: Change) -> None:
        """A person or a stranger changes something, or the watch tells what happened."""
        what, parent, child, some, value = change
        match what:
            case "create":
                self.server.create(parent, topics=some, listens=some[::-1][:1])
            case "child":
                self.server.create(child, owner=parent)
            case "tell":
                self.tell(1)
            case "tell all":
                self.tell(len(self.server.untold))
            case "delete":
                self.server.delete(child if some else parent)
            case _:
                if parent in self.server.objects:
                    self.server.change(parent, **{what: some if what == "topics" else value})

    def tell(self, number: int) -> None:
        """The watch tells the next changes, as the handlers hand them over."""
        for _ in range(min(number, len(self.server.untold))):
            change, view = self.server.untold.pop(0)
            if change == "DELETED":
                self.intake.forget(view.key, view.uid, view.resource_version)
            else:
                self.intake.observe(view)

    @rule()
    def the_watch_has_a_gap(self) -> None:
        """What happened is never told."""
        self.server.untold.clear()

    @precondition(lambda self: self.queue.waiting)
    @rule(writes=hashes, way=st.sampled_from(["none", "answer", "late", "lost", "refused"]))
    def a_key_is_run(self, writes: bytes, way: str) -> None:
        """The next key looks at the store and perhaps writes its status; the answer has every fate."""
        taken = self.loop.run_until_complete(self.queue.take())
        view = self.store.get(taken)
        self.looked[taken] = {self.picture(taken), self.picture(taken, writes)}
        live = self.server.objects.get(taken)
        if way != "none" and view is not None:
            self.store.will_write(taken, writes)
            if way != "refused" and live is not None and live.resource_version == view.resource_version:
                answer = self.server.change(taken, status_hash=writes)
                if way == "late":
                    self.tell(len(self.server.untold))
                if way != "lost":
                    self.intake.observe(answer, own=True)
        self.queue.done(taken)

    @rule(
        kind=st.sampled_from(KINDS),
        meanwhile=st.lists(changes, max_size=6),
        expire=st.sampled_from([None, None, 0, 1]),
    )
    def a_pass_runs(self, kind: str, meanwhile: list[Change], expire: int | None) -> None:
        """One list over one kind, while the world goes on, and which may expire on the way."""
        self.lister.expire_on_page = expire
        self.lister.gets.clear()
        self.lister.meanwhile = lambda: self.something_happens(meanwhile.pop()) if meanwhile else None

        whole = self.loop.run_until_complete(self.resync.run_pass(kind))

        self.lister.expire_on_page = None
        assert whole or expire is not None
        assert whole or not self.lister.gets, "removals in a pass that was not whole"

    @rule()
    def etcd_is_backed_up(self) -> None:
        """Somebody makes a backup."""
        self.backup = self.server.backup()

    @precondition(lambda self: self.backup is not None and self.resync.synced)
    @rule(meanwhile=st.lists(changes, max_size=3))
    def etcd_is_restored(self, meanwhile: list[Change]) -> None:
        """The past comes back, and the passes find out; while they do, the world goes on."""
        assert self.backup is not None
        self.server.restore(self.backup)
        # Not before it is found out: a revision that passed the highest seen is like no restore at all.
        self.lister.meanwhile = lambda: (
            self.something_happens(meanwhile.pop()) if meanwhile and not self.resync.synced else None
        )

        self.loop.run_until_complete(self.resync.run_all())

        assert self.resync.synced
        self.everything_agrees_in_the_end()

    # --- what must hold

    def picture(self, name: Key, status_hash: bytes | None = None) -> Hashable:
        """Everything a run of this key can see: itself, its children, and what it listens to.

        Its own topics are for others: they follow from its wish and its status.
        """
        view = self.store.get(name)
        if view is None:
            return None
        own = (view.uid, view.wish, view.status_hash if status_hash is None else status_hash)
        family = frozenset(
            (child.key, child.uid, child.resource_version)
            for child in self.store.of_kind(CHILD_KIND)
            if child.owner == name
        )
        heard = frozenset(
            (other, found.uid, found.wish, found.status_hash)
            for subject in view.listens
            for other in (subject, *self.store.providers(subject))
            if other != name and isinstance(other, Key) and (found := self.store.get(other)) is not None
        )
        return own, family, heard

    @invariant()
    def no_wake_up_is_lost(self) -> None:
        """A key that does not wait for a run has seen everything that concerns it."""
        for kind in RECONCILED:
            for view in self.store.of_kind(kind):
                if view.key not in self.queue._waiting:
                    assert self.picture(view.key) in self.looked.get(view.key, ()), view.key

    def everything_agrees_in_the_end(self) -> None:
        """When the watch has told everything, the store is what the server is."""
        self.tell(len(self.server.untold))
        for kind in KINDS:
            known = {view.key: view for view in self.store.of_kind(kind)}
            assert known == {name: view for name, view in self.server.objects.items() if name.kind == kind}

    @override
    def teardown(self) -> None:
        """Gaps are closed by one whole pass; every key of a reconciled kind is queued by it."""
        try:
            self.tell(len(self.server.untold))
            self.lister.meanwhile = lambda: None
            self.loop.run_until_complete(self.resync.run_all())
            self.everything_agrees_in_the_end()
            queued = {name for name in self.server.objects if name.kind in RECONCILED}
            assert queued <= self.queue._waiting
        finally:
            self.loop.close()


ResyncMachine.TestCase.settings = settings(max_examples=examples(30), stateful_step_count=30, deadline=None)
TestResyncMachine = ResyncMachine.TestCase
