"""What a builder is asked for, and what of a spec changes a result."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from slipway.api.managedimage import Build, ManagedImage
from slipway.build.builders.order import GitSource
from slipway.kinds.managedimage.orders import configuration_of, order_of
from tests.unit.kinds.managedimage.world import BASE, NEW, NOW, REPOSITORY, body

GIT: dict[str, Any] = {"url": "https://git.example.com/shop.git"}
WORKFLOW: dict[str, Any] = {
    "owner": "shop",
    "repository": "api",
    "workflow": "image.yml",
    "secretRef": {"name": "github"},
}


def image(
    build: dict[str, Any] | None = None,
    git: dict[str, Any] | None = None,
    target: dict[str, Any] | None = None,
    **spec: Any,
) -> ManagedImage:
    """An image that is built from source, but for what is changed."""
    source = spec.pop("source", {})
    wanted: dict[str, Any] = {
        "build": {"type": "Job", **(build or {})},
        "source": {"git": {**GIT, **(git or {})}, **source},
        "image": {"repository": REPOSITORY, "tag": "1.4.0-{build}", **(target or {})},
        "bases": [],
        **spec,
    }
    return ManagedImage.model_validate(body(**wanted))


def by_github(**workflow: Any) -> ManagedImage:
    return image({"type": "GitHub", "github": {**WORKFLOW, **workflow}})


def configuration(found: ManagedImage) -> str:
    return configuration_of(found.spec)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(image(build={"timeout": "5m"}), id="its time-out"),
        pytest.param(image(build={"retries": 5}), id="how often it is tried"),
        pytest.param(image(build={"job": {"resources": {"limits": {"memory": "1Gi"}}}}), id="its resources"),
        pytest.param(image(build={"history": {"succeeded": 3}}), id="how many builds are kept"),
        pytest.param(image(target={"floatingTags": ["latest"]}), id="floating tags"),
        pytest.param(image(target={"tag": "2-{build}"}), id="how tags are made"),
        pytest.param(image(git={"branch": "next"}), id="the branch, whose commit counts by itself"),
        pytest.param(image(git={"secretRef": {"name": "git"}}), id="who opens the repository"),
        pytest.param(image(rebuild={"policy": "Manual"}), id="when it is built"),
    ],
)
def test_what_changes_no_result_leads_to_no_build(other: ManagedImage) -> None:
    """Else a longer time-out alone would build every image anew."""
    assert configuration(other) == configuration(image())


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(image(target={"repository": f"{REPOSITORY}-2"}), id="where it goes"),
        pytest.param(image(git={"url": "https://git.example.com/other.git"}), id="the repository"),
        pytest.param(image(git={"path": "apps/api"}), id="the build context"),
        pytest.param(image(source={"dockerfile": "Containerfile"}), id="the Dockerfile"),
        pytest.param(image(source={"target": "slim"}), id="the stage"),
        pytest.param(image(source={"buildArgs": [{"name": "A", "value": "b"}]}), id="an argument"),
        pytest.param(image(source={"platforms": ["linux/arm64"]}), id="the platforms"),
        pytest.param(image(build={"job": {"secrets": [{"name": "npm"}]}}), id="what RUN may read"),
        pytest.param(image(bases=[{"reference": BASE}]), id="the bases that the user names"),
        pytest.param(by_github(), id="who builds it"),
    ],
)
def test_what_may_change_the_result_leads_to_a_build(other: ManagedImage) -> None:
    """Whatever goes into the image."""
    assert configuration(other) != configuration(image())


def test_pipeline_counts_with_all_but_its_secret() -> None:
    """A token that was renewed under another name builds nothing; another branch of the workflow does."""
    assert configuration(by_github(secretRef={"name": "other"})) == configuration(by_github())
    changed = [by_github(ref="next"), by_github(inputs={"channel": "beta"}), by_github(workflow="other.yml")]
    assert len({configuration(one) for one in (by_github(), *changed)}) == 4


def test_order_of_platforms_and_arguments_is_of_no_account() -> None:
    """GitOps tools may sort lists."""
    first, second = {"name": "A", "value": "1"}, {"name": "B", "value": "2"}
    one = image(source={"platforms": ["linux/amd64", "linux/arm64"], "buildArgs": [first, second]})
    two = image(source={"platforms": ["linux/arm64", "linux/amd64"], "buildArgs": [second, first]})
    assert configuration(one) == configuration(two)


# --- the order


def begun(**changes: Any) -> Build:
    return Build.model_validate(
        {
            "number": 7,
            "key": "a" * 32,
            "phase": "Building",
            "reference": f"{REPOSITORY}:1.4.0-7",
            "startedAt": NOW,
            "commit": "c" * 40,
            "bases": [{"reference": BASE, "digest": NEW}],
            **changes,
        }
    )


def test_order_tells_all_about_the_build_as_it_was_written_down() -> None:
    """What moved since is no part of it."""
    found = image(
        build={"timeout": "5m", "job": {"secrets": [{"name": "npm"}]}},
        git={"path": "apps/api", "secretRef": {"name": "git"}},
        source={
            "dockerfile": "Containerfile",
            "target": "slim",
            "buildArgs": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}],
            "platforms": ["linux/arm64"],
        },
    )
    order = order_of(found, begun(attempts=3))
    assert (order.namespace, order.image_name, order.uid) == ("shop", "api", "u1")
    assert (order.number, order.attempt, order.key) == (7, 3, "a" * 32)
    assert (order.reference, order.bases) == (f"{REPOSITORY}:1.4.0-7", {BASE: NEW})
    assert (order.timeout, order.requested_at) == (timedelta(minutes=5), NOW)
    assert order.source == GitSource(
        url=GIT["url"],
        commit="c" * 40,
        path="apps/api",
        dockerfile="Containerfile",
        target="slim",
        build_args=(("B", "2"), ("A", "1")),
        platforms=("linux/arm64",),
        secret="git",
        secrets=("npm",),
    )


def test_order_says_no_more_than_the_user_did() -> None:
    """A stage that is not named is the last one, and a public repository needs no Secret."""
    order = order_of(image(), begun())
    assert order.attempt == 1
    assert order.source == GitSource(url=GIT["url"], commit="c" * 40)


@pytest.mark.parametrize(
    ("found", "build"),
    [(image(), begun(commit=None)), (by_github(), begun(commit=None))],
    ids=["no commit is known", "the pipeline knows"],
)
def test_order_without_a_commit_has_no_source(found: ManagedImage, build: Build) -> None:
    """Half of one would be built of whatever is there."""
    assert order_of(found, build).source is None


def test_run_of_an_image_that_is_built_here_no_more_can_still_be_called_back() -> None:
    """Its order is that of before, as far as it tells the run."""
    tracked = ManagedImage.model_validate(body(role="External", build=None, bases=[]))
    order = order_of(tracked, begun())
    assert (order.key, order.timeout, order.source) == ("a" * 32, timedelta(0), None)
