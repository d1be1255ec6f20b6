"""`python -m dev`, as a person types it."""

from __future__ import annotations

import asyncio
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator

import pytest

from dev.cache import PROJECT
from dev.cluster import Cluster, named_state
from dev.launch import down
from slipway.oci import ImageManifest, ImageReference, RegistryClient

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


def _pushed(image: str, name: str) -> str:
    """The reference with digest that `push` prints."""
    pushed = _run("push", image, "--name", name)
    assert pushed.returncode == 0, pushed.stderr
    return pushed.stdout.removesuffix("\n")


def _layers(reference: str) -> list[str]:
    """The digests of an image's layers, bottom first."""
    image = ImageReference.parse(reference)
    digest = reference.partition("@")[2]

    async def ask() -> list[str]:
        async with RegistryClient(f"http://{image.registry}") as client:
            manifest = await client.get_manifest(image.repository, digest)
            assert isinstance(manifest.content, ImageManifest)
            return [layer.digest for layer in manifest.content.layers]

    return asyncio.run(ask())


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


@pytest.mark.parametrize("image", ["base", "app"])
def test_nothing_is_pushed_where_no_cluster_runs(name: str, image: str) -> None:
    """`push` says in one line how to bring the cluster up."""
    refused = _run("push", image, "--name", name)

    assert refused.returncode == 1
    [line] = refused.stderr.splitlines()
    assert "does not run; bring it up: " in line


def test_push_moves_the_base_and_puts_the_application_on_the_newest(name: str) -> None:
    """Every `push base` has other content; `push app` needs one, and stands on the last."""
    assert _run("up", "--name", name).returncode == 0
    refused = _run("push", "app", "--name", name)
    assert refused.returncode == 1
    [line] = refused.stderr.splitlines()
    assert "no base image was pushed yet; push one: " in line

    older, newer, app = (_pushed(image, name) for image in ("base", "base", "app"))

    host = Cluster.attach(named_state(name)).registry_host
    assert older.partition("@")[0] == newer.partition("@")[0] == f"{host}/base/runtime:stable"
    assert older != newer
    assert app.partition("@")[0] == f"{host}/shop/api:1.4.0"
    [base_layer] = _layers(newer)
    assert _layers(app)[:-1] == [base_layer]
    assert [base_layer] != _layers(older)


def test_a_name_that_leads_elsewhere_is_refused() -> None:
    """Names are folders below `.slipway/`; nothing else is ever removed."""
    refused = _run("down", "--name", "../operator")

    assert refused.returncode == 2
    assert "use small letters, digits and hyphens" in refused.stderr
