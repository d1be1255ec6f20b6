"""The manifests of the children."""

from __future__ import annotations

import hashlib
import json

import pytest

from slipway.api.deployment import DeploymentSpec
from slipway.kinds.deployment.inputs import Inputs, PortInput
from slipway.kinds.deployment.revisions import Revision
from slipway.kinds.deployment.template import pod_template, selector, service, workload

INPUTS = Inputs(
    "registry.test/shop/api@sha256:1",
    (PortInput("http", 8080, 80),),
    ("/serve",),
    ("-v",),
    {"cpu": "100m"},
    {"memory": "1Gi"},
)


def test_pod_template() -> None:
    """One container with all inputs; the labels say whose it is and which revision."""
    template = pod_template("api", "abc", INPUTS)
    (container,) = template["spec"]["containers"]

    assert template["metadata"]["labels"] | selector("api") == template["metadata"]["labels"]
    assert template["metadata"]["labels"]["slipway.dev/revision"] == "abc"
    assert (container["image"], container["command"], container["args"]) == (
        INPUTS.image,
        ["/serve"],
        ["-v"],
    )
    assert container["ports"] == [{"name": "http", "containerPort": 8080, "protocol": "TCP"}]
    assert container["resources"] == {"requests": {"cpu": "100m"}, "limits": {"memory": "1Gi"}}


def test_a_pull_secret_stands_beside_the_container() -> None:
    """And without one nothing is said of it, so that what others add is left alone."""
    with_secret = pod_template("api", "abc", INPUTS, "acme-pull")["spec"]

    assert with_secret["imagePullSecrets"] == [{"name": "acme-pull"}]
    assert "imagePullSecrets" not in pod_template("api", "abc", INPUTS)["spec"]


def test_the_rendering_stays_as_it_is() -> None:
    """A revision whose ControllerRevision was lost is rendered again: another rendering would replace pods.

    Who has to change this has to render those of before as before.
    """
    text = json.dumps(pod_template("api", "abc", INPUTS), sort_keys=True)

    assert hashlib.sha256(text.encode()).hexdigest() == (
        "993259c333f4ea24a242a4da96ebdb1ac4db701d354837ec72cac31e0f37aa2d"
    )


def test_pods_are_restricted() -> None:
    """All that Pod Security `restricted` demands; tests/cluster shows that the API server agrees."""
    pod = pod_template("api", "abc", INPUTS)["spec"]
    (container,) = pod["containers"]

    assert pod["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }


@pytest.mark.parametrize(("deadline", "seconds"), [("10m", 600), ("1s", 1), ("1.5s", 2), ("1h", 3600)])
def test_workload(deadline: str, seconds: int) -> None:
    """The stored template with the numbers of now; a deadline is whole seconds, rounded up."""
    spec = DeploymentSpec.model_validate(
        {
            "image": {"type": "Reference", "reference": "a"},
            "replicas": 3,
            "progressDeadline": deadline,
            "strategy": {"type": "Rolling", "rolling": {"maxSurge": "50%", "maxUnavailable": 1}},
        }
    )
    revision = Revision(1, "abc", INPUTS, {"stored": "template"})
    body = workload("api", revision, spec, {"note": "x"})

    assert body["metadata"]["annotations"] == {"note": "x"}
    assert body["spec"]["template"] == {"stored": "template"}
    assert body["spec"]["replicas"] == 3
    assert body["spec"]["progressDeadlineSeconds"] == seconds
    assert body["spec"]["selector"] == {"matchLabels": {"slipway.dev/deployment": "api"}}
    assert body["spec"]["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": "50%", "maxUnavailable": 1},
    }


def test_service() -> None:
    """Ports are reached by name, so that pods of two revisions may listen on different numbers."""
    body = service("api", INPUTS)

    assert body["spec"] == {
        "selector": {"slipway.dev/deployment": "api"},
        "ports": [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}],
    }
    assert body["metadata"]["annotations"] == {"slipway.dev/ports": "http:80"}
