from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from slipway.api.conditions import Reason
from slipway.engine.outcome import Stalled, Waiting
from slipway.engine.store import Store
from slipway.kinds.registry.access import AccessProblem, RegistryAccess, problem_outcome
from slipway.kinds.registry.credentials import SecretMissing
from slipway.kinds.registry.view import RegistryView
from slipway.oci.errors import CredentialNotBound, RegistryError
from slipway.oci.reference import ImageReference
from tests.support.outside import without_cluster

IMAGE = ImageReference.parse("registry.example.com/shop/api:1.4.0")


def registry(name: str, *, namespace: str = "shop", version: int = 1, **spec: Any) -> RegistryView:
    """A Registry as the store keeps it."""
    metadata = {"name": name, "namespace": namespace, "uid": f"uid-{name}", "resourceVersion": str(version)}
    phase = spec.pop("phase", None)
    return RegistryView.from_body(
        {
            "metadata": metadata,
            "spec": {"url": "https://registry.example.com", **spec},
            "status": {"phase": phase} if phase else {},
        }
    )


@pytest.fixture
def store() -> Store:
    """A store without anything in it."""
    return Store()


@pytest.fixture
async def access(store: Store) -> AsyncIterator[RegistryAccess]:
    """Access for which no Secret is read: none of these Registries names one."""
    async with without_cluster(store) as context:
        yield context.registries


async def test_without_a_registry_the_image_is_asked_for_anonymously(access: RegistryAccess) -> None:
    """Loopback speaks plain http, everything else https, and Docker Hub has a host of its own."""
    urls = {}
    for text in ("registry.example.com/a", "localhost:5000/a", "127.0.0.1:5000/a", "[::1]:5000/a", "alpine"):
        found = await access.client_for("shop", ImageReference.parse(text))
        assert (found.registry_key, found.connected) == (None, None)
        urls[text] = found.client.url

    assert urls == {
        "registry.example.com/a": "https://registry.example.com",
        "localhost:5000/a": "http://localhost:5000",
        "127.0.0.1:5000/a": "http://127.0.0.1:5000",
        "[::1]:5000/a": "http://[::1]:5000",
        "alpine": "https://registry-1.docker.io",
    }


async def test_the_registry_of_the_host_is_used(access: RegistryAccess, store: Store) -> None:
    """Its last test says whether it is connected."""
    store.put(registry("acme", phase="Connected"))

    found = await access.client_for("shop", IMAGE)

    assert found.registry_key is not None
    assert (found.registry_key.name, found.connected) == ("acme", True)


async def test_registries_of_other_namespaces_play_no_part(access: RegistryAccess, store: Store) -> None:
    """Their credentials belong to somebody else."""
    store.put(registry("acme", namespace="other"))

    assert (await access.client_for("shop", IMAGE)).registry_key is None
    with pytest.raises(AccessProblem, match="Registry acme does not exist in namespace shop"):
        await access.client_for("shop", IMAGE, "acme")


async def test_the_registry_that_is_named_is_used(access: RegistryAccess, store: Store) -> None:
    """Even where another one matches better."""
    store.put(registry("acme"))
    store.put(registry("shop", project="shop"))

    assert (await access.client_for("shop", IMAGE)).registry_key == registry("shop").key
    assert (await access.client_for("shop", IMAGE, "acme")).registry_key == registry("acme").key


async def test_a_named_registry_that_does_not_exist_is_waited_for(access: RegistryAccess) -> None:
    """Its creation is news, so nobody needs to look again before."""
    with pytest.raises(AccessProblem) as problem:
        await access.client_for("shop", IMAGE, "acme")

    assert problem.value.reason == Reason.REGISTRY_NOT_FOUND
    assert isinstance(problem.value.outcome, Waiting)
    assert problem.value.outcome.until is None


async def test_a_named_registry_for_another_host_is_refused(access: RegistryAccess, store: Store) -> None:
    """The credential of one host must not go to another."""
    store.put(registry("acme", url="https://other.example.com"))

    with pytest.raises(AccessProblem, match=r"is for other\.example\.com") as problem:
        await access.client_for("shop", IMAGE, "acme")

    assert isinstance(problem.value.outcome, Stalled)


async def test_a_tie_waits_for_a_person(access: RegistryAccess, store: Store) -> None:
    """Nobody but them knows which credential is meant."""
    store.put(registry("left"))
    store.put(registry("right"))

    with pytest.raises(AccessProblem, match="left, right") as problem:
        await access.client_for("shop", IMAGE)

    assert problem.value.reason == Reason.AMBIGUOUS_REGISTRY
    assert isinstance(problem.value.outcome, Stalled)


def all_errors(base: type[RegistryError] = RegistryError) -> Iterator[type[RegistryError]]:
    """Every kind of registry error."""
    yield base
    for kind in base.__subclasses__():
        yield from all_errors(kind)


@pytest.mark.parametrize("kind", dict.fromkeys(all_errors()))
def test_only_an_unbound_credential_is_stalled(kind: type[RegistryError]) -> None:
    """Everything else may mend itself, and is looked at again."""
    outcome = problem_outcome(kind("something is wrong"))

    assert isinstance(outcome, Stalled) is issubclass(kind, CredentialNotBound)
    assert (outcome.reason, outcome.message) == (kind.reason, "something is wrong")


def test_a_missing_secret_is_waited_for() -> None:
    """Secrets are not watched: it is looked for again."""
    outcome = problem_outcome(SecretMissing("Secret robot does not exist"))

    assert isinstance(outcome, Waiting)
    assert outcome.reason == Reason.SECRET_NOT_FOUND
    assert outcome.until is not None
