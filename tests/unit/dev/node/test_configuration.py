from __future__ import annotations

import json
import tomllib
from pathlib import Path

import yaml

from dev.node import configuration
from dev.node.network import ADDRESS

NODE = Path("/state/node")


def test_the_runtime_keeps_everything_below_the_state_of_the_cluster() -> None:
    read = tomllib.loads(configuration.containerd(NODE, NODE / "c.sock", "10.123.0.1:20007", "/bin/runc"))

    assert read["root"].startswith("/state/node/")
    assert read["state"].startswith("/state/node/")
    runtime = read["plugins"]["io.containerd.grpc.v1.cri"]
    assert runtime["sandbox_image"] == "10.123.0.1:20007/pause:1"
    assert runtime["restrict_oom_score_adj"] is True


def test_the_registry_is_spoken_to_without_tls() -> None:
    read = tomllib.loads(configuration.plain_registry("10.123.0.1:20007"))

    assert read["server"] == "http://10.123.0.1:20007"
    assert list(read["host"]) == ["http://10.123.0.1:20007"]


def test_pods_get_addresses_of_the_nodes_range() -> None:
    bridge = json.loads(configuration.cni(NODE))["plugins"][0]

    assert bridge["ipam"]["ranges"] == [[{"subnet": configuration.POD_RANGE}]]


def test_the_kubelet_lets_nobody_in_without_a_certificate() -> None:
    read = yaml.safe_load(configuration.kubelet(NODE, Path("/state/pki"), NODE / "c.sock"))

    assert read["authentication"]["anonymous"] == {"enabled": False}
    assert read["address"] == ADDRESS
    assert read["containerRuntimeEndpoint"] == "unix:///state/node/c.sock"


def test_names_of_the_cluster_are_answered_at_the_nodes_address() -> None:
    assert f"bind {ADDRESS}" in configuration.corefile(Path("/state/pki/coredns.kubeconfig"))
