from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Hashable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, cast

import pytest

from slipway.api.conditions import Reason
from slipway.api.warehouse import Artifact, ArtifactCommit, Subscription, Warehouse
from slipway.clock import format_time
from slipway.engine.outcome import Waiting
from slipway.kinds.context import Context
from slipway.kinds.looks import Cause
from slipway.kinds.warehouse import WarehouseKind
from slipway.kinds.warehouse import gather as module
from slipway.kinds.warehouse.decide import Facts, Watched, decide
from slipway.kinds.warehouse.findings import Finding, Found, Ripening, Trouble
from slipway.kinds.warehouse.gather import WarehouseGatherer
from slipway.kinds.warehouse.subscriptions.trouble import FORESEEN
from slipway.kinds.warehouse.subscriptions.watch import Dependency, Moment, Watch
from slipway.kinds.warehouse.view import WarehouseView, warehouse_key
from slipway.kube.client import KubeClient
from slipway.kube.errors import Unreachable
from slipway.oci.errors import AuthenticationFailed, RateLimited, RegistryUnreachable
from tests.support.outside import without_cluster
from tests.unit.engine.support import START, ManualClock

KEY = warehouse_key("shop", "api")
MINUTE = timedelta(minutes=1)
INTERVAL = 5 * MINUTE


@dataclass
class FakeWatch:
    """A subscription that finds what the test says."""

    place: str
    finding: Finding | Exception
    moments: list[Moment] = field(default_factory=list)
    befores: list[Artifact | None] = field(default_factory=list)
    way: Hashable = None
    secret: str | None = None
    """The version of the Secret that it uses."""

    async def dependency(self, *, troubled: bool) -> Dependency:
        """What the test says; the Secret is read after trouble alone."""
        return Dependency((self.way, self.secret if troubled else None), self.secret is not None)

    async def look(self, moment: Moment, before: Artifact | None) -> Finding:
        """Remember when, and find it."""
        self.moments.append(moment)
        self.befores.append(before)
        if isinstance(self.finding, Exception):
            raise self.finding
        return self.finding


@dataclass
class Stage:
    """One Warehouse with two subscriptions, whose status the test keeps as the API server would."""

    context: Context
    clock: ManualClock
    watches: dict[str, FakeWatch]
    body: dict[str, Any]

    def __post_init__(self) -> None:
        self.gatherer = WarehouseGatherer(self.context)

    async def gather(self, after: timedelta = timedelta(0)) -> dict[str, Watched]:
        """One run so much later, whose status is written; the looks by subscription."""
        self.clock.seconds += (after).total_seconds()
        facts = await self.gatherer.gather(KEY)
        assert facts is not None
        assert facts.live is not None
        self.write(facts)
        return {one.subscription.name: one for one in facts.live.watched}

    def write(self, facts: Facts) -> None:
        """Take over what was decided."""
        plan = decide(facts, self.clock.now())
        self.body["status"] = {**plan.status, "observedGeneration": self.body["metadata"]["generation"]}

    def counts(self) -> tuple[int, int]:
        """How often each was looked at."""
        return len(self.watches["app"].moments), len(self.watches["source"].moments)

    def restart(self) -> None:
        """Lose the memory."""
        self.gatherer = WarehouseGatherer(self.context)

    def ask(self) -> None:
        """Annotate it with a request, now."""
        moment = format_time(self.clock.now())
        self.body["metadata"]["annotations"] = {"slipway.dev/reconcile": moment}


@dataclass
class FakeKube:
    """Has one object."""

    body: Callable[[], dict[str, Any] | None]
    reads: int = 0

    async def get(self, *_: Any) -> dict[str, Any] | None:
        """Whatever is asked for."""
        self.reads += 1
        return self.body()


def found(name: str, short: str = "a", **changes: Any) -> Found:
    """A commit that was found."""
    commit = ArtifactCommit(url=f"https://git.example.com/{name}", ref="main", commit=short * 40)
    return Found(name, commit, **changes)


def waiting(name: str, **changes: Any) -> Trouble:
    """Trouble that mends itself."""
    return Trouble(name, Waiting(Reason.REGISTRY_UNREACHABLE, "no connection to the host"), **changes)


