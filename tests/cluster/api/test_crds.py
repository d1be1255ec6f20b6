"""The CRDs on a real API server: served, explained, defaulted, priced, shown."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from dev.api import ApiError, resource_path
from dev.cache import PROJECT
from dev.cluster import Cluster
from slipway.api.crd import KINDS
from tests.support.cluster import Kubectl
from tests.support.pages import page_path

pytestmark = pytest.mark.usefixtures("crds")

API: Final = "slipway.dev/v1alpha1"

EXAMPLES: Final = sorted((PROJECT / "examples").rglob("*.yaml"))

PAGES: Final = [page_path(kind) for kind in KINDS]

DEPLOYMENT: Final = {"image": {"type": "Reference", "reference": "registry.example.com/shop/api:1.4.0"}}


def manifest(kind: str, spec: dict[str, Any], name: str = "x") -> dict[str, Any]:
    """An object as a user writes it; JSON is YAML."""
    return {"apiVersion": API, "kind": kind, "metadata": {"name": name}, "spec": spec}


def create(cluster: Cluster, namespace: str, plural: str, kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    """The object as the API server stored it."""
    return cluster.api.create(resource_path(API, plural, namespace), manifest(kind, spec))


def test_the_category_lists_all_kinds(cluster: Cluster) -> None:
    """`kubectl get slipway` is one command for everything."""
    listed = cluster.kubectl("api-resources", "--categories=slipway", "--no-headers", "-o", "wide")
    assert {line.split()[1] for line in listed.splitlines()} == {"reg", "wh", "mimg", "sdep"}


@pytest.mark.parametrize(
    ("field", "sentence"),
    [
        ("reg", "A container registry and the credential for it."),
        ("reg.spec.secretRef", "It is used only for hosts that the Secret itself names"),
        ("wh.spec.subscriptions.image.policy.type", "Semver chooses the highest version within a range"),
        ("mimg.spec.image.tag", "{build} becomes the number of the build"),
        ("mimg.spec.build.rebase.allowRun", "Such a layer may hold copies of what the new base has fixed."),
        ("sdep", "Not the Deployment of apps/v1"),
        ("sdep.spec.rollbackTo", "rejects the digest it leaves, until this field is removed"),
        ("sdep.status.history.outcome", "Promoted, Superseded, RolledBack or Failed"),
    ],
)
def test_kubectl_explain_reads_well(cluster: Cluster, field: str, sentence: str) -> None:
    """The docstrings of the models are what people read in the terminal."""
    assert sentence in " ".join(cluster.kubectl("explain", field).split())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_examples_are_taken_as_they_are(kubectl: Kubectl, path: Path) -> None:
    """Somebody who copies an example gets no error."""
    kubectl("apply", "--server-side", "--dry-run=server", "-f", str(path))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_examples_of_the_pages_are_taken_too(kubectl: Kubectl, page: Path) -> None:
    """What the documentation shows is what the API server takes."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        kubectl("apply", "--server-side", "--dry-run=server", "-f", "-", stdin=block)


def test_there_are_examples_of_all_kinds() -> None:
    """The quickstart has one manifest of each kind."""
    kinds = [yaml.safe_load(path.read_text(encoding="utf-8"))["kind"] for path in EXAMPLES]
    assert {"Registry", "Warehouse", "ManagedImage", "Deployment"} <= set(kinds)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_applying_again_changes_nothing(kubectl: Kubectl, path: Path) -> None:
    """Defaults cause no second change: Argo CD and Flux see no difference between file and object."""
    apply = ("apply", "--server-side", "-o", "yaml", "-f", str(path))
    first, second, third = (yaml.safe_load(kubectl(*apply)) for _ in range(3))
    assert first["spec"] == second["spec"]
    assert (first["metadata"]["generation"], third["metadata"]["generation"]) == (1, 1)
    # The second one stores the default of the status, which the first answer only showed.
    assert second["metadata"]["resourceVersion"] == third["metadata"]["resourceVersion"]
    assert kubectl("diff", "--server-side", "-f", str(path)) == ""


def test_defaults_stand_in_the_object(cluster: Cluster, namespace: str) -> None:
    """What applies is visible in the object and need not be looked up."""
    stored = create(cluster, namespace, "deployments", "Deployment", DEPLOYMENT)
    assert stored["spec"] == {
        **DEPLOYMENT,
        "replicas": 1,
        "strategy": {"type": "Rolling"},
        "progressDeadline": "10m",
        "paused": False,
        "revisionHistoryLimit": 10,
    }


