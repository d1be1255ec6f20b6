"""Who is queued by which news. The promise as a whole is tested in test_resync_model.py."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from slipway.engine.intake import Intake
from slipway.engine.key import Key
from slipway.engine.queue import Queue
from slipway.engine.schedule import Schedule
from slipway.engine.store import Store
from slipway.engine.view import Urgency, View
from tests.unit.engine.support import CHILD_KIND, KIND, OTHER_KIND, FakeView, ManualClock, key

IMAGE = ("image", "shop", "api")
WAREHOUSE = FakeView(key(), topics=(IMAGE,))
LISTENER = FakeView(key("listener", kind=OTHER_KIND), listens=(IMAGE, key()))


class Desk:
    """A store, a queue and the intake before them."""

    def __init__(self, *known: FakeView) -> None:
        self.store = Store()
        self.queue = Queue()
        self.clock = ManualClock()
        self.schedule = Schedule(self.clock, self.queue.add)
        self.intake = Intake(self.store, self.queue, (KIND, OTHER_KIND), self.schedule)
        for view in known:
            self.store.put(view)

    def observe(self, view: FakeView, own: bool = False) -> set[Key]:
        """The keys that this news queues."""
        self.intake.observe(view, own=own)
        return self.take_all()

    def forget(self, view: FakeView, version: int) -> set[Key]:
        """The keys that this removal queues."""
        self.intake.forget(view.key, view.uid, version)
        return self.take_all()

    def take_all(self) -> set[Key]:
        """Empty the queue."""
        waiting = set(self.queue._waiting)
        while self.queue._turns:
            self.queue.done(self.queue._next())
        return waiting


def newer(view: FakeView, **fields: object) -> FakeView:
    """The next version of a view."""
    return replace(view, resource_version=view.resource_version + 1, **fields)  # type: ignore[arg-type]


def test_a_new_object_is_queued() -> None:
    """The first sight of an object queues it, and who listens for it."""
    assert Desk().observe(WAREHOUSE) == {WAREHOUSE.key}
    assert Desk(LISTENER).observe(WAREHOUSE) == {WAREHOUSE.key, LISTENER.key}


def test_old_news_is_no_news() -> None:
    """The same version again queues nobody."""
    assert Desk(WAREHOUSE, LISTENER).observe(WAREHOUSE) == set()


@pytest.mark.parametrize(
    "fields",
    [{"wish": b"new"}, {"status_hash": b"new"}, {"topics": ()}, {"uid": "uid-2"}, {"generation": 2}],
    ids=str,
)
def test_listeners_hear_of_what_they_can_see(fields: dict[str, object]) -> None:
    """A change of the wish, the status, the topics or the object itself concerns its listeners."""
    assert Desk(WAREHOUSE, LISTENER).observe(newer(WAREHOUSE, **fields)) == {WAREHOUSE.key, LISTENER.key}


def test_listeners_are_spared_what_they_cannot_see() -> None:
    """A new version with nothing new in it queues the object itself only."""
    assert Desk(WAREHOUSE, LISTENER).observe(newer(WAREHOUSE)) == {WAREHOUSE.key}


def test_listeners_of_a_topic_that_goes_and_of_one_that_comes_are_queued() -> None:
    """Who listened to the old topic and who listens to the new one both have to look."""
    old, new = (FakeView(key(name, kind=OTHER_KIND), listens=((name,),)) for name in ("old", "new"))
    desk = Desk(old, new, FakeView(key(), topics=(("old",),)))

    assert desk.observe(FakeView(key(), resource_version=2, topics=(("new",),))) == {key(), old.key, new.key}


def test_who_listens_to_what_stays_is_spared_a_topic_that_comes() -> None:
    """A Warehouse that one more image shares is the same for all the others."""
    one = FakeView(key("one", kind=OTHER_KIND), listens=(("one",), key()))
    other = FakeView(key("two", kind=OTHER_KIND), listens=(("two",), key()))
    shared = FakeView(key(), topics=(("one",), IMAGE))

    assert Desk(one, other, shared).observe(newer(shared, topics=(("one",), IMAGE, ("two",)))) == {
        key(),
        other.key,
    }


def test_a_child_queues_its_owner_but_not_itself() -> None:
    """Children have no reconciler."""
    child = FakeView(key("child", kind=CHILD_KIND), owner=key())
    desk = Desk()

    assert desk.observe(child) == {key()}
    assert desk.observe(newer(child)) == {key()}
    assert desk.forget(child, 9) == {key()}


def test_a_change_of_a_child_that_tells_nothing_queues_nobody() -> None:
    """As its view says; that it goes, or comes anew, counts all the same."""
    child = FakeView(key("child", kind=CHILD_KIND), owner=key(), urgency=Urgency.NONE)
    desk = Desk(child)

    assert desk.observe(newer(child)) == set()
    assert desk.observe(newer(newer(child), uid="uid-2")) == {key()}
    assert desk.observe(newer(newer(newer(child)), uid="uid-2", generation=2)) == {key()}
    assert desk.forget(replace(child, uid="uid-2"), 9) == {key()}


def test_changes_that_may_wait_are_one_look() -> None:
    """After two seconds, however many there were, and whether or not the owner is running."""
    child = FakeView(key("child", kind=CHILD_KIND), owner=key(), urgency=Urgency.SOON)
    desk = Desk(child)

    for version in (2, 3, 4):
        assert desk.observe(replace(child, resource_version=version)) == set()
        desk.clock.seconds += 0.6
    desk.clock.seconds += 0.3
    assert desk.schedule.wake_due() == 1
    assert desk.take_all() == {key()}

    desk.intake.wake(key())
    desk.queue._next()
    desk.intake.observe(replace(child, resource_version=5))
    desk.queue.done(key())
    assert desk.take_all() == set()
    assert len(desk.schedule) == 1


def test_a_status_without_news_is_kept_from_listeners() -> None:
    """The view knows what its listeners see of it."""

    class Discreet(FakeView):
        __slots__ = ()

        @override
        def concerns_listeners(self, before: View) -> bool:
            return False

    view = Discreet(key(), topics=(IMAGE,))
    desk = Desk(view, LISTENER)

    assert desk.observe(newer(view, status_hash=b"new")) == {key()}
    assert desk.observe(newer(newer(view), wish=b"new")) == {key(), LISTENER.key}


def test_a_child_that_changes_hands_queues_both_owners() -> None:
    """Made anew under the same name for another owner: the old one has lost something."""
    child = FakeView(key("child", kind=CHILD_KIND), owner=key("old"))

    assert Desk(child).observe(newer(child, uid="uid-2", owner=key("new"))) == {key("old"), key("new")}


@pytest.mark.parametrize("echo_first", [False, True], ids=["answer first", "echo first"])
def test_what_its_own_run_wrote_is_no_news_to_an_owner(echo_first: bool) -> None:
    """Neither a child that is made, nor one that is changed or deleted, nor any echo of it."""
    child = FakeView(key("child", kind=CHILD_KIND), owner=key())
    desk = Desk()

    for version in (child, newer(child)):
        with desk.intake.writing(child.key, key()):
            for own in (not echo_first, echo_first):
                desk.intake.observe(version, own=own)
    with desk.intake.writing(child.key, key()):
        for own in (not echo_first, echo_first):
            desk.intake.forget(child.key, child.uid, 2 if own else 3, own=own)

    assert desk.take_all() == set()
    assert desk.store.get(child.key) is None
    assert desk.observe(newer(child)) == set()


@given(st.data())
def test_an_owner_hears_of_what_the_answer_did_not_tell(data: st.DataObject) -> None:
    """Whatever others write before and after it, and whether the answer is first, last or lost."""
    before, after = data.draw(st.integers(0, 2)), data.draw(st.integers(0, 2))
    lost = data.draw(st.booleans())
    heard_first = data.draw(st.integers(0, before + 1 + after))
    child = FakeView(key("child", kind=CHILD_KIND), owner=key())
    versions = [replace(child, resource_version=2 + number) for number in range(before + 1 + after)]
    desk = Desk(child)

    with suppress(TimeoutError), desk.intake.writing(child.key, key()):
        for version in versions[:heard_first]:
            desk.intake.observe(version)
        if lost:
            raise TimeoutError
        desk.intake.observe(versions[before], own=True)
    for version in versions[heard_first:]:
        desk.intake.observe(version)

    assert desk.take_all() == ({key()} if after or lost else set())


@pytest.mark.parametrize(("urgency", "soon"), [(Urgency.SOON, 1), (Urgency.NONE, 0)])
def test_what_overtakes_the_answer_waits_if_it_may(urgency: Urgency, soon: int) -> None:
    """The controller of a child may be quicker than the answer to the write that it follows."""
    child = FakeView(key("child", kind=CHILD_KIND), owner=key(), urgency=urgency)
    answer = replace(child, resource_version=2, generation=2)
    desk = Desk(child)

    with desk.intake.writing(child.key, key()):
        desk.intake.observe(replace(answer, resource_version=3))
        desk.intake.observe(answer, own=True)

    assert desk.take_all() == set()
    assert len(desk.schedule) == soon


def test_what_is_made_anew_while_it_is_deleted_is_news() -> None:
    """Somebody else was quicker than the answer."""
    child = FakeView(key("child", kind=CHILD_KIND), owner=key())
    desk = Desk(child)

    with desk.intake.writing(child.key, key()):
        desk.intake.forget(child.key, child.uid, 2)
        desk.intake.observe(replace(child, uid="uid-2", resource_version=3))
        desk.intake.forget(child.key, child.uid, 1, own=True)

    assert desk.take_all() == {key()}


def test_what_others_do_to_a_child_after_an_own_write_is_news() -> None:
    """A change, a removal, and a child that is made anew."""
    child = FakeView(key("child", kind=CHILD_KIND), owner=key())
    anew = replace(child, uid="uid-2", resource_version=9)
    desk = Desk()
    with desk.intake.writing(child.key, key()):
        desk.intake.observe(child, own=True)

    assert desk.observe(newer(child)) == {key()}
    assert desk.forget(child, 8) == {key()}
    assert desk.observe(anew) == {key()}


def test_a_child_that_an_own_write_takes_away_is_news_to_the_owner_it_had() -> None:
    """Its run did not write it."""
    child = FakeView(key("child", kind=CHILD_KIND), owner=key("old"))
    desk = Desk(child)
    with desk.intake.writing(child.key, key("new")):
        desk.intake.observe(newer(child, uid="uid-2", owner=key("new")), own=True)

    assert desk.take_all() == {key("old")}


def test_the_answer_to_an_own_status_write_wakes_listeners_once() -> None:
    """Not the object itself; and the echo that comes after it wakes nobody."""
    desk = Desk(WAREHOUSE, LISTENER)
    answer = newer(WAREHOUSE, status_hash=b"ours")
    desk.store.will_write(WAREHOUSE.key, b"ours")

    assert desk.observe(answer, own=True) == {LISTENER.key}
    assert desk.observe(answer) == set()
    assert not desk.store.must_read_live(WAREHOUSE.key)


def test_an_echo_that_overtakes_the_answer_wakes_listeners_once() -> None:
    """The watch may be faster than the answer."""
    desk = Desk(WAREHOUSE, LISTENER)
    echo = newer(WAREHOUSE, status_hash=b"ours")
    desk.store.will_write(WAREHOUSE.key, b"ours")

    assert desk.observe(echo) == {LISTENER.key}
    assert not desk.store.must_read_live(WAREHOUSE.key)
    assert desk.observe(echo, own=True) == set()


def test_an_announcement_counts_for_one_echo() -> None:
    """A stranger who later brings our status back is heard."""
    desk = Desk(WAREHOUSE)
    desk.store.will_write(WAREHOUSE.key, b"ours")
    echo = newer(WAREHOUSE, status_hash=b"ours")
    desk.observe(echo)

    assert desk.observe(newer(newer(echo, status_hash=b"theirs"), status_hash=b"ours")) == {WAREHOUSE.key}


def test_an_own_write_that_changes_nothing_ends_the_doubt() -> None:
    """An apply without effect answers with the known version, and no echo will come."""
    desk = Desk(WAREHOUSE)
    desk.store.will_write(WAREHOUSE.key, b"ours")

    assert desk.observe(WAREHOUSE, own=True) == set()
    assert not desk.store.must_read_live(WAREHOUSE.key)


def test_a_stale_view_does_not_end_the_doubt() -> None:
    """An old version that happens to look like the announced write answers nothing."""
    desk = Desk(newer(newer(WAREHOUSE)))
    desk.store.will_write(WAREHOUSE.key, b"ours")

    assert desk.observe(replace(WAREHOUSE, status_hash=b"ours")) == set()
    assert desk.store.must_read_live(WAREHOUSE.key)


@pytest.mark.parametrize(
    "answer",
    [newer(WAREHOUSE, wish=b"new"), newer(WAREHOUSE, uid="uid-2"), FakeView(key("made by us"))],
    ids=["another wish", "another object", "an object we made"],
)
def test_an_own_write_that_is_more_than_a_status_wakes_its_object(answer: FakeView) -> None:
    """What we ask of an object is news to that object."""
    assert Desk(WAREHOUSE).observe(answer, own=True) == {answer.key}


def test_a_removal_queues_object_owner_and_listeners() -> None:
    """The object itself is run once more, so that what is kept about it can be dropped."""
    owned = replace(WAREHOUSE, owner=key("owner"))

    assert Desk(owned, LISTENER).forget(owned, 2) == {owned.key, key("owner"), LISTENER.key}


def test_a_removal_of_the_unknown_queues_nobody() -> None:
    """Not known, or another UID, or known in a newer version."""
    assert Desk(LISTENER).forget(WAREHOUSE, 2) == set()
    assert Desk(WAREHOUSE).forget(replace(WAREHOUSE, uid="uid-0"), 2) == set()
    assert Desk(newer(newer(WAREHOUSE))).forget(WAREHOUSE, 2) == set()


def test_an_object_that_listens_to_itself_does_not_wake_itself() -> None:
    """A status write is not answered by a run for ever."""
    selfish = FakeView(key(), topics=(IMAGE,), listens=(IMAGE, key()))
    desk = Desk(selfish)
    desk.store.will_write(selfish.key, b"ours")

    assert desk.observe(newer(selfish, status_hash=b"ours"), own=True) == set()
