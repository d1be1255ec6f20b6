"""`python -m dev`, as a person types it."""

from __future__ import annotations

import re
import secrets
import subprocess
import sys
from collections.abc import Iterator

import pytest

from dev.cache import PROJECT
from dev.cluster import named_state
from dev.launch import down

pytestmark = pytest.mark.test_bed


@pytest.fixture
def name() -> Iterator[str]:
    """A cluster name nobody uses; the cluster is gone after the test."""
    chosen = f"test-{secrets.token_hex(3)}"
    yield chosen
    down(named_state(chosen))


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dev", *arguments], cwd=PROJECT, capture_output=True, text=True, check=False
    )


def test_up_tells_how_to_use_the_cluster_and_down_ends_it(name: str) -> None:
    """What `up` prints works as it stands; `status` agrees before and after."""
    up = _run("up", "--name", name)
    assert up.returncode == 0, up.stderr
    exported = re.search(r"export KUBECONFIG=(\S+)", up.stderr)
    assert exported is not None
    assert f"-m dev down --name {name}" in up.stderr

    shell = (
        f'eval "$({sys.executable} -m dev env --name {name})" && kubectl get namespace default && helm list'
    )
    used = subprocess.run(["bash", "-c", shell], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert used.returncode == 0, used.stderr
    assert "Active" in used.stdout
    assert "kube-apiserver" in _run("status", "--name", name).stdout

    assert _run("down", "--name", name).returncode == 0
    assert _run("status", "--name", name).returncode == 1
    assert not named_state(name).root.exists()


def test_commands_on_a_cluster_that_is_not_there_say_so(name: str) -> None:
    """`env` and `status` fail with a sentence, `down` finds nothing to do."""
    assert "no cluster is ready" in _run("env", "--name", name).stderr
    assert "does not run" in _run("status", "--name", name).stderr
    assert "there is no cluster" in _run("down", "--name", name).stderr


def test_a_name_that_leads_elsewhere_is_refused() -> None:
    """Names are folders below `.slipway/`; nothing else is ever removed."""
    refused = _run("down", "--name", "../operator")

    assert refused.returncode == 2
    assert "use small letters, digits and hyphens" in refused.stderr
