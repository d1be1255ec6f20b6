"""`slipway logs` as a real process: what the containers of a real pod say, while they say it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from dev.api import resource_path
from dev.cluster import Cluster
from tests.support.image_cluster import build
from tests.support.node import NodeImages

STEPS = "for step in 1 2 3; do echo STEP $step; sleep 1; done"


def container(name: str, image: str, script: str) -> dict[str, Any]:
    return {"name": name, "image": image, "command": ["sh", "-c", script]}


def test_a_build_is_followed_to_its_end_and_read_again(
    cluster: Cluster, images: NodeImages, crds: None, namespace: str, tmp_path: Path
) -> None:
    """Before its pod is there, while it clones and builds, and once more when all is over."""
    images.push_base(f"{namespace}/tools", "1", "one")
    image = f"{cluster.registry_host}/{namespace}/tools:1"
    kind = {"apiVersion": "slipway.dev/v1alpha1", "kind": "ManagedImage", "metadata": {"name": "api"}}
    spec = {
        "image": {"repository": "r.example.com/shop/api", "tag": "1-{build}"},
        "source": {"git": {"url": "https://git.example.com/x.git"}},
        "build": {"type": "Job"},
    }
    path = resource_path("slipway.dev/v1alpha1", "managedimages", namespace)
    cluster.api.create(path, {**kind, "spec": spec})
    status = {"observedGeneration": 1, "phase": "Building", "builds": [build(7, "Building", None)]}
    cluster.api.patch(f"{path}/api/status", {"status": status})
    command = [sys.executable, "-m", "slipway.cli", "logs", "api", "--namespace", namespace]
    environment = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig), "HOME": str(tmp_path)}

    with subprocess.Popen(
        [*command, "--follow"], env=environment, stdout=subprocess.PIPE, text=True
    ) as following:
        labels = {"slipway.dev/managed-image": "api", "slipway.dev/build-number": "7"}
        pod = {
            "metadata": {"name": "api-7", "labels": labels},
            "spec": {
                "restartPolicy": "Never",
                "initContainers": [container("clone", image, "echo Cloning")],
                "containers": [container("build", image, STEPS)],
            },
        }
        cluster.api.create(resource_path("v1", "pods", namespace), pod)
        followed, _ = following.communicate(timeout=90)
    again = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)

    assert (following.returncode, again.returncode, again.stderr) == (0, 0, "")
    assert followed == again.stdout
    assert followed.splitlines() == [
        "==> clone (api-7) <==",
        "Cloning",
        "==> build (api-7) <==",
        "STEP 1",
        "STEP 2",
        "STEP 3",
    ]
