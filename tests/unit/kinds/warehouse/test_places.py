from __future__ import annotations

from typing import Any

import pytest

from slipway.api.warehouse import Artifact, Subscription
from slipway.kinds.warehouse.places import reconsidered, still_meant

DIGEST = "sha256:" + "a" * 64
COMMIT = "a" * 40
IMAGE = {"repository": "r.example.com/api", "policy": {"type": "Alphabetical"}}
GIT = {"url": "https://git.example.com/api.git"}
CHART = {"url": "https://charts.example.com", "name": "api"}
FOUND: dict[str, dict[str, Any]] = {
    "image": {"repository": "r.example.com/api", "tag": "1", "digest": DIGEST},
    "git": {"url": "https://git.example.com/api.git", "ref": "main", "commit": COMMIT},
    "chart": {"url": "https://charts.example.com", "name": "api", "version": "1.0.0"},
}
SPECS: dict[str, dict[str, Any]] = {"image": IMAGE, "git": GIT, "chart": CHART}


def subscription(member: str, **changes: Any) -> Subscription:
    """A subscription of this kind."""
    return Subscription.model_validate(
        {"name": "one", "type": member.capitalize(), member: {**SPECS[member], **changes}}
    )


def artifact(member: str, **changes: Any) -> Artifact:
    """What such a one found."""
    return Artifact.model_validate({"name": "one", member: {**FOUND[member], **changes}})


@pytest.mark.parametrize("member", list(SPECS))
def test_what_was_found_in_the_same_place_is_kept(member: str) -> None:
    """Whatever else the spec says now."""
    assert still_meant(subscription(member), artifact(member)) == artifact(member)


@pytest.mark.parametrize(
    ("member", "changes"),
    [
        pytest.param("image", {"repository": "r.example.com/web"}, id="another repository"),
        pytest.param("git", {"url": "https://git.example.com/web.git"}, id="another git repository"),
        pytest.param("chart", {"url": "https://charts.example.org"}, id="another chart repository"),
        pytest.param("chart", {"name": "web"}, id="another chart"),
    ],
)
def test_what_was_found_elsewhere_means_nothing(member: str, changes: dict[str, str]) -> None:
    """It is no last good one of the new place."""
    assert still_meant(subscription(member, **changes), artifact(member)) is None


@pytest.mark.parametrize("member", list(SPECS))
@pytest.mark.parametrize("other", list(FOUND))
def test_a_subscription_of_another_type_keeps_nothing(member: str, other: str) -> None:
    """Its name alone is no place."""
    known = artifact(other)

    assert (still_meant(subscription(member), known) is known) is (member == other)


def test_what_never_found_anything_is_kept() -> None:
    """Such as a problem, or what was seen and is too young."""
    nothing = Artifact(name="one")

    assert still_meant(subscription("git"), nothing) is nothing
    assert still_meant(subscription("git"), None) is None


def test_another_spec_looks_anew_at_what_was_passed_over() -> None:
    """And at nothing else."""
    passed = artifact("git", passedOver="b" * 40)

    assert reconsidered(passed) == artifact("git")
    for same in (artifact("git"), artifact("image"), Artifact(name="one"), None):
        assert reconsidered(same) is same