def test_a_fresh_object_is_not_taken_for_current(cluster: Cluster, namespace: str) -> None:
    """The status is there from the first moment and says that nobody has looked yet."""
    stored = create(cluster, namespace, "registries", "Registry", {"url": "https://registry.example.com"})
    assert stored["status"] == {"observedGeneration": -1}
    assert stored["metadata"]["generation"] == 1


def test_a_user_cannot_set_the_status_with_the_spec(cluster: Cluster, namespace: str) -> None:
    """The status is a subresource: what a manifest says there is dropped."""
    body = {**manifest("Deployment", DEPLOYMENT), "status": {"phase": "Healthy", "observedGeneration": 1}}
    stored = cluster.api.create(resource_path(API, "deployments", namespace), body)
    assert stored["status"] == {"observedGeneration": -1}


REPOSITORY: Final = "registry.example.com/" + "/".join(["abcdefgh"] * 26)

LARGEST: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "Registry": (
        "registries",
        {
            "url": "https://" + "a" * 480 + ".example.com",
            "project": "a/" * 127 + "a",
            "secretRef": {"name": "a" * 253},
            "interval": "8758h59.999m59.99s",
        },
    ),
    "Warehouse": (
        "warehouses",
        {
            "subscriptions": [
                {
                    "name": "a" * 63,
                    "type": "Image",
                    "image": {
                        "repository": REPOSITORY,
                        "policy": {"type": "Semver", "semver": {"range": ">=1.0.0 " * 31 + "<2"}},
                        "tags": {
                            "include": ["(a|b)" * 51] * 16,
                            "exclude": ["(?:[0-9a-z]+[.])*" * 15] * 16,
                        },
                    },
                }
            ]
        },
    ),
    "ManagedImage": (
        "managedimages",
        {
            "image": {
                "repository": REPOSITORY,
                "tag": "a" * 110 + "{build}",
                "floatingTags": [f"{number}{'a' * 127}" for number in range(10)],
            },
            "bases": [{"reference": f"{REPOSITORY}:{'a' * 128}"}],
            "build": {"type": "None", "baseChange": "Rebase", "rebase": {"from": {"tag": "b" * 128}}},
        },
    ),
    "Deployment": (
        "deployments",
        {
            "image": {"type": "Reference", "reference": f"{REPOSITORY}:{'a' * 128}@sha256:{'a' * 64}"},
            "ports": [
                {"name": f"p{number}", "containerPort": 1000 + number, "servicePort": 2000 + number}
                for number in range(16)
            ],
            "command": ["c" * 4096] * 32,
            "args": ["a" * 4096] * 64,
            "resources": {
                part: {f"example.com/{'r' * 40}{number}": "9" * 15 for number in range(16)}
                for part in ("requests", "limits")
            },
            "acceptDigests": [f"sha256:{number:064x}" for number in range(50)],
            "rollbackTo": {"revision": 1, "reason": "r" * 256},
        },
    ),
}


@pytest.mark.parametrize("kind", LARGEST)
def test_the_largest_objects_are_within_the_price_of_their_rules(
    cluster: Cluster, namespace: str, kind: str
) -> None:
    """CEL has a budget per request: an object that fills every limit is still judged to the end."""
    plural, spec = LARGEST[kind]
    create(cluster, namespace, plural, kind, spec)
    path = resource_path(API, plural, namespace, "x")
    changed = cluster.api.patch(
        path, {"spec": {"suspend": True} if kind != "Deployment" else {"paused": True}}
    )
    assert changed["metadata"]["generation"] == 2


def test_an_annotation_of_a_request_leaves_the_generation_alone(cluster: Cluster, namespace: str) -> None:
    """Asking for a look is no change of the spec."""
    create(cluster, namespace, "registries", "Registry", {"url": "https://registry.example.com"})
    path = resource_path(API, "registries", namespace, "x")
    asked = {"metadata": {"annotations": {"slipway.dev/reconcile": "2026-11-21T09:00:00Z"}}}
    assert cluster.api.patch(path, asked)["metadata"]["generation"] == 1
    with pytest.raises(ApiError, match=r"write a duration"):
        cluster.api.patch(path, {"spec": {"interval": "soon"}})
