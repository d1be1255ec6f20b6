from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.api.building import BuildHistory
from slipway.api.managedimage import Build, BuildPhase, ManagedImageStatus
from slipway.kinds.managedimage import builds
from slipway.kinds.sizes import Trimmable
from tests.unit.kinds.managedimage.world import BASE, NEW, NEWER, NOW, OLD, REPOSITORY, SOURCE, build, digest


def made(number: int, phase: str = "Succeeded", base: str = NEW, **more: Any) -> Build:
    return Build.model_validate(build(number, phase, base, **more))


def numbers(listed: tuple[Build, ...]) -> list[int]:
    return [one.number for one in listed]


# --- keys

INPUTS: dict[str, Any] = {"repository": REPOSITORY, "base": (BASE, NEW), "source": SOURCE, "allow_run": False}
DIGESTS = st.sampled_from([OLD, NEW, NEWER])
ANY_INPUTS = st.fixed_dictionaries(
    {
        "repository": st.sampled_from([REPOSITORY, "registry.example.com/new/api"]),
        "base": st.tuples(st.sampled_from([BASE, "docker.io/library/alpine:3"]), DIGESTS),
        "source": DIGESTS,
        "allow_run": st.booleans(),
        "request": st.sampled_from([None, "2026-11-21T09:00:00Z", "2026-11-21T09:00:01Z"]),
    }
)


