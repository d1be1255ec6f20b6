"""The way to a builder outside of the cluster: whose Secret it is opened with, and who is left alone."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from slipway.api.pipelines import GitHubWorkflow
from slipway.build.builders.errors import BuilderBusy, SecretUnusable
from slipway.kinds.context import Context
from slipway.kinds.managedimage.builders.way import Way, way_to
from slipway.kube.client import KubeClient
from tests.support.ci.fake import TOKEN, order_of
from tests.support.outside import without_cluster
from tests.unit.kinds.managedimage.test_recalling import Server

URL = "https://ci.example.com/api/v3"
WANTED = GitHubWorkflow.model_validate(
    {
        "owner": "shop",
        "repository": "api",
        "workflow": "image.yml",
        "url": URL,
        "secretRef": {"name": "ci"},
    }
)


@dataclass
class Secrets:
    """Has a Secret of one type, whose token may change."""

    type: str = "Opaque"
    token: str = TOKEN
    asked: list[tuple[str | None, str]] = field(default_factory=list)
    """Namespaces and names."""

    async def get(self, _resource: object, namespace: str | None, name: str) -> dict[str, Any]:
        self.asked.append((namespace, name))
        annotations = {"slipway.dev/allowed-hosts": "ci.example.com"}
        data = {"token": base64.b64encode(self.token.encode()).decode()}
        return {"metadata": {"name": name, "annotations": annotations}, "type": self.type, "data": data}


@pytest.fixture
def secrets() -> Secrets:
    return Secrets()


@pytest.fixture
async def context(secrets: Secrets) -> AsyncIterator[Context]:
    async with without_cluster() as made:
        yield replace(made, kube=cast("KubeClient", secrets))


async def way(context: Context) -> Way:
    return await way_to(context, "shop", WANTED, "github")


async def test_secret_is_that_of_the_namespace_and_read_each_time(context: Context, secrets: Secrets) -> None:
    """A new token is used at once, and none of another namespace ever."""
    assert (await way(context)).secret.token("token") == TOKEN
    secrets.token = "another"
    assert (await way(context)).secret.token("token") == "another"
    assert secrets.asked == [("shop", "ci"), ("shop", "ci")]


async def test_secret_of_another_type_is_not_sent_anywhere(context: Context, secrets: Secrets) -> None:
    """That of a service account above all."""
    secrets.type = "kubernetes.io/service-account-token"
    with pytest.raises(SecretUnusable, match="service-account-token"):
        await way(context)


async def test_server_that_wants_no_requests_is_left_alone_by_all_with_its_token(
    context: Context, secrets: Secrets
) -> None:
    """Also by other images; whoever has another token is asked for nothing of the kind."""
    first, second = Server(trouble=BuilderBusy("wants fewer requests", 60)), Server()
    with pytest.raises(BuilderBusy):
        await _cancel(await way(context), first)
    with pytest.raises(BuilderBusy):
        await _cancel(await way(context), second)
    assert second.cancelled == []
    secrets.token = "another"
    await _cancel(await way(context), second)
    assert len(second.cancelled) == 1


async def _cancel(found: Way, server: Server) -> None:
    run = await server.find(order_of())
    assert run is not None
    await found.patient(cast("Any", server)).cancel(order_of(), run)
