from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.api.conditions import Reason
from slipway.api.warehouse import (
    Artifact,
    ArtifactChart,
    ArtifactCommit,
    ArtifactImage,
    Subscription,
    WarehouseStatus,
)
from slipway.kinds.looks import Cause, Look
from slipway.kinds.warehouse.findings import SubscriptionLook
from slipway.kinds.warehouse.history import (
    artifact_change,
    change_note,
    full_name,
    is_promise,
    overwriting_note,
    release_of,
    with_change,
)

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
LOOK: SubscriptionLook = Look("u1", 1, NOW, Cause.POLL, None)
ONE, TWO, THREE = (f"sha256:{digit * 64}" for digit in "123")


def image(name: str, tag: str, digest: str = ONE, repository: str = "r.example.com/shop/api") -> Artifact:
    """An artifact that is an image."""
    return Artifact(name=name, image=ArtifactImage(repository=repository, tag=tag, digest=digest))


def subscription(policy: dict[str, object]) -> Subscription:
    """A subscription of images."""
    spec = {"repository": "r.example.com/shop/api", "policy": policy}
    return Subscription.model_validate({"name": "app", "type": "Image", "image": spec})


SEMVER = subscription({"type": "Semver", "semver": {"range": "*"}})
FOLLOWED = subscription({"type": "Digest", "digest": {"tag": "1.0.0"}})


def git(**followed: object) -> Subscription:
    """A subscription of a git repository."""
    spec = {"url": "https://git.example.com/shop/api", **followed}
    return Subscription.model_validate({"name": "app", "type": "Git", "git": spec})


CHART = Subscription.model_validate(
    {"name": "app", "type": "Chart", "chart": {"url": "https://charts.example.com", "name": "api"}}
)

artifacts = st.lists(
    st.builds(
        image, st.sampled_from(["app", "web", "job"]), st.sampled_from("123"), st.sampled_from([ONE, TWO])
    ),
    unique_by=lambda artifact: artifact.name,
    max_size=3,
)


@given(artifacts, artifacts)
@settings(max_examples=60)
def test_a_release_has_the_name_of_what_is_in_it(some: list[Artifact], others: list[Artifact]) -> None:
    """Whatever the order; and another set has another name."""
    same = sorted(some, key=lambda one: one.name) == sorted(others, key=lambda one: one.name)

    assert release_of(some) == release_of(some[::-1])
    assert (release_of(some) == release_of(others)) is same
    assert (release_of(some) is None) is (some == [])


def test_a_release_does_not_depend_on_how_often_it_was_looked_for() -> None:
    """Counts, problems and times are no part of what is found."""
    found = image("app", "1.0.0")
    counted = found.model_copy(update={"tags": 7, "rejected": {"NotSemver": 2}, "candidates": ("1.0.0",)})

    assert release_of([counted]) == release_of([found])


def commit(url: str) -> Artifact:
    """An artifact that is a commit."""
    return Artifact(name="app", git=ArtifactCommit(url=url, ref="v1.0.0", commit="c" * 40))


def chart(url: str, name: str | None) -> Artifact:
    """An artifact that is a chart."""
    return Artifact(name="app", chart=ArtifactChart(url=url, name=name, version="1.0.0", digest=ONE))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(
            image("app", "1.0.0", repository="r.example.com/shop/api"),
            image("app", "1.0.0", repository="r.example.com/shop/fork"),
            id="repositories of images",
        ),
        pytest.param(commit("https://git.example.com/a"), commit("https://git.example.com/b"), id="of git"),
        pytest.param(chart("https://a.example", "api"), chart("https://b.example", "api"), id="hosts"),
        pytest.param(chart("https://a.example", "api"), chart("https://a.example", "web"), id="charts"),
    ],
)
def test_the_same_version_of_another_place_is_another_release(one: Artifact, other: Artifact) -> None:
    """Whoever has both cannot tell by the digest where it is to be pulled from."""
    assert release_of([one]) == release_of([one.model_copy()])
    assert release_of([one]) != release_of([other])