def subscription(name: str) -> dict[str, Any]:
    """In the spec; what is looked at is up to the fake."""
    return {"name": name, "type": "Git", "git": {"url": f"https://git.example.com/{name}"}}


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    """Two subscriptions, `app` and `source`, in places that are due at different moments."""
    watches = {name: FakeWatch(f"https://git.example.com/{name}", found(name)) for name in ("app", "source")}

    def watch_for(_: Context, _warehouse: Warehouse, one: Subscription) -> Watch:
        return watches[one.name]

    monkeypatch.setattr(module, "watch_for", watch_for)
    clock = ManualClock()
    body: dict[str, Any] = {
        "metadata": {
            "name": "api",
            "namespace": "shop",
            "uid": "u1",
            "resourceVersion": "42",
            "generation": 1,
            "creationTimestamp": "2026-11-21T08:00:00Z",
        },
        "spec": {"subscriptions": [subscription(name) for name in watches]},
    }
    async with without_cluster(clock=clock) as context:
        kube = cast("KubeClient", FakeKube(lambda: body))
        yield Stage(replace(context, kube=kube), clock, watches, body)


# --- the object


async def test_what_the_store_has_seen_needs_no_read(stage: Stage) -> None:
    """A look that finds nothing new costs the API server nothing."""
    kube, store = cast("FakeKube", stage.context.kube), stage.context.store
    for version in ("42", "43", "44"):
        stage.body["metadata"]["resourceVersion"] = version
        store.put(WarehouseView.from_body(stage.body))
        await stage.gather(after=INTERVAL)

    assert (kube.reads, stage.counts()) == (0, (3, 3))


async def test_a_warehouse_is_read_after_a_write_that_was_lost(stage: Stage) -> None:
    """What the store has may be older than what was written."""
    kube, store = cast("FakeKube", stage.context.kube), stage.context.store
    store.put(WarehouseView.from_body(stage.body))
    store.doubt(KEY)

    await stage.gather()

    assert kube.reads == 1


# --- nothing new


async def repeats(stage: Stage, *, decided: bool = True) -> bool:
    """Whether a look an interval later, at what the store has, found nothing new; it is then decided."""
    stage.context.store.put(WarehouseView.from_body(stage.body))
    stage.clock.seconds += INTERVAL.total_seconds()
    facts = await stage.gatherer.gather(KEY)
    assert facts is not None
    assert facts.live is not None
    if decided:
        stage.gatherer.note_decided(facts)
    return facts.live.is_repeated


async def test_the_same_findings_in_the_same_version_are_nothing_new(stage: Stage) -> None:
    """The status of that version tells of them."""
    assert [await repeats(stage) for _ in range(3)] == [False, True, True]
    assert stage.counts() == (3, 3)

    stage.watches["app"].finding = found("app", "b")
    assert not await repeats(stage)


async def test_trouble_that_lasts_is_nothing_new(stage: Stage) -> None:
    """It is told once, and looked at sooner all the same."""
    stage.watches["app"].finding = waiting("app")

    assert [await repeats(stage) for _ in range(2)] == [False, True]


async def test_findings_in_another_version_are_decided_on(stage: Stage) -> None:
    """Somebody, perhaps we, wrote something since."""
    await repeats(stage)
    stage.body["metadata"]["resourceVersion"] = "43"

    assert [await repeats(stage) for _ in range(2)] == [False, True]


async def test_findings_that_nobody_decided_on_are_new_the_next_time(stage: Stage) -> None:
    """A run that broke off between the look and the decision is made good."""
    await repeats(stage, decided=False)

    assert not await repeats(stage)


async def test_after_a_write_that_was_lost_everything_is_decided_on(stage: Stage) -> None:
    """The version is the same, for what was decided was not written."""
    await repeats(stage)
    stage.context.store.doubt(KEY)

    assert not await repeats(stage)


async def test_a_request_is_answered_though_nothing_is_new(stage: Stage) -> None:
    """One from a clock that is ahead counts later, in a version that was decided on."""
    ahead = format_time(stage.clock.now() + 14 * MINUTE)
    stage.body["metadata"]["annotations"] = {"slipway.dev/reconcile": ahead}

    assert [await repeats(stage) for _ in range(3)] == [False, False, False]
    assert [moment.since == moment.now for moment in stage.watches["app"].moments][1:] == [True, True]


async def test_routine_looks_know_the_last_finding_and_share_secrets(stage: Stage) -> None:
    """Until the status tells of it they have to find it again by themselves."""
    await repeats(stage)
    await repeats(stage)
    stage.body["metadata"]["resourceVersion"] = "43"
    await repeats(stage)

    moments = stage.watches["app"].moments
    assert [moment.last for moment in moments] == [None, found("app"), None]
    assert [moment.since - moment.secrets_since for moment in moments] == [
        timedelta(0),
        timedelta(seconds=5),
        timedelta(seconds=5),
    ]


