"""The revision that runs, after somebody deleted its ControllerRevision."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.kinds.deployment.world import World, digest, managed_offer

names = st.from_regex(r"[a-z]{1,5}", fullmatch=True)
numbers = st.integers(1, 65535)
amounts = st.dictionaries(st.sampled_from(["cpu", "memory"]), st.sampled_from(["1", "2Gi"]), max_size=2)


def as_ports(found: dict[str, tuple[int, int | None]]) -> list[dict[str, Any]]:
    """Ports by name, with the number in the container and perhaps another one in the Service."""
    return [
        {"name": name, "containerPort": inside} | ({"servicePort": outside} if outside else {})
        for name, (inside, outside) in found.items()
    ]


inputs = st.fixed_dictionaries(
    {},
    optional={
        "args": st.lists(st.text(max_size=3), max_size=3),
        "command": st.lists(st.text(max_size=3), max_size=3),
        "resources": st.fixed_dictionaries({"requests": amounts, "limits": amounts}),
        "ports": st.dictionaries(names, st.tuples(numbers, st.none() | numbers), max_size=3).map(as_ports),
    },
)


def content(body: dict[str, Any]) -> dict[str, Any]:
    """A ControllerRevision without what the API server gives to each new object."""
    kept = {
        name: value for name, value in body["metadata"].items() if name in {"name", "annotations", "labels"}
    }
    return {"metadata": kept, "revision": body["revision"], "data": body["data"]}


def lose(world: World, number: int) -> dict[str, Any]:
    """Delete the ControllerRevision of this number, and return it."""
    (lost,) = (body for body in world.revisions if body["revision"] == number)
    world.revisions = [body for body in world.revisions if body is not lost]
    return lost


@settings(max_examples=60)
@given(inputs, inputs)
def test_it_comes_back_as_it_was_whatever_the_spec_says_by_now(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    """What runs is read back from the workload and the Service, under its number and with its cause."""
    world = World(managed_offer(1), args=["first"])
    world.settle()
    world.change(**{"args": None, **before})
    world.offer = managed_offer(2, 1)
    world.settle()
    world.change(**(dict.fromkeys(before) | after), paused=True)
    world.reconcile()
    told = world.told
    lost = lose(world, 2)
    world.settle()

    (found,) = (body for body in world.revisions if body["revision"] == 2)
    assert content(found) == content(lost)
    assert world.told == told


def test_the_target_of_a_rollback_comes_back() -> None:
    """It runs, so the rollback holds."""
    world = World(args=["old"])
    world.settle()
    world.change(args=["new"])
    world.offer = managed_offer(2, 1)
    world.settle()
    world.change(rollbackTo={"revision": 1})
    world.settle()
    told = world.told
    lost = lose(world, 1)
    plan = world.settle()

    assert (plan.outcome.reason, world.phase, world.digest) == ("RolledBack", "Paused", digest(1))
    assert [content(body) for body in world.revisions if body["revision"] == 1] == [content(lost)]
    assert world.told == told
    assert world.rejected == {digest(2)}


@pytest.mark.parametrize(("written", "answered"), [("1000m", "1"), ("1024Mi", "1Gi")])
def test_rewritten_amounts_are_read_from_the_spec(written: str, answered: str) -> None:
    """The API server answers another text for the same amount, which is no input of the revision."""
    world = World(resources={"limits": {"cpu": written}})
    world.settle()
    assert world.workload is not None
    world.workload["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["cpu"] = answered
    lost = lose(world, 1)
    world.settle()

    assert [content(body) for body in world.revisions] == [content(lost)]


def test_what_cannot_be_told_exactly_is_left_alone() -> None:
    """The workload was edited by hand, and the spec wishes for something else."""
    world = World(args=["old"])
    world.settle()
    world.change(paused=True, args=["new"])
    world.reconcile()
    assert world.workload is not None
    world.workload["spec"]["template"]["spec"]["containers"][0]["args"] = ["edited"]
    lose(world, 1)
    before = world.workload
    world.reconcile()

    assert world.workload == before
    assert world.phase == "Paused"
    assert world.revisions == []


def test_it_keeps_its_first_cause() -> None:
    """Going back to earlier inputs goes back to their revision, which was made for another reason."""
    world = World()
    world.settle()
    for arguments in (["other"], None):
        world.change(args=arguments)
        world.settle()
    assert (world.history[0].revision, world.history[0].cause) == (1, "spec change")
    lost = lose(world, 1)
    world.settle()

    assert content(lost) in map(content, world.revisions)
    assert lost["metadata"]["annotations"] == {"slipway.dev/cause": "ManagedImage api: build 1"}


def test_what_was_undone_by_hand_is_not_taken_for_the_lost_one() -> None:
    """The workload shows an older revision, which is kept under its own number."""
    world = World()
    world.settle()
    older = world.workload
    world.offer = managed_offer(2, 1)
    world.settle()
    world.change(rollbackTo={"revision": 2})
    world.settle()
    world.workload = older
    lose(world, 2)
    plan = world.reconcile()

    assert plan.outcome.reason == "RevisionNotFound"
    assert world.numbers == [1]


def test_it_comes_back_though_another_one_runs_by_then() -> None:
    """A new build comes before the operator looks: the workload is about to be overwritten."""
    world = World()
    world.settle()
    world.offer = managed_offer(2, 1)
    world.settle()
    lost = lose(world, 2)
    world.offer = managed_offer(3, 2, 1)
    world.settle()

    assert (world.numbers, world.digest) == ([1, 2, 3], digest(3))
    assert content(lost) in map(content, world.revisions)
    world.change(rollbackTo={"revision": 2})
    world.settle()
    assert world.digest == digest(2)


def test_it_comes_back_with_the_rejection_of_its_digest() -> None:
    """A rollback leaves it in the same run."""
    world = World()
    world.settle()
    world.offer = managed_offer(2, 1)
    world.settle()
    lose(world, 2)
    world.change(rollbackTo={"revision": 1})
    world.settle()

    notes = {body["revision"]: body["metadata"]["annotations"] for body in world.revisions}
    assert "slipway.dev/rejected" not in notes[1]
    assert "slipway.dev/rejected" in notes[2]


def test_rewritten_amounts_are_read_from_another_revision() -> None:
    """The target of a rollback runs, and the spec has other arguments by now."""
    world = World(args=["old"], resources={"limits": {"cpu": "1000m"}})
    world.settle()
    world.change(args=["new"])
    world.settle()
    world.change(rollbackTo={"revision": 1})
    world.settle()
    assert world.workload is not None
    world.workload["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["cpu"] = "1"
    lost = lose(world, 1)
    plan = world.settle()

    assert plan.outcome.reason == "RolledBack"
    assert content(lost) in map(content, world.revisions)


def test_it_is_not_mistaken_for_what_was_undone_by_hand() -> None:
    """All ControllerRevisions are gone, and the workload shows an older revision than ran last."""
    world = World(args=["a"])
    world.settle()
    older = world.workload
    world.change(args=["b"])
    world.settle()
    world.workload, world.revisions = older, []
    world.change(paused=True)
    world.settle()

    assert world.revisions == []