@given(ANY_INPUTS, ANY_INPUTS)
def test_the_same_inputs_give_the_same_key_and_others_another(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    """A key stands for all that goes into a build, and for nothing else."""
    assert (builds.key_of(**one) == builds.key_of(**other)) is (one == other)


def test_the_key_stays_the_same_for_good() -> None:
    """Keys are stored: a release that spells them otherwise would build everything anew."""
    assert builds.key_of(**INPUTS) == "bafa27372658d95a3e2f4558420f2322"


# --- found again

HISTORY = (
    made(5, "Building", NEWER),
    made(4, "Failed", NEW, reason="Superseded"),
    made(3, "Failed", NEW, reason="RunNeedsAllow"),
    made(2, "Succeeded", NEW, digest=digest("second")),
    made(1, "Succeeded", OLD, digest=digest("first")),
)


def test_a_build_is_found_by_what_went_into_it() -> None:
    """Repository, source build and base: neither the key nor the number of what is wanted."""
    wanted = made(9, "Building", NEW, key="other")
    assert builds.succeeded(HISTORY, wanted) == HISTORY[3]
    assert builds.failed(HISTORY, wanted) == HISTORY[2]
    for other in (
        {"reference": "registry.example.com/new/api:1.4.0-9"},
        {"sourceDigest": OLD},
        {"bases": [{"reference": BASE, "digest": digest("unknown")}]},
    ):
        assert builds.succeeded(HISTORY, made(9, "Building", NEW, **other)) is None


def test_a_build_is_found_by_its_key_whatever_became_of_it() -> None:
    """The same key is the same build."""
    listed = (made(2, "Failed", NEWER, key="b"), made(1, key="a"))
    assert [builds.with_key(listed, key) for key in "abc"] == [listed[1], listed[0], None]


@pytest.mark.parametrize(("listed", "number"), [(HISTORY, 5), (HISTORY[1:], None), ((), None)])
def test_the_build_under_way_is_the_one_without_an_end(listed: tuple[Build, ...], number: int | None) -> None:
    """At most one."""
    found = builds.under_way(listed)
    assert (found.number if found else None) == number


@pytest.mark.parametrize(
    ("image", "source"),
    [
        (None, None),
        ({"reference": f"{REPOSITORY}:1.4.0", "digest": SOURCE}, SOURCE),
        ({"reference": f"{REPOSITORY}:1.4.0-2", "digest": digest("second"), "build": 2}, SOURCE),
        ({"reference": f"{REPOSITORY}:1.4.0-8", "digest": digest("lost"), "build": 8}, None),
    ],
)
def test_the_source_of_an_image_is_that_of_its_build(
    image: dict[str, Any] | None, source: str | None
) -> None:
    """Or the image itself; of a build that is no longer in the list nobody knows."""
    listed = [build(2, "Succeeded", NEW)]
    status = ManagedImageStatus.model_validate({"image": image, "builds": listed})
    assert builds.source_of(status) == source


@pytest.mark.parametrize(
    ("reference", "repository"),
    [("r.example.com:5000/a/b:1.4.0-1", "r.example.com:5000/a/b"), ("alpine:3", "alpine"), ("", "")],
)
def test_a_repository_is_a_reference_without_its_tag(reference: str, repository: str) -> None:
    """The port of a host is no tag."""
    assert builds.repository_of(reference) == repository


# --- begun and ended


def test_a_new_build_stands_first_and_one_taken_up_again_where_it_was() -> None:
    """Numbers tell the order, and each stands in the list once."""
    assert numbers(builds.put(HISTORY[1:], made(5, "Building"))) == [5, 4, 3, 2, 1]
    again = builds.put(HISTORY[1:], made(3, "Building"))
    assert numbers(again) == [4, 3, 2, 1]
    assert again[1].phase == "Building"


def test_an_end_says_when_and_what_came_of_it() -> None:
    """Everything else stays as it was begun; what a registry said at length is cut."""
    begun, later = made(1, "Building"), NOW + timedelta(minutes=1)
    done = builds.end(begun, BuildPhase.SUCCEEDED, later, digest=digest("result"))
    assert (done.phase, done.finished_at, done.digest) == ("Succeeded", later, digest("result"))
    assert (done.number, done.key, done.started_at) == (begun.number, begun.key, begun.started_at)
    refused = builds.end(begun, BuildPhase.FAILED, later, reason="RunNeedsAllow", message="x" * 9999)
    assert len(refused.message or "") == 256


@given(st.permutations(range(1, 9)), st.integers(1, 8), st.integers(9, 12))
def test_a_renumbered_build_is_not_there_twice(order: list[int], before: int, after: int) -> None:
    """Whatever order the list had, it is newest first afterwards."""
    listed = tuple(made(number) for number in order)
    replaced = builds.replace(listed, made(after, "Building"), before)
    assert numbers(replaced) == sorted({*order, after} - {before}, reverse=True)


# --- trimmed

LISTS = st.lists(st.sampled_from(["Building", "Succeeded", "Failed"]), max_size=41).map(
    lambda phases: tuple(made(len(phases) - place, phase) for place, phase in enumerate(phases))
)
KEPT = st.builds(BuildHistory, succeeded=st.integers(1, 20), failed=st.integers(1, 20))


@given(LISTS, KEPT, st.none() | st.integers(1, 41))
def test_the_oldest_of_each_phase_go_first(
    listed: tuple[Build, ...], kept: BuildHistory, image: int | None
) -> None:
    """As many stay as the spec says; what is under way and what the image comes from stay beyond that."""
    left = builds.trim(listed, kept, image)
    assert [one for one in listed if one in left] == list(left)
    for phase, most in (("Succeeded", kept.succeeded), ("Failed", kept.failed)):
        alike = [one for one in listed if one.phase == phase]
        assert [one for one in left if one.phase == phase] == [
            one for place, one in enumerate(alike) if place < most or one.number == image
        ]
    assert [one for one in left if one.phase == "Building"] == [
        one for one in listed if one.phase == "Building"
    ]


@given(LISTS, KEPT, st.none() | st.integers(1, 41))
def test_trimming_twice_changes_nothing(
    listed: tuple[Build, ...], kept: BuildHistory, image: int | None
) -> None:
    """Otherwise each look would write."""
    once = builds.trim(listed, kept, image)
    assert builds.trim(once, kept, image) == once


def test_a_phase_that_a_newer_release_wrote_stays() -> None:
    """The set is open: an older operator must be able to read it, and forgets nothing it does not know."""
    listed = (made(2, "Verifying"), made(1))
    assert builds.trim(listed, BuildHistory(succeeded=1, failed=1), None) == listed


@given(st.lists(st.integers(0, 99).map(str), unique=True, max_size=builds.TRIED_LIMIT), st.integers(0, 99))
def test_the_latest_failures_are_remembered(tried: list[str], key: int) -> None:
    """Newest first, each once, the oldest forgotten last of all."""
    remembered = builds.remember_tried(tried, str(key))
    others = [other for other in tried if other != str(key)]
    assert remembered == (str(key), *others)[: builds.TRIED_LIMIT]
    assert len(set(remembered)) == len(remembered) <= builds.TRIED_LIMIT


@pytest.mark.parametrize(
    ("entry", "stays"),
    [
        ({"number": 3, "phase": "Succeeded"}, True),
        ({"number": 2, "phase": "Succeeded"}, False),
        ({"number": 4, "phase": "Building"}, True),
        ({"number": 4, "phase": "Failed"}, False),
    ],
)
def test_a_status_that_grows_too_large_keeps_what_is_needed(entry: dict[str, Any], stays: bool) -> None:
    """The build of the image and the one under way."""
    trimmable, *_ = builds.trimmable(3)
    assert isinstance(trimmable, Trimmable)
    assert (trimmable.path, trimmable.keep(entry)) == (("builds",), stays)
