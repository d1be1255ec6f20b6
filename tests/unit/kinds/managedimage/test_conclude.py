"""What follows from a rebase that was done, refused or given up, and from a result that is gone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from slipway.engine.outcome import Stalled, Waiting
from slipway.kinds.managedimage.conclude import conclude, is_overtaken, result_is_gone
from slipway.kinds.managedimage.decide import decide, needs_registry
from slipway.kinds.managedimage.facts import Built, GivenUp, NumberTaken, RebaseResult, Refused, Source
from tests.unit.kinds.managedimage.world import (
    MANUAL,
    NEW,
    NEWER,
    NOW,
    OLD,
    REPOSITORY,
    SOURCE,
    build,
    built_on,
    digest,
    facts,
)


def test_ended_build_promotes_its_digest() -> None:
    """What was pushed becomes the image, and the build its last word."""
    read = facts(built_on(OLD, builds=[build(1, "Building", NEW)]))
    plan = conclude(read, decide(read, NOW), Built(digest("result")), NOW)
    assert plan.status["image"] == {
        "reference": f"{REPOSITORY}:1.4.0-1",
        "digest": digest("result"),
        "createdAt": "2026-11-21T09:00:00Z",
        "build": 1,
    }
    assert plan.status["builds"][0]["phase"] == "Succeeded"
    assert plan.status["bases"][0]["builtDigest"] == NEW


def test_refused_build_is_tried_once() -> None:
    """A refusal is remembered by its key, and stalls with its own reason until a person acts."""
    read = facts(built_on(OLD, builds=[build(1, "Building", NEW)]))
    ended = conclude(read, decide(read, NOW), Refused("RunNeedsAllow", "a RUN layer"), NOW)
    source = Source(SOURCE, OLD, next_number=2)
    plan = decide(facts({**ended.status}, source=source), NOW)
    assert isinstance(plan.outcome, Stalled)
    assert plan.outcome.reason == "RunNeedsAllow"
    assert "a RUN layer" in plan.outcome.message
    assert plan.status["phase"] == "Failed"
    again = decide(facts({**plan.status}, source=source), NOW + timedelta(hours=1))
    assert (again.status, again.outcome) == (plan.status, plan.outcome)


def test_spec_changed_during_a_build_is_looked_at() -> None:
    """A build that ends under a newer spec is kept, and what the spec wants now is decided anew."""
    read = facts(built_on(OLD, builds=[build(1, "Building", NEW)]), observed_generation=0)
    plan = conclude(read, decide(read, NOW), Built(digest("result")), NOW)
    assert isinstance(plan.outcome, Waiting)
    assert needs_registry(facts({**plan.status}, base=NEW))


def test_base_that_moved_during_a_build_is_not_called_newest() -> None:
    """A build that ends on a base that has moved on meanwhile is kept, but not called current."""
    read = facts(built_on(OLD, builds=[build(1, "Building", NEW)]), base=NEWER)
    plan = conclude(read, decide(read, NOW), Built(digest("result")), NOW)
    assert plan.status["phase"] == "Building"
    assert plan.status["image"]["digest"] == digest("result")
    assert plan.status["bases"][0]["latestDigest"] == NEWER


def test_build_that_cannot_go_on_makes_way_for_a_newer_base() -> None:
    """What keeps failing for outer reasons is given up once something else is wanted."""
    read = facts(built_on(OLD, builds=[build(1, "Building", NEW)]), base=NEWER)
    assert is_overtaken(read)
    plan = conclude(read, decide(read, NOW), GivenUp("RegistryUnreachable", "refused"), NOW)
    assert plan.status["builds"][0]["reason"] == "Superseded"
    assert plan.status["bases"][0]["latestDigest"] == NEWER
    assert not is_overtaken(facts(built_on(OLD, builds=[build(1, "Building", NEW)]), base=NEW))


def test_taken_tag_moves_the_build_to_the_next_number() -> None:
    """A tag that somebody else pushed is never overwritten."""
    read = facts(built_on(OLD, builds=[build(1, "Building", NEW)]))
    plan = conclude(read, decide(read, NOW), NumberTaken(4), NOW)
    assert plan.status["builds"][0]["number"] == 4
    assert plan.status["builds"][0]["phase"] == "Building"
    assert [(note.reason, note.type) for note in plan.events][-1] == ("TagTaken", "Warning")


def test_build_that_is_renumbered_moves_to_the_front() -> None:
    """Builds stand newest first, also when an older one was taken up again and got a new number."""
    others = [build(number, "Succeeded", NEWER, digest=digest(f"{number}")) for number in (3, 2)]
    read = facts(built_on(OLD, builds=[*others, build(1, "Building", NEW)]))
    plan = conclude(read, decide(read, NOW), NumberTaken(4), NOW)
    assert [one["number"] for one in plan.status["builds"]] == [4, 3, 2]
    assert plan.status["builds"][0]["reference"] == f"{REPOSITORY}:1.4.0-4"


def test_build_of_the_image_outlives_a_shorter_history() -> None:
    """It was promoted again, newer builds came to nothing for it, and the spec keeps but one."""
    image = {"reference": f"{REPOSITORY}:1.4.0-1", "digest": digest("first"), "build": 1}
    status = built_on(
        NEW,
        image=image,
        builds=[
            build(3, "Building", digest("third base")),
            build(2, "Succeeded", NEWER, digest=digest("second")),
            build(1, "Succeeded", NEW, digest=digest("first")),
        ],
    )
    settings = {"type": "None", "baseChange": "Rebase", "rebase": {"from": {"tag": "1.4.0"}}}
    read = facts(status, base=digest("third base"), build={**settings, "history": {"succeeded": 1}})
    plan = conclude(read, decide(read, NOW), Refused("RunNeedsAllow", "a RUN layer"), NOW)
    assert [one["number"] for one in plan.status["builds"]] == [3, 2, 1]
    replaced = conclude(read, decide(read, NOW), Built(digest("result")), NOW)
    assert [one["number"] for one in replaced.status["builds"]] == [3]


def test_lost_result_is_built_again() -> None:
    """A registry that cleans up may take what would be promoted: its inputs are built again."""
    ended = build(1, "Succeeded", NEW, digest=digest("result"), finishedAt="2026-11-21T08:01:00Z")
    status, source = built_on(OLD, builds=[ended]), Source(SOURCE, OLD, next_number=2)
    gone = result_is_gone(facts(status, source=source), 1, NOW)
    assert gone.status["image"] == built_on(OLD)["image"]
    assert (gone.status["builds"][0]["phase"], gone.status["builds"][0]["reason"]) == (
        "Failed",
        "ManifestNotFound",
    )
    assert [note.reason for note in gone.events] == ["BaseMoved", "ManifestNotFound"]
    again = decide(facts(dict(gone.status), source=source), NOW)
    assert (again.status["builds"][0]["number"], again.status["builds"][0]["phase"]) == (1, "Building")
    assert decide(facts(dict(gone.status), source=source, **MANUAL), NOW).status["phase"] == "Outdated"


RESULTS: st.SearchStrategy[RebaseResult] = st.one_of(
    st.builds(Built, st.sampled_from([digest("result"), digest("other")])),
    st.builds(Refused, st.sampled_from(["RunNeedsAllow", "NotOnBase"]), st.text(max_size=400)),
    st.builds(GivenUp, st.just("RegistryUnreachable"), st.text(max_size=400)),
    st.builds(NumberTaken, st.integers(51, 60)),
)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[dict[str, Any]], int | None, dict[str, int]]:
    """Builds newest first with one under way, the number of the image's build, and what the spec keeps."""
    count = draw(st.integers(1, 20))
    phases = [draw(st.sampled_from(["Succeeded", "Failed"])) for _ in range(count)]
    under_way = draw(st.integers(0, count - 1))
    listed = []
    for place, phase in enumerate(phases):
        number = count - place
        base, told = digest(f"base {number}"), {} if place == under_way else {"digest": digest(f"{number}")}
        listed.append(build(number, "Building" if place == under_way else phase, base, **told))
    succeeded = [one["number"] for one in listed if one["phase"] == "Succeeded"]
    image = draw(st.sampled_from([None, *succeeded]))
    kept = {"succeeded": draw(st.integers(1, 5)), "failed": draw(st.integers(1, 5))}
    return listed, image, kept


