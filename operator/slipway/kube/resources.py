"""The kinds of objects that the operator reads or writes, and where the API server keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import quote

__all__ = [
    "APPS_DEPLOYMENTS",
    "BY_KEY_KIND",
    "CONFIGMAPS",
    "CONTROLLERREVISIONS",
    "CRDS",
    "EVENTS",
    "JOBS",
    "LEASES",
    "MANAGEDIMAGES",
    "MUTATING_POLICIES",
    "MUTATING_POLICY_BINDINGS",
    "PODS",
    "REGISTRIES",
    "REPLICASETS",
    "SDEPLOYMENTS",
    "SECRETS",
    "SERVICES",
    "VALIDATING_POLICIES",
    "VALIDATING_POLICY_BINDINGS",
    "WAREHOUSES",
    "Resource",
]


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of object as the API server serves it."""

    group: str
    """API group; empty for the core group."""
    version: str
    plural: str
    """The name in URLs, lower case."""
    kind: str
    namespaced: bool = True

    @property
    def key_kind(self) -> str:
        """The name the engine knows it by: `warehouses.slipway.dev`, or `secrets` in the core group."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        """What stands in `apiVersion` of its objects."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(
        self, namespace: str | None = None, name: str | None = None, subresource: str | None = None
    ) -> str:
        """The URL path of the whole collection, of one namespace, of one object or of its subresource."""
        collection = _collection(self, namespace if self.namespaced else None)
        return "/".join((collection, *(quote(part, safe="") for part in (name, subresource) if part)))


@lru_cache(maxsize=4096)
def _collection(resource: Resource, namespace: str | None) -> str:
    parts = ["apis", resource.group, resource.version] if resource.group else ["api", resource.version]
    parts += ["namespaces", namespace] if namespace else []
    return "/" + "/".join(quote(part, safe="") for part in (*parts, resource.plural))


def _ours(plural: str, kind: str) -> Resource:
    return Resource("slipway.dev", "v1alpha1", plural, kind)


REGISTRIES = _ours("registries", "Registry")
WAREHOUSES = _ours("warehouses", "Warehouse")
MANAGEDIMAGES = _ours("managedimages", "ManagedImage")
SDEPLOYMENTS = _ours("deployments", "Deployment")

APPS_DEPLOYMENTS = Resource("apps", "v1", "deployments", "Deployment")
CONTROLLERREVISIONS = Resource("apps", "v1", "controllerrevisions", "ControllerRevision")
JOBS = Resource("batch", "v1", "jobs", "Job")
REPLICASETS = Resource("apps", "v1", "replicasets", "ReplicaSet")
SERVICES = Resource("", "v1", "services", "Service")
PODS = Resource("", "v1", "pods", "Pod")
SECRETS = Resource("", "v1", "secrets", "Secret")
CONFIGMAPS = Resource("", "v1", "configmaps", "ConfigMap")
EVENTS = Resource("events.k8s.io", "v1", "events", "Event")
LEASES = Resource("coordination.k8s.io", "v1", "leases", "Lease")
CRDS = Resource(
    "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", namespaced=False
)


def _admission(plural: str, kind: str) -> Resource:
    return Resource("admissionregistration.k8s.io", "v1", plural, kind, namespaced=False)


MUTATING_POLICIES = _admission("mutatingadmissionpolicies", "MutatingAdmissionPolicy")
MUTATING_POLICY_BINDINGS = _admission("mutatingadmissionpolicybindings", "MutatingAdmissionPolicyBinding")
VALIDATING_POLICIES = _admission("validatingadmissionpolicies", "ValidatingAdmissionPolicy")
VALIDATING_POLICY_BINDINGS = _admission(
    "validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding"
)

BY_KEY_KIND: Mapping[str, Resource] = MappingProxyType(
    {
        resource.key_kind: resource
        for resource in (
            REGISTRIES,
            WAREHOUSES,
            MANAGEDIMAGES,
            SDEPLOYMENTS,
            APPS_DEPLOYMENTS,
            CONTROLLERREVISIONS,
            JOBS,
            REPLICASETS,
            SERVICES,
            PODS,
            SECRETS,
            CONFIGMAPS,
        )
    }
)
"""Every kind whose objects the store may hold, by the name the engine knows it by."""
