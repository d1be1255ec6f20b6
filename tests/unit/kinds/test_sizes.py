from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.api.base import Resource, Status
from slipway.api.conditions import HELD, MESSAGE_LIMIT, Condition
from slipway.api.crd import KINDS
from slipway.api.deployment import Deployment
from slipway.api.lengths import BYTES_PER_CHARACTER, stored_size
from slipway.api.managedimage import ManagedImage
from slipway.api.registry import Registry
from slipway.api.warehouse import Warehouse
from slipway.engine.outcome import Stalled, conditions_for
from slipway.engine.reconcile import Plan
from slipway.kinds.deployment import history as deployment_history
from slipway.kinds.deployment.decide import stop
from slipway.kinds.managedimage import builds
from slipway.kinds.managedimage.decide import decide as decide_image
from slipway.kinds.sizes import FEW, ROOM, STATUS_LIMIT, Droppable, Trimmable, fitted
from slipway.kinds.warehouse import history as warehouse_history
from tests.unit.kinds.deployment.world import World
from tests.unit.kinds.managedimage.world import facts as image_facts
from tests.unit.kinds.registry.test_decide import BAD
from tests.unit.kinds.registry.test_decide import run as look_at_registry
from tests.unit.kinds.warehouse.test_decide import DIGESTS, found
from tests.unit.kinds.warehouse.test_decide import run as look_at_repository
from tests.unit.kinds.worst import WIDE, dumped, largest_status

NOW: Final = datetime(2026, 11, 21, 9, tzinfo=UTC)
LISTS: Final[Mapping[type[Resource], tuple[Trimmable | Droppable, ...]]] = {
    Registry: (),
    Warehouse: warehouse_history.TRIMMABLE,
    ManagedImage: builds.trimmable(20),
    Deployment: (deployment_history.TRIMMABLE,),
}
ARTIFACTS: Final = ("chart", "chart", "git", "image")
"""Each has one; a chart is the largest after everything that gives way."""

each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


def worst(kind: type[Resource], **entries: int) -> dict[str, Any]:
    """The largest status of a kind as its code would build it; of 50 builds one is under way."""
    status = largest_status(kind, **entries)
    for number, build in enumerate(status.get("builds", ())):
        build.update(number=50 - number, phase="Failed" if number else "Building")
        if number:
            del build["pipeline"]  # it is kept only as long as a build is under way
    for number, entry in enumerate(status.get("history", ())):
        entry["revision"] = 1000 - number
    for number, artifact in enumerate(status.get("artifacts", ())):
        for content in {"image", "git", "chart"} - {ARTIFACTS[number % len(ARTIFACTS)]}:
            del artifact[content]
    if kind is Deployment and status["history"]:
        del status["history"][-1]["outcome"]
    for number, rejection in enumerate(status.get("rejected", ())):
        rejection["digest"] = f"sha512:{number:0128x}"
    model: type[Status] = type(kind.model_fields["status"].default)
    return dumped(model.model_validate(status))


def with_conditions(status: Mapping[str, Any]) -> dict[str, Any]:
    """The whole status with the longest conditions that the table gives."""
    outcome = Stalled("R" * 63, WIDE * 5000)
    held = Condition(HELD, "True", "R" * 63, WIDE * 5000, 2**63 - 1, NOW)
    conditions = conditions_for(outcome, (), (held,), 2**63 - 1, NOW)
    return {
        **status,
        "observedGeneration": 2**63 - 1,
        "conditions": [condition.to_json() for condition in conditions],
    }


def stopped(status: dict[str, Any]) -> Plan[Any]:
    """The plan for a Deployment with this status that cannot go on."""
    world = World()
    world.status = status
    return stop(world.facts(), Stalled("InvalidSpec", WIDE * 5000))


@each_kind
def test_the_worst_status_of_each_kind_fits(kind: type[Resource]) -> None:
    """Every text and list at its limit, in characters that are stored in six bytes where any are allowed."""
    whole = worst(kind)
    status = fitted(whole, *LISTS[kind])

    assert stored_size(with_conditions(status)) <= STATUS_LIMIT
    trimmed = {part.path[0] for part in LISTS[kind]}
    assert {name: status[name] for name in status.keys() - trimmed} == {
        name: whole[name] for name in whole.keys() - trimmed
    }


@each_kind
def test_few_entries_fit_however_long_they_are(kind: type[Resource]) -> None:
    """So they need not be measured: the largest sum has them all in the list with the largest entries."""
    names = [name for name, member in largest_status(kind).items() if isinstance(member, list)]
    for name in names:
        counts = dict.fromkeys(names, 0) | {name: FEW}
        assert stored_size(without_nested_lists(worst(kind, **counts))) <= ROOM


def without_nested_lists(status: dict[str, Any]) -> dict[str, Any]:
    """The entries of the lists within entries are entries too, and would be too many."""
    for member in status.values():
        for entry in member if isinstance(member, list) else ():
            for part in (entry, *(entry.values() if isinstance(entry, dict) else ())):
                if isinstance(part, dict):
                    part.update({name: [] for name, value in part.items() if isinstance(value, list)})
    return status


def test_room_is_left_for_the_longest_conditions() -> None:
    """Three of them, each with a whole message."""
    bare = with_conditions({})
    assert stored_size(bare) <= STATUS_LIMIT - ROOM
    assert all(len(item["message"]) <= MESSAGE_LIMIT for item in bare["conditions"])
    assert len(bare["conditions"]) == 3


def test_builds_that_are_needed_stay() -> None:
    """The one under way, and the one that made the image."""
    status = fitted(worst(ManagedImage), *builds.trimmable(20))

    numbers = [build["number"] for build in status["builds"]]
    assert {50, 20} <= set(numbers)
    assert numbers == sorted(numbers, reverse=True)
    assert len(status["rebuild"]["tried"]) == 50


