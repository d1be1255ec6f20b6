from __future__ import annotations

import pytest

from dev.cluster import Cluster
from dev.node.images import BASE, BUSYBOX
from tests.support.cluster import Kubectl
from tests.support.node import NodeImages

MANIFESTS = """\
apiVersion: slipway.dev/v1alpha1
kind: Registry
metadata: {{name: node}}
spec: {{type: Generic, url: "http://{registry}"}}
---
apiVersion: slipway.dev/v1alpha1
kind: Deployment
metadata: {{name: web}}
spec:
  image: {{type: Reference, reference: "{registry}/{image}"}}
  ports: [{{name: http, containerPort: 8080, servicePort: 80}}]
"""


@pytest.mark.usefixtures("operator")
def test_the_operator_rolls_out_what_the_node_pulls(
    cluster: Cluster, kubectl: Kubectl, images: NodeImages, namespace: str
) -> None:
    """Operator and node know the registry under one name."""
    pushed = images.push_server(f"{namespace}/web", "1", "one")
    kubectl(
        "apply", "-f", "-", stdin=MANIFESTS.format(registry=cluster.registry_host, image=f"{namespace}/web:1")
    )

    kubectl("wait", "sdep/web", "--for=condition=Ready", "--timeout=180s")

    running = kubectl("get", "pods", "-o", "jsonpath={.items[*].status.containerStatuses[0].imageID}")
    assert running.endswith(f"@{pushed.digest}")


def test_pods_run_and_find_each_other_by_name(cluster: Cluster, namespace: str, kubectl: Kubectl) -> None:
    """Pulls, Services and names work: what rollouts and build Jobs stand on."""
    image = f"{cluster.registry_host}/{BUSYBOX}"
    kubectl(
        "create", "deployment", "web", f"--image={image}", "--", "httpd", "-f", "-p", "8080", "-h", "/etc"
    )
    kubectl("expose", "deployment", "web", "--port=80", "--target-port=8080")
    kubectl("rollout", "status", "deployment/web", "--timeout=180s")

    debian = f"{cluster.registry_host}/{BASE}"
    ask = (
        f"exec 3<>/dev/tcp/web.{namespace}.svc.cluster.local/80 && printf 'GET /hostname HTTP/1.0\\n\\n' >&3"
    )
    command = f"until ( {ask} && cat <&3 ); do sleep 0.2; done"
    kubectl("create", "job", "client", f"--image={debian}", "--", "bash", "-c", command)
    kubectl("wait", "--for=condition=Complete", "--timeout=180s", "job/client")

    assert "web-" in kubectl("logs", "job/client")
