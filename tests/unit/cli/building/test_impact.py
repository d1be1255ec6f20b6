from __future__ import annotations

import json
from typing import Any

import pytest

from slipway.api.managedimage import ManagedImage
from slipway.cli.building.prediction import seconds_of
from tests.support.command_line import slipway
from tests.support.image_cluster import Body, ImageCluster, application, base, build, image

BASE = "r.example.com/shop/base:latest"
PYTHON = "docker.io/library/python:3.12-slim"


SUMMARY = (
    f"When {PYTHON} moves, 3 images are built in 2m 30s, at most 10 at a time, and 1 Deployment rolls out."
)


def impact(cluster: ImageCluster, *arguments: str) -> dict[str, Any]:
    """The JSON that `slipway impact` prints."""
    ended = slipway(cluster, "impact", "-o", "json", *arguments)
    assert ended.code == 0, ended.errors
    found: dict[str, Any] = json.loads(ended.output)
    return found


def chain(*more: Body, **api: Any) -> list[Body]:
    """An image on python, and one on that."""
    return [
        image("base", PYTHON, builds=[build(1, seconds=60)]),
        image("api", BASE, builds=[build(1, seconds=90)], **api),
        *more,
    ]


def built(found: dict[str, Any]) -> list[str]:
    return [one["image"] for one in found["builds"]]


def test_a_table_tells_the_waves_and_what_follows() -> None:
    users = [
        application("api", {"type": "ManagedImage", "managedImage": {"name": "api"}}),
        application("held", {"type": "ManagedImage", "managedImage": {"name": "api"}}, paused=True),
    ]
    bodies = chain(image("web", BASE), image("cron", BASE, spec={"suspend": True}))

    ended = slipway(ImageCluster(bodies, users), "impact", "python:3.12-slim", "-o", "wide")

    assert (ended.code, ended.errors) == (0, "")
    assert ended.lines == [
        "WAVE   IMAGE       BEGINS   ENDS     TIME FROM",
        "1      shop/base   0s       1m       past builds",
        "2      shop/api    1m       2m 30s   past builds",
        "2      shop/web    1m       2m 15s   other images",
        "",
        "DEPLOYMENT   IMAGE      ROLLS OUT",
        "shop/api     shop/api   after 2m 30s",
        "shop/held    shop/api   no: it is paused",
        "",
        "LEFT BEHIND   WHY",
        "shop/cron     it is suspended",
        "",
        SUMMARY,
    ]


def test_json_has_all_of_it() -> None:
    users = [application("api", {"type": "ManagedImage", "managedImage": {"name": "api"}})]

    assert impact(ImageCluster(chain(), users), "base", "--builds", "3") == {
        "image": "shop/base",
        "concurrency": 3,
        "seconds": 90.0,
        "builds": [
            {"image": "shop/api", "wave": 1, "startSeconds": 0.0, "endSeconds": 90.0, "guessed": False}
        ],
        "deployments": [
            {"namespace": "shop", "name": "api", "image": "shop/api", "rollsOut": True, "seconds": 90.0}
        ],
        "leftBehind": [],
    }


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        pytest.param({"rebuild": {"policy": "Manual"}}, "rebuild.policy is Manual", id="Manual"),
        pytest.param({"rebuild": {"policy": "Notify"}}, "rebuild.policy is Notify", id="Notify"),
        pytest.param({"suspend": True}, "it is suspended", id="suspended"),
        pytest.param({"rebuild": {"on": {"base": "Ignore"}}}, "rebuild.on.base is Ignore", id="indifferent"),
    ],
)
def test_who_is_not_built_by_itself_is_left_behind(spec: dict[str, Any], why: str) -> None:
    """With what stands on it alone."""
    bodies = chain(image("web", "r.example.com/shop/api:latest"), spec=spec)
    users = [application("web", {"type": "ManagedImage", "managedImage": {"name": "web"}})]

    found = impact(ImageCluster(bodies, users), "python:3.12-slim")

    assert built(found) == ["shop/base"]
    assert [(one["image"], one["waitsFor"]) for one in found["leftBehind"]] == [
        ("shop/api", []),
        ("shop/web", ["shop/api"]),
    ]
    assert found["leftBehind"][0]["why"].startswith(why)
    assert [(one["name"], one["rollsOut"]) for one in found["deployments"]] == [("web", False)]