async def test_a_request_takes_nothing_of_what_was_found_before(stage: Stage) -> None:
    """Neither the last finding nor a Secret that was read earlier."""
    await repeats(stage)
    await repeats(stage)
    ahead = format_time(stage.clock.now() + 6 * MINUTE)
    stage.body["metadata"] |= {"annotations": {"slipway.dev/reconcile": ahead}, "resourceVersion": "43"}
    await repeats(stage)

    moment = stage.watches["app"].moments[-1]
    assert (moment.last, moment.since, moment.secrets_since) == (None, moment.now, moment.now)


async def test_another_way_to_the_registry_takes_nothing_of_what_was_found_before(stage: Stage) -> None:
    """Through another Registry everything may be different."""
    stage.watches["app"].way = "one"
    await repeats(stage)
    await repeats(stage)
    stage.watches["app"].way = "another"
    await repeats(stage)

    moment = stage.watches["app"].moments[-1]
    assert (moment.last, moment.since, moment.secrets_since) == (None, moment.now, moment.now)


async def test_a_new_spec_shares_no_secret(stage: Stage) -> None:
    """The password may have come along with it."""
    await repeats(stage)
    stage.body["metadata"] |= {"generation": 2, "resourceVersion": "43"}
    await repeats(stage)

    moment = stage.watches["app"].moments[-1]
    assert moment.since == moment.secrets_since


async def test_who_broke_off_is_still_due(stage: Stage) -> None:
    """The API server did not answer for one subscription: the retry looks at it, and at no other."""
    await repeats(stage)
    stage.watches["app"].finding = Unreachable("no answer")
    with pytest.raises(Unreachable):
        await repeats(stage)
    stage.watches["app"].finding = found("app", "b")
    stage.clock.seconds += 1

    looks = await stage.gather()

    assert looks["app"].finding == found("app", "b")
    assert stage.counts() == (3, 2)


async def test_what_was_found_beside_one_that_broke_off_is_decided_on(stage: Stage) -> None:
    """The version is the same, but nobody has decided with that finding yet."""
    await repeats(stage)
    stage.watches["source"].finding = found("source", "b")
    stage.watches["app"].finding = Unreachable("no answer")
    with pytest.raises(Unreachable):
        await repeats(stage)
    stage.watches["app"].finding = found("app")
    stage.clock.seconds -= INTERVAL.total_seconds() - 1

    assert not await repeats(stage)


async def test_the_kind_keeps_the_status_where_nothing_is_new(stage: Stage) -> None:
    """From the second decision on in one version: nothing is put together, nothing written."""
    kind = WarehouseKind(stage.context)
    stage.context.store.put(WarehouseView.from_body(stage.body))
    kept = []
    for _ in range(3):
        stage.clock.seconds += INTERVAL.total_seconds()
        facts = await kind.gather(KEY)
        assert facts is not None
        kept.append((await kind.apply(facts, kind.decide(facts, stage.clock.now()))).keeps_status)

    assert kept == [False, True, True]


async def test_looks_after_trouble_share_no_secret(stage: Stage) -> None:
    """What was wrong may have been mended a moment ago."""
    stage.watches["app"].finding = waiting("app")
    await repeats(stage)
    await repeats(stage)

    assert all(moment.since == moment.secrets_since for moment in stage.watches["app"].moments)


# --- when


async def test_a_new_warehouse_looks_at_everything(stage: Stage) -> None:
    """At once, whatever the schedule says."""
    looks = await stage.gather()

    assert stage.counts() == (1, 1)
    assert {one.look.cause for one in looks.values()} == {Cause.POLL}


async def test_each_subscription_has_moments_of_its_own(stage: Stage) -> None:
    """One is due and the other is not; within an interval each had one look."""
    await stage.gather()
    seen = [stage.counts()]
    for _ in range(30):
        await stage.gather(INTERVAL / 30)
        if stage.counts() != seen[-1]:
            seen.append(stage.counts())

    assert seen[-1] == (2, 2)
    assert len(seen) == 3


async def test_a_retry_of_one_does_not_ask_the_other(stage: Stage) -> None:
    """Trouble is looked at sooner, by those who have it."""
    stage.watches["app"].finding = waiting("app")
    stage.body["spec"]["interval"] = "24h"
    await stage.gather()

    await stage.gather(4 * MINUTE)

    assert stage.counts() == (2, 1)


async def test_foreseen_errors_are_trouble_of_one_subscription(stage: Stage) -> None:
    """The other is looked at all the same."""
    error = RegistryUnreachable("no connection to the registry")
    assert isinstance(error, FORESEEN)
    stage.watches["app"].finding = error

    looks = await stage.gather()

    assert isinstance(looks["app"].finding, Trouble)
    assert isinstance(looks["source"].finding, Found)


