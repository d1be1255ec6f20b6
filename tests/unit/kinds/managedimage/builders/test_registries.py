"""Which registries a build Job is told of, and what it gets to open them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from slipway.api.conditions import Reason
from slipway.api.managedimage import Build, ManagedImage
from slipway.build.builders.job.registries import JobRegistry
from slipway.engine.store import Store
from slipway.kinds.context import Context
from slipway.kinds.managedimage.builders.registries import job_registries
from slipway.kinds.registry.access import AccessProblem
from slipway.kinds.registry.view import RegistryView
from slipway.kinds.warehouse.view import WarehouseView
from tests.support.outside import without_cluster
from tests.unit.kinds.managedimage.world import body, build

DIGEST = "sha256:" + "1" * 64
BASES = ("bases.example.com/os/debian:12", "python:3.12")
PRIVATE = {"url": "https://registry.example.com", "secretRef": {"name": "robot"}}


@pytest.fixture
async def context() -> AsyncIterator[Context]:
    """What kinds work with, and a store."""
    async with without_cluster(Store()) as made:
        yield made


def keep(context: Context, name: str, **spec: Any) -> None:
    """Make a Registry in the namespace of the image."""
    metadata = {"name": name, "namespace": spec.pop("namespace", "shop"), "resourceVersion": "1"}
    context.store.put(RegistryView.from_body({"metadata": metadata, "spec": spec}))


def registries(context: Context, warehouse: str | None = None, **spec: Any) -> list[JobRegistry]:
    """What a Job gets that builds registry.example.com/shop/api on these bases."""
    image = {"repository": "registry.example.com/shop/api", "tag": "1-{build}", **spec.pop("image", {})}
    watched = [{"reference": BASES[0], "warehouse": warehouse}] if warehouse else []
    managed = ManagedImage.model_validate(
        body({"bases": watched}, image=image, build={"type": "Job", "job": spec})
    )
    bases = [{"reference": reference, "digest": DIGEST} for reference in BASES]
    return list(
        job_registries(
            context, managed, Build.model_validate(build(1, "Building", DIGEST) | {"bases": bases})
        )
    )


async def test_each_base_and_the_image_are_opened_as_their_registry_says(context: Context) -> None:
    """By the pull Secret, which binds the credential to its host, whatever Secret a person wrote."""
    keep(context, "shop", **PRIVATE, certSecretRef={"name": "authority"})
    keep(context, "bases", url="http://bases.example.com", secretRef={"name": "reader"})

    assert registries(context) == [
        JobRegistry("bases.example.com", insecure=True, secret="bases-pull"),
        JobRegistry("registry.example.com", secret="shop-pull", certificates="authority"),
    ]


async def test_registry_of_the_image_is_the_last_and_nobody_is_told_twice(context: Context) -> None:
    """Where one host has two credentials BuildKit takes the last, and the result has to be pushed."""
    keep(context, "shop", **PRIVATE, project="shop")
    keep(context, "cache", **PRIVATE, project="cache")
    keep(context, "os", url="https://bases.example.com", secretRef={"name": "reader"})

    found = registries(context, cache="registry.example.com/cache/api")

    assert [one.secret for one in found] == ["os-pull", "cache-pull", "shop-pull"]
    again = registries(context, cache="registry.example.com/shop/api-cache")
    assert [one.secret for one in again] == ["os-pull", "shop-pull"]


async def test_registry_that_is_named_for_the_image_is_used_for_it(context: Context) -> None:
    """Two match, and `registryRef` decides."""
    keep(context, "one", **PRIVATE)
    keep(context, "two", **PRIVATE)

    (found,) = registries(context, image={"registryRef": {"name": "two"}})

    assert found.secret == "two-pull"


async def test_base_is_pulled_through_the_registry_that_its_warehouse_names(context: Context) -> None:
    """Two match there, too."""
    for name in ("one", "two"):
        keep(context, name, url="https://bases.example.com", secretRef={"name": "reader"})
    image = {"repository": BASES[0].partition(":")[0], "registryRef": {"name": "two"}}
    policy = {"type": "Digest", "digest": {"tag": "12"}}
    subscription = {"name": "app", "type": "Image", "image": {**image, "policy": policy}}
    metadata = {"name": "debian", "namespace": "shop", "resourceVersion": "1"}
    context.store.put(
        WarehouseView.from_body({"metadata": metadata, "spec": {"subscriptions": [subscription]}})
    )

    with pytest.raises(AccessProblem):
        registries(context)
    assert [one.secret for one in registries(context, "debian")] == ["two-pull"]


async def test_registry_whose_certificate_is_not_checked_is_insecure_for_jobs_too(context: Context) -> None:
    keep(context, "shop", url="https://registry.example.com", tls={"verify": "None"})

    assert registries(context) == [JobRegistry("registry.example.com", insecure=True)]


async def test_registry_of_another_namespace_opens_nothing(context: Context) -> None:
    keep(context, "shop", **PRIVATE, namespace="other")

    assert registries(context) == []


@pytest.mark.parametrize("url", ["https://registry.example.com", "https://bases.example.com"])
async def test_registry_without_a_pull_secret_stalls_with_what_to_do(context: Context, url: str) -> None:
    """Of the image as of a base: a Job could not open it."""
    keep(context, "acme", url=url, secretRef={"name": "robot"}, pullSecret={"enabled": False})

    with pytest.raises(AccessProblem, match=r"Registry acme, .*: set pullSecret\.enabled to true") as problem:
        registries(context)

    assert problem.value.reason == Reason.BUILDER_NOT_CONFIGURED