def test_changes_under_way_stay() -> None:
    """The newest one too, since it says what runs; rejected digests are never forgotten."""
    status = fitted(worst(Deployment), deployment_history.TRIMMABLE)

    revisions = [entry["revision"] for entry in status["history"]]
    assert (revisions[0], revisions[-1]) == (1000, 951)
    assert len({rejection["digest"] for rejection in status["rejected"]}) == 50


def test_candidates_go_after_the_history() -> None:
    """What was found tells more than what it was before."""
    status = worst(Warehouse)
    del status["artifacts"][4:]
    trimmed = fitted(status, *warehouse_history.TRIMMABLE)

    assert trimmed["history"] == []
    assert sum(len(artifact["candidates"]) for artifact in trimmed["artifacts"]) > 0
    assert stored_size(trimmed) <= ROOM


@pytest.mark.parametrize(
    ("kind", "plan_for"),
    [
        (Registry, lambda status: look_at_registry(BAD, status)),
        (Warehouse, lambda status: look_at_repository(found("1.4.1", DIGESTS[1]), status)),
        (ManagedImage, lambda status: decide_image(image_facts(status, suspend=True), NOW)),
        (Deployment, stopped),
    ],
    ids=[kind.__name__ for kind in KINDS],
)
def test_plans_hold_what_fits(kind: type[Resource], plan_for: Any) -> None:
    """Whatever stood in the object before, the next status of a kind can be stored."""
    status = worst(kind)
    if kind is ManagedImage:
        status["image"]["build"] = 20
        status["builds"][0]["phase"] = "Failed"

    assert stored_size(with_conditions(plan_for(status).status)) <= STATUS_LIMIT


def test_the_usual_history_is_kept_whole() -> None:
    """Fifty changes with names and causes as people write them."""
    entry = {
        "revision": 1,
        "action": "Update",
        "oldImage": "r" * 120,
        "newImage": "r" * 120,
        "cause": "c" * 40,
    }
    status = {"history": [entry] * 50, "rejected": [{"digest": "d" * 71, "reason": "slow"}] * 50}

    assert fitted(status, deployment_history.TRIMMABLE) is status


# --- properties

sizes = st.tuples(st.sampled_from("a<é\N{ROCKET}"), st.integers(100, 2000), st.booleans())
sized_lists = st.lists(sizes, max_size=25)


def listed(drawn: list[tuple[str, int, bool]]) -> list[dict[str, Any]]:
    """Entries that can be told apart."""
    return [{"number": n, "text": char * size, "keep": keep} for n, (char, size, keep) in enumerate(drawn)]


bodies = st.builds(
    lambda old, best, best_too, rest: {
        "old": listed(old),
        "parts": [{"best": listed(best)}, {"best": listed(best_too)}, {}],
        "handledRequests": listed(rest),
    },
    *(sized_lists, sized_lists, sized_lists, st.lists(sizes, min_size=FEW, max_size=FEW + 2)),
)
OLD: Final = Trimmable(("old",), keep=lambda entry: bool(entry["keep"]), newest=1)
BEST: Final = Trimmable(("parts", "best"))


def test_members_go_from_the_last_item_on_and_only_as_far_as_needed() -> None:
    """What is told about the first one stays longest."""
    body = {"parts": [{"name": n, "text": "x" * 10_000, "deep": {"more": "y" * 1000}} for n in range(6)]}
    trimmed = fitted(body, Droppable(("parts", "text")), Droppable(("parts", "deep", "more")))

    assert ["text" in part for part in trimmed["parts"]] == [True, True, True, True, False, False]
    assert all("more" in part["deep"] for part in trimmed["parts"])
    assert stored_size(trimmed) <= ROOM


@given(bodies)
def test_only_what_may_go_goes(body: dict[str, Any]) -> None:
    """It fits, or nothing is left to take; order and protected entries stay, and the input is untouched."""
    before = deepcopy(body)
    after = fitted(body, OLD, BEST)

    assert body == before
    assert after["handledRequests"] == body["handledRequests"]
    assert after["old"][:1] == body["old"][:1]
    assert [item for item in after["old"] if item["keep"]] == [item for item in body["old"] if item["keep"]]
    for part, shorter in zip(body["parts"], after["parts"], strict=True):
        assert shorter.get("best") == (part["best"][: len(shorter["best"])] if part else None)
    takeable = [item for item in after["old"][1:] if not item["keep"]]
    assert stored_size(after) <= ROOM or not (takeable or any(part.get("best") for part in after["parts"]))


@given(bodies)
def test_the_oldest_goes_first_and_no_more_than_needed(body: dict[str, Any]) -> None:
    """What could have gone is newer than what went, and with the last one that went it was too much."""
    after = fitted(body, OLD, BEST)
    gone = [item for item in body["old"] if item not in after["old"]]
    if not gone:
        return

    newest = gone[0]["number"]
    assert all(item["keep"] for item in after["old"][1:] if item["number"] > newest)
    enough = [item for item in body["old"] if item in after["old"] or item["number"] == newest]
    assert stored_size({**body, "old": enough}) > ROOM


@given(bodies)
def test_fitting_twice_changes_nothing(body: dict[str, Any]) -> None:
    """Otherwise each look would write."""
    once = fitted(body, OLD, BEST)

    assert fitted(once, OLD, BEST) == once


def test_a_text_cut_to_its_limit_is_within_the_room_kept_for_it() -> None:
    """The two limits go together: what a message may take is what is kept free for it."""
    assert (
        stored_size(with_conditions({})["conditions"][0]["message"])
        <= BYTES_PER_CHARACTER * MESSAGE_LIMIT + 2
    )
