from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from slipway.kube.connection import Connection
from slipway.kube.contexts import usual_namespace
from slipway.kube.errors import Unreachable


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with two contexts; the current one names no namespace."""
    monkeypatch.delenv("KUBECONFIG", raising=False)
    content: dict[str, Any] = {
        "clusters": [
            {"name": name, "cluster": {"server": f"http://{name}.example.com"}} for name in ("dev", "prod")
        ],
        "users": [{"name": "me", "user": {"token": "t0ken"}}],
        "contexts": [
            {"name": "dev", "context": {"cluster": "dev", "user": "me"}},
            {"name": "prod", "context": {"cluster": "prod", "user": "me", "namespace": "shop"}},
        ],
        "current-context": "dev",
    }
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.mark.parametrize(("context", "namespace"), [(None, "default"), ("dev", "default"), ("prod", "shop")])
def test_the_context_says_which_namespace_is_meant(
    kubeconfig: Path, context: str | None, namespace: str
) -> None:
    assert usual_namespace(kubeconfig, context) == namespace


def test_the_files_of_the_environment_count(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", f"/nowhere:{kubeconfig}")

    assert usual_namespace(context="prod") == "shop"


def test_in_a_pod_it_is_that_of_the_pod(monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of tests a file says which; there is none here."""
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")

    assert usual_namespace() == "default"


def test_a_context_that_is_not_there_is_said_with_those_that_are(kubeconfig: Path) -> None:
    with pytest.raises(Unreachable, match=r"There is no context staging in .*: it has dev, prod"):
        usual_namespace(kubeconfig, "staging")


@pytest.mark.parametrize("content", ["", "[]", "{", "contexts: 5"])
def test_a_file_that_is_no_kubeconfig_is_said_to_be_unreadable(tmp_path: Path, content: str) -> None:
    path = tmp_path / "config"
    path.write_text(content)

    with pytest.raises(Unreachable, match="cannot be read"):
        usual_namespace(path)


async def test_a_connection_goes_to_the_cluster_of_its_context(kubeconfig: Path) -> None:
    """Also after its credential was refused and is read again."""
    connection = await Connection.load(kubeconfig, "prod")
    assert connection.server == "http://prod.example.com"

    await connection.reload(await connection.headers())
    assert connection.server == "http://prod.example.com"
