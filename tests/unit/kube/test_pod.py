from __future__ import annotations

import socket
from pathlib import Path

import pytest

from slipway.kube.pod import default_identity, default_namespace

IN_POD = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}


@pytest.fixture(autouse=True)
def _host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "slipway-7d9f-x2x1")


def test_in_a_pod_the_name_of_the_pod_is_enough() -> None:
    """A container that is started again is the same replica."""
    assert default_identity(IN_POD) == default_identity(IN_POD) == "slipway-7d9f-x2x1"


def test_elsewhere_two_processes_of_one_host_have_two_names() -> None:
    """A person may run two; neither may take the other's Lease for its own."""
    first, second = default_identity({}), default_identity({})

    assert first != second
    assert first.startswith("slipway-7d9f-x2x1-")


def test_the_namespace_is_that_of_the_pod(tmp_path: Path) -> None:
    """Kubernetes writes it into a file; outside of pods there is none."""
    file = tmp_path / "namespace"
    assert default_namespace(file) == "default"
    file.write_text("slipway-system\n")
    assert default_namespace(file) == "slipway-system"
