"""What a Job is told by the operator's settings, the spec, and the Registries of the namespace."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, cast

import pytest

from slipway.api.managedimage import Build, ManagedImage
from slipway.build.builders.job.settings import JobSettings
from slipway.engine.outcome import Stalled
from slipway.engine.store import Store
from slipway.kinds.context import Context
from slipway.kinds.managedimage.builders.job import job_builder
from slipway.kinds.registry.access import AccessProblem
from slipway.kinds.registry.credentials import SecretMissing
from slipway.kinds.registry.view import RegistryView
from slipway.kube.client import KubeClient
from slipway.kube.errors import Forbidden
from slipway.kube.policies import Policies
from slipway.kube.resources import SECRETS, Resource
from tests.support.outside import without_cluster
from tests.unit.kinds.managedimage.sources import facts
from tests.unit.kinds.managedimage.world import NEW, build

HOST = "registry.example.com"


def registry(name: str = "acme", url: str = f"https://{HOST}", **spec: Any) -> RegistryView:
    """A Registry with a credential."""
    metadata = {"name": name, "namespace": "shop", "resourceVersion": "1"}
    return RegistryView.from_body(
        {"metadata": metadata, "spec": {"url": url, "secretRef": {"name": "push"}, **spec}}
    )


class Shelf:
    """The Secrets of the namespace: all that anybody asks for, but those that are missing or kept back."""

    def __init__(self, missing: str = "", kept_back: str = "") -> None:
        self.missing, self.kept_back = missing, kept_back

    async def get_metadata(self, resource: Resource, namespace: str, name: str) -> dict[str, Any] | None:
        """Only metadata: content is not asked for."""
        assert (resource, namespace) == (SECRETS, "shop")
        if name == self.kept_back:
            msg = "secrets is forbidden"
            raise Forbidden(msg, status=403)
        return None if name == self.missing else {"metadata": {"name": name}}


@pytest.fixture
async def store() -> Store:
    return Store()


@pytest.fixture
async def context(store: Store) -> AsyncIterator[Context]:
    async with without_cluster(store) as made:
        images = replace(made.settings, builder_image="builder:1", git_image="git:1", require_policies=False)
        yield replace(made, settings=images, kube=cast("KubeClient", Shelf()))


async def told(context: Context, found: ManagedImage | None = None, *bases: dict[str, str]) -> JobSettings:
    build_of = Build.model_validate(build(1, "Building", NEW, bases=list(bases)))
    return (await job_builder(context, found or facts().image, build_of)).settings


async def refused(context: Context, found: ManagedImage | None = None) -> Stalled:
    with pytest.raises(AccessProblem) as caught:
        await told(context, found)
    assert isinstance(caught.value.outcome, Stalled)
    return caught.value.outcome


async def test_images_are_those_of_the_operator(context: Context) -> None:
    """And the backend as well."""
    assert await told(context) == JobSettings("git:1", "builder:1")
    daemon = replace(context.settings, buildkit_address="tcp://buildkit:1234")
    assert (await told(replace(context, settings=daemon))).buildkit_address == "tcp://buildkit:1234"


@pytest.mark.parametrize(
    ("builder", "git"), [("", "git:1"), ("builder:1", "")], ids=["without a builder", "without git"]
)
async def test_operator_without_images_builds_no_jobs(context: Context, builder: str, git: str) -> None:
    """It says what to set."""
    settings = replace(context.settings, builder_image=builder, git_image=git)
    outcome = await refused(replace(context, settings=settings))
    assert outcome.reason == "BuilderNotConfigured"
    assert "SLIPWAY_BUILDER_IMAGE" in outcome.message
    assert "SLIPWAY_GIT_IMAGE" in outcome.message


async def test_spec_may_say_what_a_job_uses(context: Context) -> None:
    """Resources and the cache; what is not set is not told."""
    job = {"resources": {"limits": {"memory": "2Gi"}}, "cache": f"{HOST}/shop/api-cache"}
    settings = await told(context, facts(build={"type": "Job", "job": job}).image)
    assert settings.resources == {"limits": {"memory": "2Gi"}}
    assert settings.cache == f"{HOST}/shop/api-cache"


async def test_registry_without_a_pull_secret_cannot_be_pushed_to(context: Context, store: Store) -> None:
    """It says which field to change, where."""
    store.put(registry(pullSecret={"enabled": False}))
    outcome = await refused(context)
    assert outcome.reason == "BuilderNotConfigured"
    assert "Registry acme" in outcome.message
    assert "pullSecret.enabled" in outcome.message


@pytest.mark.parametrize(
    ("missing", "says"),
    [
        ("deploy-key", "source.git.secretRef"),
        ("npm", "build.job.secrets"),
        ("acme-pull", f"Registry of {HOST}"),
        ("acme-ca", "certSecretRef"),
    ],
)
async def test_secret_that_is_missing_is_told_before_a_job_waits_for_it(
    context: Context, store: Store, missing: str, says: str
) -> None:
    """A pod that cannot mount it would not say so. One that only the operator may not see is no obstacle."""
    store.put(registry(certSecretRef={"name": "acme-ca"}))
    source = {"git": {"url": "https://git.example.com/shop.git", "secretRef": {"name": "deploy-key"}}}
    job = {"secrets": [{"name": "npm"}]}
    image = facts(source=source, build={"type": "Job", "job": job}).image
    await told(context, image)
    with pytest.raises(SecretMissing, match=f"Secret {missing} .*{says}"):
        await told(replace(context, kube=cast("KubeClient", Shelf(missing))), image)
    await told(replace(context, kube=cast("KubeClient", Shelf(kept_back=missing))), image)


class NoPolicies:
    """None is installed."""

    async def installed(self, _: str) -> bool:
        return False


async def test_job_is_refused_where_nothing_checks_who_may_make_it(context: Context) -> None:
    """Else whoever may write an image could run what they like."""
    demanding = replace(context.settings, require_policies=True)
    policies = cast("Policies", NoPolicies())
    outcome = await refused(replace(context, settings=demanding, policies=policies))
    assert (outcome.reason, outcome.recheck.total_seconds()) == ("PolicyMissing", 300)