@pytest.mark.parametrize(
    ("watched", "expected"),
    [
        pytest.param(SEMVER, True, id="a range of versions"),
        pytest.param(FOLLOWED, False, id="a tag that is followed"),
        pytest.param(subscription({"type": "Newest"}), False, id="the newest image"),
        pytest.param(subscription({"type": "Alphabetical"}), False, id="the last name"),
        pytest.param(git(semver={"range": "^1"}), True, id="a range of git tags"),
        pytest.param(git(tag="v1.0.0"), True, id="a git tag"),
        pytest.param(git(branch="main"), False, id="a branch"),
        pytest.param(git(), False, id="the default branch"),
        pytest.param(CHART, True, id="a chart"),
    ],
)
def test_versions_are_promises_and_what_is_followed_is_none(watched: Subscription, *, expected: bool) -> None:
    """Only what nobody expects to move is worth a warning when it does."""
    assert is_promise(watched) is expected


def test_an_overwritten_version_that_is_refused_is_told_once() -> None:
    """Again only when it was overwritten again; nothing is told when it is as it was."""
    good = image("app", "1.0.0")
    once = good.model_copy(update={"overwritten_by": TWO})
    twice = good.model_copy(update={"overwritten_by": THREE})

    first = overwriting_note(good, once)
    assert first is not None
    assert (first.reason, first.type) == (Reason.TAG_MUTATED, "Warning")
    assert first.message == f"app: tag 1.0.0 was overwritten by {TWO}, which is not chosen: {ONE} stays"
    assert overwriting_note(once, once) is None
    assert overwriting_note(once, twice) is not None
    assert overwriting_note(twice, good) is None


def test_what_overwrote_a_version_is_no_second_warning_when_it_is_chosen() -> None:
    """It was told by then; another one was not."""
    refused = image("app", "1.0.0").model_copy(update={"overwritten_by": TWO})

    assert change_note(SEMVER, refused, image("app", "1.0.0", TWO)).reason == Reason.ARTIFACT_CHANGED
    assert change_note(SEMVER, refused, image("app", "1.0.0", THREE)).reason == Reason.TAG_MUTATED


def test_a_change_has_both_ends() -> None:
    """Tag and digest of each; the first one comes from nowhere."""
    first = artifact_change(None, image("app", "1.0.0"), LOOK)
    second = artifact_change(image("app", "1.0.0"), image("app", "1.1.0", TWO), LOOK)

    assert first is not None
    assert second is not None
    assert (first.from_, first.to) == (None, f"1.0.0@{ONE}")
    assert (second.from_, second.to, second.cause) == (f"1.0.0@{ONE}", f"1.1.0@{TWO}", "Poll")


def test_what_is_found_again_or_not_at_all_is_no_change() -> None:
    """A look in vain takes nothing away."""
    assert artifact_change(image("app", "1.0.0"), image("app", "1.0.0"), LOOK) is None
    assert artifact_change(image("app", "1.0.0"), Artifact(name="app"), LOOK) is None


def test_the_newest_change_stands_first_and_the_oldest_goes() -> None:
    """There is room for fifty."""
    status = WarehouseStatus()
    for number in range(60):
        change = artifact_change(None, image("app", f"1.{number}.0"), LOOK)
        assert change is not None
        status = with_change(status, change)

    assert [entry.to.partition("@")[0] for entry in status.history] == [
        f"1.{number}.0" for number in range(59, 9, -1)
    ]


@pytest.mark.parametrize(
    ("watched", "old", "new", "reason"),
    [
        (SEMVER, None, image("app", "1.0.0"), None),
        (SEMVER, image("app", "1.0.0"), image("app", "1.1.0", TWO), None),
        (SEMVER, image("app", "1.0.0"), image("app", "1.0.0", TWO), Reason.TAG_MUTATED),
        (FOLLOWED, image("app", "1.0.0"), image("app", "1.0.0", TWO), None),
    ],
    ids=["the first", "a new version", "an overwritten version", "a followed tag"],
)
def test_only_a_version_that_is_overwritten_is_a_warning(
    watched: Subscription, old: Artifact | None, new: Artifact, reason: str | None
) -> None:
    """Versions are promises, and a tag that is followed is none."""
    note = change_note(watched, old, new)

    assert (note.reason == Reason.TAG_MUTATED, note.type == "Warning") == (reason is not None,) * 2
    assert new.image is not None
    assert new.image.digest in note.message


def test_every_kind_of_artifact_has_a_full_name() -> None:
    """As a person would type it."""
    commit = ArtifactCommit(url="https://git.example.com/a", ref="main", commit="c" * 40)
    chart = ArtifactChart(url="https://charts.example.com", name="api", version="1.2.0", digest=ONE)

    assert full_name(commit) == f"https://git.example.com/a main@{'c' * 40}"
    assert full_name(chart) == f"https://charts.example.com api 1.2.0@{ONE}"
