"""Random lives of a Deployment: builds, edits, rollbacks, releases, failures, crashes before any write."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from slipway.api.deployment import HistoryEntry
from slipway.kinds.deployment.autoscaler import AUTOSCALER
from slipway.kinds.deployment.history import start_of
from tests.support.thoroughness import examples
from tests.unit.kinds.deployment.world import Crash, World, managed_offer

KEPT_BUILDS = 4


class Rollouts(RuleBasedStateMachine):
    """After each rule the operator has run until it waits, whatever killed it in between."""

    @initialize()
    def begin(self) -> None:
        """An image is built, and the Deployment exists."""
        self.world = World(managed_offer(1), revisionHistoryLimit=3)
        self.newest = 1
        self.known: list[HistoryEntry] = []
        self.run()

    # --- what happens to it

    @rule(crash=st.integers(0, 5))
    def next_run_is_killed(self, crash: int) -> None:
        """Before its write number `crash`, if it makes that many."""
        self.world.crash_before = crash

    @rule()
    def build(self) -> None:
        """The source has a newer digest."""
        self.newest += 1
        oldest = max(0, self.newest - KEPT_BUILDS)
        self.world.offer = managed_offer(*range(self.newest, oldest, -1))
        self.run()

    @rule(argument=st.sampled_from(["a", "b", "c"]))
    def edit(self, argument: str) -> None:
        """A person changes an input."""
        self.world.change(args=[argument])
        self.run()

    @rule(replicas=st.integers(0, 3))
    def scale(self, replicas: int) -> None:
        """A person changes the replicas."""
        self.world.autoscaled = False
        self.world.change(replicas=replicas)
        self.run()

    @rule(replicas=st.integers(0, 3))
    def autoscale(self, replicas: int) -> None:
        """An autoscaler changes them."""
        self.world.autoscaled = True
        self.world.change(replicas=replicas)
        self.run()

    @rule(paused=st.booleans())
    def pause(self, paused: bool) -> None:
        """A person pauses or goes on."""
        self.world.change(paused=paused)
        self.run()

    @rule(data=st.data())
    def roll_back(self, data: st.DataObject) -> None:
        """A person asks for a revision that is kept, or for one that is not."""
        number = data.draw(st.sampled_from([*self.world.numbers, 99]))
        self.world.change(rollbackTo={"revision": number, "reason": "bad"})
        left = self.world.digest
        self.run()
        assert self.world.digest == left or left in self.world.rejected

    @rule()
    def release(self) -> None:
        """A person removes rollbackTo."""
        self.world.change(rollbackTo=None)
        self.run()

    @precondition(lambda self: self.world.rejected)
    @rule(data=st.data())
    def accept(self, data: st.DataObject) -> None:
        """A person lets a rejected digest run, and takes the word back once it was heard."""
        self.world.change(acceptDigests=[data.draw(st.sampled_from(sorted(self.world.rejected)))])
        self.run()
        self.world.change(acceptDigests=None)
        self.run()

    @rule()
    def get_ready(self) -> None:
        """Kubernetes brings the pods about."""
        self.world.roll_out()
        self.run()

    @rule()
    def get_stuck(self) -> None:
        """Kubernetes gives up."""
        self.world.get_stuck()
        self.run()

    @rule()
    def lose_status(self) -> None:
        """A restore brings the object back without its status; the children are there."""
        if self.world.workload is not None:
            self.world.status = {}
            self.known = []
            self.run()

    @rule()
    def lose_revision(self) -> None:
        """Somebody deletes the ControllerRevision of what runs."""
        current = self.world.history[0].revision
        self.world.revisions = [body for body in self.world.revisions if body["revision"] != current]
        told = self.world.told
        self.run()
        assert current in self.world.numbers
        assert self.world.told == told

    # --- the operator, and what must hold at every step of it

    def run(self) -> None:
        """Reconcile until it goes through."""
        self.world.pass_time()
        while True:
            before = self.world.digest
            asked = self.world.spec.get("rollbackTo")
            try:
                self.world.reconcile()
            except Crash:
                self.world.pass_time()
                self.check_move(before, asked)
                continue
            self.check_move(before, asked)
            return

    def check_move(self, before: str, asked: object) -> None:
        """Never from a digest to an older one without a rollback."""
        after = self.world.digest
        if before and after != before and asked is None:
            assert int(after[7:], 16) > int(before[7:], 16)

    @invariant()
    def nothing_rejected_runs(self) -> None:
        """What is rejected does not run; what runs is not rejected."""
        assert self.world.digest not in self.world.rejected

    @invariant()
    def rollback_is_done(self) -> None:
        """While it holds, the target runs."""
        asked = self.world.spec.get("rollbackTo")
        if asked and asked["revision"] in self.world.numbers:
            assert self.world.status["revision"]["current"] == asked["revision"]
            target = next(body for body in self.world.revisions if body["revision"] == asked["revision"])
            assert self.world.image == target["data"]["inputs"]["image"]

    @invariant()
    def history_is_true(self) -> None:
        """Each change of the workload stands in it once, in order, and it never loses what it had."""
        starts = [start_of(entry) for entry in self.world.history]
        assert len({entry.model_dump_json() for entry in starts}) == len(starts)
        assert starts == sorted(starts, key=lambda entry: entry.started_at, reverse=True)
        lasting = [entry for entry in starts if entry.cause != AUTOSCALER]
        assert lasting[len(lasting) - len(self.known) :] == self.known
        self.known = lasting
        for newer, older in pairwise(self.world.history):
            assert newer.old_image == older.new_image
            assert newer.old_replicas == older.new_replicas or newer.cause == AUTOSCALER
            assert not newer.cause == older.cause == AUTOSCALER

    @invariant()
    def workload_is_as_recorded(self) -> None:
        """The newest entry tells what the workload was set to."""
        if self.world.history:
            newest = self.world.history[0]
            assert self.world.image == newest.new_image
            assert self.world.workload is not None
            assert self.world.workload["spec"]["replicas"] == newest.new_replicas

    @invariant()
    def settled_means_silent(self) -> None:
        """Another look writes nothing."""
        crash, self.world.crash_before = self.world.crash_before, None
        before = self.world.writes
        self.world.reconcile()
        assert self.world.writes == before
        self.world.crash_before = crash


Rollouts.TestCase.settings = settings(max_examples=examples(20), stateful_step_count=20, deadline=None)
TestRollouts = Rollouts.TestCase
