from __future__ import annotations

from dev.cluster import Cluster
from dev.node.images import BASE, BUSYBOX
from tests.support.cluster import Kubectl


def test_pods_run_and_find_each_other_by_name(cluster: Cluster, namespace: str, kubectl: Kubectl) -> None:
    """Pulls, Services and names work: what rollouts and build Jobs stand on."""
    image = f"{cluster.registry_host}/{BUSYBOX}"
    kubectl(
        "create", "deployment", "web", f"--image={image}", "--", "httpd", "-f", "-p", "8080", "-h", "/etc"
    )
    kubectl("expose", "deployment", "web", "--port=80", "--target-port=8080")
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")

    debian = f"{cluster.registry_host}/{BASE}"
    ask = (
        f"exec 3<>/dev/tcp/web.{namespace}.svc.cluster.local/80 && printf 'GET /hostname HTTP/1.0\\n\\n' >&3"
    )
    command = f"until ( {ask} && cat <&3 ); do sleep 0.2; done"
    kubectl("create", "job", "client", f"--image={debian}", "--", "bash", "-c", command)
    kubectl("wait", "--for=condition=Complete", "--timeout=60s", "job/client")

    assert "web-" in kubectl("logs", "job/client")
