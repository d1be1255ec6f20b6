from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from slipway.api.warehouse import Artifact, ArtifactChart, Warehouse
from slipway.cli.errors import Refused
from slipway.cli.explaining import chosen_subscription, explain
from tests.support.outside import without_cluster
from tests.support.raw_server import RawServer, Reply
from tests.support.scripted_registry import Answer, ScriptedRegistry, tags
from tests.support.scripted_registry import image as manifest

DIGEST = "sha256:" + "a" * 64
SEEN = datetime(2026, 11, 20, 9, tzinfo=UTC)
MARK = "    deprecated: true\n"


def image(name: str, repository: str = "r.example.com/a") -> dict[str, Any]:
    """An image subscription."""
    policy = {"type": "Digest", "digest": {"tag": "stable"}}
    return {"name": name, "type": "Image", "image": {"repository": repository, "policy": policy}}


def git(name: str) -> dict[str, Any]:
    """A git subscription."""
    return {"name": name, "type": "Git", "git": {"url": "https://git.example.com/a.git"}}


def chart(name: str, /, **spec: str) -> dict[str, Any]:
    """A chart subscription."""
    watched = {"url": "oci://r.example.com/charts/a", "range": "*", **spec}
    return {"name": name, "type": "Chart", "chart": watched}


def warehouse(*subscriptions: dict[str, Any]) -> Warehouse:
    """A Warehouse with these."""
    return Warehouse.model_validate(
        {"metadata": {"name": "api", "namespace": "shop"}, "spec": {"subscriptions": subscriptions}}
    )


@pytest.mark.parametrize(
    ("subscriptions", "wanted", "chosen"),
    [
        pytest.param([image("app")], None, "app", id="the only one need not be named"),
        pytest.param([git("source"), image("app")], None, "app", id="one of git has no tags"),
        pytest.param([git("source"), chart("chart")], None, "chart", id="a chart has versions"),
        pytest.param([image("app"), image("web")], "web", "web", id="of several one is named"),
        pytest.param([git("source"), image("app")], "source", "source", id="what is named is meant"),
    ],
)
def test_which_subscription_is_meant(
    subscriptions: list[dict[str, Any]], wanted: str | None, chosen: str
) -> None:
    assert chosen_subscription(warehouse(*subscriptions), wanted).name == chosen


@pytest.mark.parametrize(
    ("subscriptions", "wanted", "words"),
    [
        (
            [image("app"), chart("chart")],
            None,
            "several subscriptions: name one of them with --subscription",
        ),
        ([image("app")], "web", "Warehouse api in namespace shop has no subscription web: it has app"),
        ([git("source")], None, "has no subscription of type Image or Chart"),
    ],
)
def test_what_is_not_clear_is_refused_with_what_there_is(
    subscriptions: list[dict[str, Any]], wanted: str | None, words: str
) -> None:
    with pytest.raises(Refused, match=words):
        chosen_subscription(warehouse(*subscriptions), wanted)


async def test_a_git_subscription_has_no_tags_to_explain() -> None:
    async with without_cluster() as context:
        with pytest.raises(Refused, match="is of type Git, which has no tags"):
            await explain(context, warehouse(git("source"), image("app")), "v1", "source")


@pytest.mark.parametrize(
    ("tag", "verdict"), [("stable", "Chosen"), ("1.0.0", "OtherTag"), ("2.0.0", "NotListed")]
)
async def test_a_tag_is_looked_up_in_the_registry(tag: str, verdict: str) -> None:
    with ScriptedRegistry(
        lambda _, path: tags("stable", "1.0.0") if "/tags/list" in path else manifest(DIGEST)
    ) as server:
        subscription = image("app", f"{server.host}/shop/api")
        async with without_cluster() as context:
            told = await explain(context, warehouse(subscription), tag, None)

    assert (told.verdict, told.subscription, told.warehouse, told.namespace) == (
        verdict,
        "app",
        "api",
        "shop",
    )
    assert told.watched == f"{server.host}/shop/api"
    assert (told.position, told.candidates) == (1 if tag == "stable" else None, 1)


@pytest.mark.parametrize(("tag", "verdict"), [("stable", "Chosen"), ("1.0.0", "OtherTag")])
async def test_whoever_follows_a_tag_need_not_be_allowed_to_list_them(tag: str, verdict: str) -> None:
    with ScriptedRegistry(
        lambda _, path: Answer(403, {}, b"{}") if "/tags/list" in path else manifest(DIGEST)
    ) as server:
        async with without_cluster() as context:
            told = await explain(context, warehouse(image("app", f"{server.host}/shop/api")), tag, "app")

    assert told.verdict == verdict


@pytest.mark.parametrize(
    ("version", "verdict"),
    [("1.2.0", "Chosen"), ("1.1.0+build.7", "Candidate"), ("2.0.0", "OutOfRange"), ("3.0.0", "NotListed")],
)
async def test_versions_of_charts_are_explained_too(version: str, verdict: str) -> None:
    index = "entries:\n  api:\n" + "".join(
        f"  - version: {one}\n    digest: {'a' * 64}\n" for one in ("1.1.0+build.7", "1.2.0", "2.0.0")
    )
    async with RawServer(lambda _: Reply(200, index.encode())) as server, without_cluster() as context:
        subscription = chart("chart", url=f"{server.url}/stable", name="api", range="^1")
        told = await explain(context, warehouse(subscription), version, None)

    assert (told.verdict, told.tag) == (verdict, version)


@pytest.mark.parametrize(
    ("version", "chosen", "verdict", "words"),
    [
        pytest.param("1.3.0", "1.2.0", "Deprecated", "'1.3.0' is deprecated: the chart repos", id="in range"),
        pytest.param(
            "2.0.0", "1.2.0", "Deprecated", "'2.0.0' is deprecated: the chart repos", id="out of it"
        ),
        pytest.param("1.2.0", "1.2.0", "Chosen", "'1.2.0' is chosen: sha256:", id="the others are as ever"),
        pytest.param(
            "3.0.0", "1.2.0", "NotListed", "'3.0.0' is not among the", id="what is not there at all"
        ),
        pytest.param("1.3.0", "1.3.0", "Chosen", ": it is deprecated, and what is left", id="it was chosen"),
    ],
)
async def test_a_deprecated_version_says_so(version: str, chosen: str, verdict: str, words: str) -> None:
    """As the index of a chart repository marks it; in the status it is counted under the same reason."""
    index = "apiVersion: v1\nentries:\n  api:\n" + "".join(
        f"  - apiVersion: v2\n    name: api\n    version: {one}\n    digest: {'a' * 64}\n{mark}"
        for one, mark in [("2.0.0", MARK), ("1.3.0", MARK), ("1.2.0", "    deprecated: false\n")]
    )
    async with RawServer(lambda _: Reply(200, index.encode())) as server, without_cluster() as context:
        url = f"{server.url}/stable"
        watching = warehouse(chart("chart", url=url, name="api", range="^1"))
        content = ArtifactChart(
            url=url, name="api", version=chosen, digest="sha256:" + "b" * 64, first_seen_at=SEEN
        )
        known = watching.status.model_copy(update={"artifacts": (Artifact(name="chart", chart=content),)})
        told = await explain(context, watching.model_copy(update={"status": known}), version, None)

    assert told.verdict == verdict
    assert words in told.sentence
    assert told.position == (1 if version == "1.2.0" else None)