@pytest.mark.parametrize(
    ("kinds", "is_built"),
    [
        pytest.param(("CopyFrom",), False, id="files that are copied from it do not matter"),
        pytest.param(("CopyFrom", "Builder"), True, id="but a stage that stands on it does"),
    ],
)
def test_each_use_of_a_base_counts_by_itself(kinds: tuple[str, ...], *, is_built: bool) -> None:
    spec = {"rebuild": {"on": {"copyFrom": "Notify"}}}

    found = impact(ImageCluster([image("api", base(PYTHON, *kinds), spec=spec)]), PYTHON)

    assert built(found) == (["shop/api"] if is_built else [])
    assert [one["why"] for one in found["leftBehind"]] == (
        [] if is_built else ["rebuild.on.copyFrom is Notify"]
    )


def test_an_image_of_nobody_moves_for_all_namespaces_at_once() -> None:
    """Also where one of them tracks it."""
    tracks = {"role": "Base", "image": {"repository": "docker.io/library/python", "tag": "3.12-slim"}}
    bodies = chain(
        image("python", namespace="tools", spec=tracks),
        image("lint", "python:3.12-slim", namespace="tools"),
    )

    assert built(impact(ImageCluster(bodies), "python:3.12-slim")) == ["shop/base", "shop/api"]
    assert built(impact(ImageCluster(bodies), "python:3.12-slim", "-A")) == [
        "shop/base",
        "tools/lint",
        "shop/api",
    ]


@pytest.mark.parametrize(
    ("source", "status", "count"),
    [
        pytest.param(
            {"type": "Warehouse", "warehouse": {"name": "w", "subscription": "app"}},
            {"image": {"reference": "r.example.com/shop/api:1-7", "digest": "sha256:" + "a" * 64}},
            1,
            id="through a Warehouse that found the newest build",
        ),
        pytest.param(
            {"type": "Warehouse", "warehouse": {"name": "w", "subscription": "app"}},
            {"image": {"reference": "r.example.com/shop/api:latest", "digest": "sha256:" + "a" * 64}},
            1,
            id="through a Warehouse that follows the floating tag",
        ),
        pytest.param(
            {"type": "Reference", "reference": "r.example.com/shop/api:latest"},
            {"image": {"reference": "r.example.com/shop/api:latest", "digest": "sha256:" + "a" * 64}},
            0,
            id="what is resolved once does not move",
        ),
        pytest.param(
            {"type": "Warehouse", "warehouse": {"name": "w", "subscription": "app"}},
            {},
            0,
            id="what has found nothing does not move",
        ),
    ],
)
def test_deployments_that_run_an_image(source: Body, status: Body, count: int) -> None:
    newest = {"reference": "r.example.com/shop/api:1-7", "digest": "sha256:" + "a" * 64, "build": 7}
    cluster = ImageCluster(chain(image=newest), [application("api", source, status=status)])

    assert len(impact(cluster, "base")["deployments"]) == count


def test_where_nothing_stands_on_an_image_nothing_follows() -> None:
    ended = slipway(ImageCluster(chain()), "impact", "api")

    assert (ended.code, ended.output) == (0, "When shop/api moves, nothing is built.\n")


def test_what_nobody_uses_is_an_error() -> None:
    ended = slipway(ImageCluster(chain()), "impact", "node:24")

    assert (ended.code, ended.output) == (1, "")
    assert "look in all of them with -A" in ended.errors


def test_the_time_of_a_build_is_the_median_of_those_that_succeeded() -> None:
    builds = [
        build(5, "Building", None),
        build(4, "Failed", 9000),
        build(3, seconds=10),
        build(2, seconds=20),
        build(1, seconds=60),
    ]

    assert seconds_of(ManagedImage.model_validate(image("api", builds=builds))) == 20
    assert seconds_of(ManagedImage.model_validate(image("api"))) is None
