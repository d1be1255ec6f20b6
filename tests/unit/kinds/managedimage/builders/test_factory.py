"""Which builder an image gets, and what it is told."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any, cast

import pytest
from typing_extensions import override

from slipway.api.managedimage import Build, ManagedImage
from slipway.build.builders.errors import NotOffered, SecretNotBound
from slipway.build.builders.job.builder import JobOverseer
from slipway.kinds.context import Context
from slipway.kinds.managedimage.builders import builder_for, overseer_for
from slipway.kinds.managedimage.orders import configuration_of
from slipway.kinds.managedimage.pipelines import recorded_pipeline
from slipway.kinds.registry.credentials import SecretMissing
from slipway.kube.client import KubeClient
from tests.support.ci.fake import TOKEN, FakeCi, order_of
from tests.support.ci.gitea import FakeGitea
from tests.support.ci.github import FakeGitHub
from tests.support.ci.gitlab import FakeGitLab
from tests.support.ci.receiver import SECRET, FakeReceiver
from tests.support.outside import without_cluster
from tests.unit.kinds.managedimage.world import body, build

WORKFLOW = {"owner": "shop", "repository": "api", "workflow": "image.yml"}
VENDORS: dict[str, tuple[type[FakeCi], str, dict[str, Any]]] = {
    "GitHub": (FakeGitHub, "", WORKFLOW),
    "Gitea": (FakeGitea, "", WORKFLOW),
    "GitLab": (FakeGitLab, "", {"project": "shop/api"}),
    "Webhook": (FakeReceiver, "/hooks/build", {}),
}
BUILD = Build.model_validate(build(1, "Building", "sha256:" + "1" * 64))


@dataclass
class FakeKube:
    """Has one Secret, or none."""

    secret: dict[str, Any] | None = None

    async def get(self, *_: object) -> dict[str, Any] | None:
        """Whatever is asked for."""
        return self.secret


@pytest.fixture
async def context() -> AsyncIterator[Context]:
    """What kinds work with, and an API server that has one Secret."""
    async with without_cluster() as made:
        yield replace(made, kube=cast("KubeClient", FakeKube()))


def keep(context: Context, hosts: str) -> None:
    """Put a Secret there that opens everything."""
    data = {"token": TOKEN, "secret": SECRET}
    cast("FakeKube", context.kube).secret = {
        "metadata": {"name": "ci", "annotations": {"slipway.dev/allowed-hosts": hosts}},
        "type": "Opaque",
        "data": {key: base64.b64encode(value.encode()).decode() for key, value in data.items()},
    }


def image_of(kind: str, url: str) -> ManagedImage:
    """An image that is built there."""
    _, path, member = VENDORS[kind]
    member = {**member, "url": f"{url}{path}", "inputs": {"channel": "beta"}, "secretRef": {"name": "ci"}}
    return ManagedImage.model_validate(body(build={"type": kind, kind.lower(): member}))


@pytest.mark.parametrize("kind", [kind for kind in VENDORS if kind != "Webhook"])
async def test_each_type_has_its_builder(context: Context, kind: str) -> None:
    """Who is asked with the token of the Secret, and told the user's own inputs."""
    fake = VENDORS[kind][0]()
    async with fake.running() as running:
        keep(context, running.server.host)
        builder = await builder_for(context, image_of(kind, running.server.url), BUILD)
        assert not builder.starts_once
        assert await builder.start(order_of()) is not None
    assert fake.runs[0].inputs["channel"] == "beta"


async def test_a_webhook_is_signed_with_the_secret(context: Context) -> None:
    """And may be sent again."""
    fake = FakeReceiver(instead=lambda _: None)
    fake.is_authorized = lambda seen: "webhook-signature" in seen.headers  # type: ignore[method-assign]
    async with fake.running() as running:
        keep(context, running.server.host)
        builder = await builder_for(context, image_of("Webhook", running.server.url), BUILD)
        assert builder.starts_once
        await builder.start(order_of())
    assert fake.body()["data"]["inputs"] == {"channel": "beta"}


@pytest.mark.parametrize("kind", VENDORS)
async def test_a_secret_that_does_not_name_the_host_stays_here(context: Context, kind: str) -> None:
    """Nobody who may only edit the image gets it."""
    keep(context, "ci.example.com")
    with pytest.raises(SecretNotBound):
        await builder_for(context, image_of(kind, "https://evil.example"), BUILD)