@given(histories(), RESULTS)
def test_an_ended_build_costs_only_the_oldest_of_the_others(
    history: tuple[list[dict[str, Any]], int | None, dict[str, int]], result: RebaseResult
) -> None:
    """Whatever comes of it: numbers stay in order, the image keeps its build, nothing under way is lost."""
    listed, number, kept = history
    image = {"reference": f"{REPOSITORY}:1.4.0-{number}", "digest": digest(f"{number}"), "build": number}
    status = built_on(OLD, builds=listed, **({"image": image} if number else {}))
    settings = {"type": "None", "baseChange": "Rebase", "rebase": {"from": {"tag": "1.4.0"}}}
    read = facts(status, build={**settings, "history": kept})

    plan = conclude(read, decide(read, NOW), result, NOW)

    left = [one["number"] for one in plan.status["builds"]]
    assert left == sorted(set(left), reverse=True)
    offered = plan.status["image"].get("build")
    assert offered is None or offered in left
    assert ("Building" in {one["phase"] for one in plan.status["builds"]}) is isinstance(result, NumberTaken)
    if isinstance(result, NumberTaken):
        assert len(left) == len(listed)
        return
    for phase, most in (("Succeeded", kept["succeeded"]), ("Failed", kept["failed"])):
        numbers = [one["number"] for one in plan.status["builds"] if one["phase"] == phase]
        assert len([one for one in numbers if one != offered]) <= most
