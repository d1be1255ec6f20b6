"""The configuration files of containerd, CNI, kubelet and CoreDNS on the real node: pure."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from dev.node.network import ADDRESS

__all__ = [
    "CLUSTER_DNS",
    "NODE_NAME",
    "POD_RANGE",
    "cni",
    "containerd",
    "corefile",
    "kubelet",
    "plain_registry",
]

NODE_NAME = "node0"
"""Name of the Node, and of the host in its certificates."""

CLUSTER_DNS = "10.96.0.10"
"""The Service through which pods ask for names."""

POD_RANGE = "10.244.0.0/24"
"""Addresses of the node's pods."""


def containerd(node: Path, socket: Path, registry: str, runc: str) -> str:
    """`containerd.toml`; `registry` is where the sandbox's image lies."""
    return f"""\
version = 2
root = "{node}/containerd"
state = "{node}/run"
[grpc]
  address = "{socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{registry}/pause:1"
  stream_server_address = "127.0.0.1"
  # Without CAP_SYS_RESOURCE every sandbox fails otherwise.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = "{runc}"
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{node}/cni"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "{node}/certs.d"
"""


def plain_registry(registry: str) -> str:
    """`hosts.toml` of a registry without TLS."""
    url = f"http://{registry}"
    return f'server = "{url}"\n[host."{url}"]\n  capabilities = ["pull", "resolve"]\n'


def cni(node: Path) -> str:
    """The list of network plugins: one bridge, addresses from the node's range."""
    bridge = {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": True,
        "hairpinMode": True,
        "ipMasq": False,
        "ipam": {
            "type": "host-local",
            "dataDir": str(node / "cni-addresses"),
            "ranges": [[{"subnet": POD_RANGE}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    return json.dumps({"cniVersion": "1.0.0", "name": "node", "plugins": [bridge, ports]}, indent=2)


def kubelet(node: Path, certificates: Path, socket: Path) -> str:
    """`kubelet.yaml`."""
    configuration = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        # Since 1.35 it does not start with cgroup v1 otherwise.
        "failCgroupV1": False,
        "failSwapOn": False,
        "cgroupDriver": "cgroupfs",
        "cgroupsPerQOS": True,
        "enforceNodeAllocatable": [],
        "containerRuntimeEndpoint": f"unix://{socket}",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(certificates / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(certificates / "kubelet-server.crt"),
        "tlsPrivateKeyFile": str(certificates / "kubelet-server.key"),
        "address": ADDRESS,
        "clusterDNS": [CLUSTER_DNS],
        "clusterDomain": "cluster.local",
        "resolvConf": str(node / "resolv.conf"),
        "podLogsDir": str(node / "podlogs"),
        "staticPodPath": str(node / "manifests"),
        "evictionHard": {"memory.available": "200Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "imageGCHighThresholdPercent": 100,
        "serializeImagePulls": False,
        "registryPullQPS": 0,
    }
    return yaml.safe_dump(configuration, sort_keys=False)


def corefile(kubeconfig: Path) -> str:
    """CoreDNS' configuration: names of the cluster, and no others."""
    return f"""\
cluster.local:53 {{
  bind {ADDRESS}
  errors
  kubernetes cluster.local {{
    kubeconfig {kubeconfig}
  }}
  ready 127.0.0.1:8181
}}
"""