@pytest.mark.parametrize("kind", VENDORS)
async def test_a_secret_that_is_missing_is_told_with_its_field(context: Context, kind: str) -> None:
    """So that it can be corrected."""
    with pytest.raises(SecretMissing, match=rf"correct build\.{kind.lower()}\.secretRef"):
        await builder_for(context, image_of(kind, "https://ci.example.com"), BUILD)


# --- who looks after a build that was begun


JOB: dict[str, Any] = {
    "source": {"git": {"url": "https://git.example.com/shop.git"}},
    "build": {"type": "Job"},
}


def begun_by(image: ManagedImage) -> Build:
    """A build under way, as it was written down for this image."""
    assert image.spec.build is not None
    return BUILD.model_copy(
        update={
            "method": "Build",
            "configuration": configuration_of(image.spec),
            "pipeline": recorded_pipeline(image.spec.build.pipeline),
        }
    )


@pytest.mark.parametrize("kind", [kind for kind in VENDORS if kind != "Webhook"])
@pytest.mark.parametrize("now", ["another place", "Job", "External"])
async def test_a_run_is_cancelled_where_it_was_started(context: Context, kind: str, now: str) -> None:
    """Whatever the spec says by now; the record has all that it takes, but for the Secret's content."""
    fake = VENDORS[kind][0]()
    async with fake.running() as running:
        keep(context, running.server.host)
        before = image_of(kind, running.server.url)
        run = await (await builder_for(context, before, BUILD)).start(order_of())
        assert run is not None
        started = Build.model_validate(begun_by(before).model_dump(mode="json", by_alias=True))
        after = {
            "another place": image_of(kind, "https://elsewhere.example.com"),
            "Job": ManagedImage.model_validate(body(**JOB)),
            "External": ManagedImage.model_validate(body(role="External", build=None)),
        }[now]
        overseer = await overseer_for(context, after, started)
        assert await overseer.find(order_of()) in {run, None}
        await overseer.cancel(order_of(), run)
    assert [one.cancelled for one in fake.runs] == [1]


@pytest.mark.parametrize("kind", VENDORS)
async def test_jobs_are_looked_after_whatever_is_set_up(context: Context, kind: str) -> None:
    """No image for Jobs is set, and the spec names a pipeline by now: the Job can be read and deleted."""
    started = begun_by(ManagedImage.model_validate(body(**JOB)))
    for image in (ManagedImage.model_validate(body(**JOB)), image_of(kind, "https://ci.example.com")):
        assert isinstance(await overseer_for(context, image, started), JobOverseer)


async def test_a_new_secret_is_used_for_what_is_under_way(context: Context) -> None:
    """The spec asks for the same build, and names another Secret."""
    image = image_of("GitHub", "https://ci.example.com")
    started = begun_by(image)
    assert started.pipeline is not None
    old = started.model_copy(update={"pipeline": started.pipeline.model_copy(update={"secret": "gone"})})
    asked: list[object] = []

    class Asked(FakeKube):
        """Notes what it is asked for."""

        @override
        async def get(self, *of: object) -> dict[str, Any] | None:
            asked.append(of[-1])
            return self.secret

    keep(context, "ci.example.com")
    kube = Asked(cast("FakeKube", context.kube).secret)
    await overseer_for(replace(context, kube=cast("KubeClient", kube)), image, old)
    assert asked == ["ci"]


def test_no_query_of_a_webhook_gets_into_the_status() -> None:
    """It may hold a token."""
    member = {"url": "https://ci.example.com/hook?token=s3cret", "secretRef": {"name": "ci"}}
    image = ManagedImage.model_validate(body(build={"type": "Webhook", "webhook": member}))
    assert image.spec.build is not None
    kept = recorded_pipeline(image.spec.build.pipeline)
    assert kept is not None
    assert kept.url == "https://ci.example.com/hook"


@pytest.mark.parametrize("record", [{"type": "Jenkins"}, {"type": "GitHub", "project": "no owner"}])
async def test_a_record_that_cannot_be_read_is_told(context: Context, record: dict[str, Any]) -> None:
    """Somebody edited the status, or a newer operator wrote it."""
    kept = {**BUILD.model_dump(), "pipeline": {"url": "https://ci.example.com", "secret": "ci", **record}}
    with pytest.raises(NotOffered, match="does not tell which pipeline"):
        await overseer_for(context, ManagedImage.model_validate(body(**JOB)), Build.model_validate(kept))
