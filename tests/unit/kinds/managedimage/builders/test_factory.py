"""Which builder an image gets, and what it is told."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any, cast

import pytest

from slipway.api.managedimage import Build, ManagedImage
from slipway.build.builders.errors import SecretNotBound
from slipway.kinds.context import Context
from slipway.kinds.managedimage.builders import builder_for
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
