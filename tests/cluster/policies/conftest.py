from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from dev.api import KubeApi, resource_path
from dev.cluster import Cluster
from tests.cluster.policies.people import Person

_RBAC = "rbac.authorization.k8s.io"

Grant = Callable[..., None]


@pytest.fixture
def admin(cluster: Cluster, namespace: str) -> Person:
    """The administrator."""
    return Person(cluster, cluster.kubeconfig, cluster.api, namespace)


@pytest.fixture
def grant(cluster: Cluster, namespace: str) -> Grant:
    """Gives a person verbs on a resource of the namespace: `grant(dev, "jobs.batch", "create")`."""

    def give(person: Person, resource: str, *verbs: str, names: tuple[str, ...] = ()) -> None:
        plural, _, group = resource.partition(".")
        name = resource.replace("/", "-") + "-" + verbs[0]
        rule = {"apiGroups": [group], "resources": [plural], "verbs": list(verbs)}
        rules = [{**rule, "resourceNames": list(names)} if names else rule]
        roles = resource_path(f"{_RBAC}/v1", "roles", namespace)
        cluster.api.create(roles, {"metadata": {"name": name}, "rules": rules})
        bindings = resource_path(f"{_RBAC}/v1", "rolebindings", namespace)
        binding = {
            "metadata": {"name": name},
            "roleRef": {"apiGroup": _RBAC, "kind": "Role", "name": name},
            "subjects": [{"apiGroup": _RBAC, "kind": "User", "name": "dev"}],
        }
        cluster.api.create(bindings, binding)
        person.wait_until_allowed(verbs[0], resource, *names[:1])

    return give


@pytest.fixture
def dev(cluster: Cluster, namespace: str, grant: Grant) -> Iterator[Person]:
    """User `dev`, who may write ManagedImages of the namespace, and nothing else."""
    api = KubeApi.at(cluster.plain_kubeconfig)
    person = Person(cluster, cluster.plain_kubeconfig, api, namespace)
    grant(person, "managedimages.slipway.dev", "create", "get", "list", "update", "patch", "delete")
    yield person
    api.close()