async def test_a_request_looks_at_all_of_them_and_takes_no_older_answer(stage: Stage) -> None:
    """Whoever asks wants to know what is there now."""
    stage.body["spec"]["interval"] = "24h"
    await stage.gather()
    stage.clock.seconds += (MINUTE).total_seconds()
    stage.ask()

    looks = await stage.gather()

    assert stage.counts() == (2, 2)
    assert {one.look.cause for one in looks.values()} == {Cause.REQUEST}
    assert {watch.moments[-1].since for watch in stage.watches.values()} == {stage.clock.now()}
    await stage.gather(timedelta(seconds=1))
    assert stage.counts() == (2, 2)


async def test_a_new_spec_is_looked_at_at_once(stage: Stage) -> None:
    """And tells everybody what was found before."""
    await stage.gather()
    stage.body["metadata"]["generation"] = 2

    await stage.gather(timedelta(seconds=1))

    assert stage.counts() == (2, 2)
    assert all(watch.befores[-1] is not None for watch in stage.watches.values())


async def test_after_a_restart_everybody_waits_for_their_moments(stage: Stage) -> None:
    """Nothing is asked, and what is decided is what stands there."""
    await stage.gather()
    before = dict(stage.body["status"])
    stage.restart()

    looks = await stage.gather(timedelta(seconds=1))

    assert stage.counts() == (1, 1)
    assert {one.look.result for one in looks.values()} == {None}
    assert stage.body["status"] == before
    for _ in range(30):
        await stage.gather(INTERVAL / 30)
    assert stage.counts() == (2, 2)


async def test_after_a_restart_trouble_is_looked_at_within_about_a_minute(stage: Stage) -> None:
    """Not all of it at once, and nothing else with it."""
    stage.body["spec"]["interval"] = "24h"
    stage.watches["app"].finding = waiting("app")
    await stage.gather()
    stage.restart()
    await stage.gather(timedelta(seconds=1))
    assert stage.counts() == (1, 1)

    await stage.gather(70 * timedelta(seconds=1))

    assert stage.counts() == (2, 1)


async def test_what_grows_old_enough_wakes_its_subscription(stage: Stage) -> None:
    """In that very moment, also after a restart."""
    stage.body["spec"]["interval"] = "24h"
    ripe_at = START + 7 * MINUTE
    stage.watches["app"].finding = found("app", ripening=Ripening((), ripe_at))
    looks = await stage.gather()
    assert looks["app"].schedule.next_look(looks["app"].look, stage.clock.now()) == ripe_at

    stage.restart()
    await stage.gather(7 * MINUTE - timedelta(seconds=1))
    assert stage.counts() == (1, 1)
    await stage.gather(timedelta(seconds=1))

    assert stage.counts() == (2, 1)


async def test_a_low_quota_makes_the_interval_four_times_as_long(stage: Stage) -> None:
    """Of the subscription that it concerns."""
    stage.watches["app"].finding = found("app", throttled="few pulls left")
    await stage.gather()

    for _ in range(8 * 10):
        await stage.gather(INTERVAL / 10)

    assert stage.counts() == (3, 9)


async def test_a_low_quota_is_not_forgotten_by_a_look_that_fails(stage: Stage) -> None:
    """The condition would come and go with every hiccup."""
    stage.watches["app"].finding = found("app", throttled="few pulls left")
    await stage.gather()
    stage.watches["app"].finding = RegistryUnreachable("no connection to the registry")

    looks = await stage.gather(4 * INTERVAL)

    assert isinstance(looks["app"].finding, Trouble)
    assert looks["app"].finding.throttled == "few pulls left"


async def test_a_host_that_wants_to_be_left_alone_is(stage: Stage) -> None:
    """As long as it said, though the interval is over."""
    stage.watches["app"].finding = RateLimited("the registry wants fewer requests", 1200.0)
    await stage.gather()

    await stage.gather(19 * MINUTE)
    assert stage.counts()[0] == 1
    await stage.gather(MINUTE)

    assert stage.counts()[0] == 2


async def test_a_wrong_password_is_not_tried_again_until_something_changed(stage: Stage) -> None:
    """Accounts get locked; the next try is that of the interval, or of another Secret."""
    stage.body["spec"]["interval"] = "24h"
    stage.watches["app"].finding = AuthenticationFailed("check user name and password")
    await stage.gather()
    for _ in range(20):
        await stage.gather(MINUTE)
    assert stage.counts() == (1, 1)

    stage.watches["app"].way = "another Secret"
    await stage.gather(MINUTE)

    assert stage.counts() == (2, 1)


async def test_a_credential_that_was_mended_is_found_within_a_minute(stage: Stage) -> None:
    """Whatever the interval; a wrong one is tried once more, and then no more until it was changed."""
    stage.body["spec"]["interval"] = "24h"
    app = stage.watches["app"]
    app.secret, app.finding = "version 1", AuthenticationFailed("check user name and password")
    await stage.gather()
    for _ in range(20):
        await stage.gather(MINUTE)
    assert stage.counts() == (2, 1)

    app.secret, app.finding = "version 2", found("app")
    facts = await stage.gatherer.gather(KEY)
    assert facts is not None

    assert isinstance(facts.live.watched[0].finding if facts.live else None, Found)
    pause = decide(facts, stage.clock.now()).outcome
    assert stage.counts() == (3, 1)
    assert pause.reason == Reason.ARTIFACTS_FOUND


async def test_an_object_that_a_secret_may_mend_comes_back_within_a_minute(stage: Stage) -> None:
    """And only such a one: the other waits for its moment."""
    stage.body["spec"]["interval"] = "24h"
    for secret, soon in ((None, False), ("version 1", True)):
        stage.restart()
        stage.watches["app"].secret = secret
        stage.watches["app"].finding = AuthenticationFailed("check user name and password")
        facts = await stage.gatherer.gather(KEY)
        assert facts is not None
        outcome = decide(facts, stage.clock.now()).outcome
        assert isinstance(outcome, Waiting)
        assert outcome.until is not None
        assert (outcome.until < MINUTE) is soon


async def test_versions_of_secrets_are_read_after_trouble_alone(stage: Stage) -> None:
    """After a restart the status tells of it; thousands that are well cost nothing."""
    app, asked = stage.watches["app"], []
    tell = app.dependency

    async def dependency(*, troubled: bool) -> Dependency:
        asked.append(troubled)
        return await tell(troubled=troubled)

    app.dependency = dependency  # type: ignore[method-assign]
    await stage.gather()
    app.finding = waiting("app")
    await stage.gather(INTERVAL)
    await stage.gather(timedelta(seconds=1))
    stage.restart()
    await stage.gather(timedelta(seconds=1))
    app.finding = found("app")
    await stage.gather(INTERVAL)
    stage.restart()
    await stage.gather(timedelta(seconds=1))

    assert asked == [False, False, True, True, True, False]


async def test_a_way_that_changed_is_no_reason_to_look_where_all_is_well(stage: Stage) -> None:
    """A rotated credential needs no thousand looks."""
    await stage.gather()
    stage.watches["app"].way = "another Secret"

    await stage.gather(timedelta(seconds=1))

    assert stage.counts() == (1, 1)


# --- how fresh, and what is told


async def test_a_look_that_is_due_takes_what_others_found_since_it_was_due(stage: Stage) -> None:
    """All that watch one place are due together, and ask once."""
    await stage.gather()
    for _ in range(30):
        await stage.gather(INTERVAL / 30)

    for watch in stage.watches.values():
        _, second = watch.moments
        assert second.now - INTERVAL / 30 <= second.since < second.now


async def test_a_retry_takes_what_others_got_since_it_was_due(stage: Stage) -> None:
    """All that wait for one place ask once, and what failed before that is no news."""
    stage.watches["app"].finding = waiting("app")
    await stage.gather()

    await stage.gather(4 * MINUTE)

    first, retry = stage.watches["app"].moments
    assert first.now < retry.since <= retry.now


async def test_an_interval_below_the_least_is_raised_and_told_once(stage: Stage) -> None:
    """By an Event; the spec stays as it is."""
    stage.body["spec"]["interval"] = "1s"
    facts = await stage.gatherer.gather(KEY)
    assert facts is not None
    assert facts.live is not None
    assert [note.reason for note in facts.live.notes] == [Reason.INTERVAL_TOO_SHORT]
    stage.write(facts)

    again = await stage.gatherer.gather(KEY)

    assert again is not None
    assert again.live is not None
    assert again.live.notes == ()
    assert stage.counts() == (1, 1)


async def test_looks_that_find_the_same_change_nothing(stage: Stage) -> None:
    """However often they are made."""
    await stage.gather()
    before = dict(stage.body["status"])

    for _ in range(20):
        await stage.gather(INTERVAL / 3)

    assert stage.body["status"] == before
    assert min(stage.counts()) > 5
