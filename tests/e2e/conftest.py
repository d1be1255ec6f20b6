"""Fixtures for tests on a real node. All that take `cluster` from `tests.support.cluster` work on it, too.

- `cluster`: one with a real node and no fake ones; host, node and pods find `cluster.registry_host`.
- `operator`: may connect to that address, besides what it may elsewhere, and has the rights that
  docs/architecture.md names, and no others.
- `building_operator`: the same, with the images and the daemon of `backend`.
- `guarded_registry`: one that demands a password, under an address for all, beside that of the cluster.
- `sealed_registry`: one with another password, and TLS by an authority of its own.
- `node_git`, `node_ssh`: git servers that host, node and pods reach under one address.
- `images`: runnable images: a base that moves, and what was built.
- `secured_namespace`: makes namespaces that enforce a Pod Security level.
- `buildah`, `buildkit`: the two ways to build; `backend`: each of them in turn.
- `builds`: runs build Jobs with `backend`, in a namespace that enforces its level.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from dev.cluster import Cluster
from dev.gitserver import GitServer
from dev.gitssh import GitSshServer
from dev.needs import MissingNeeds
from dev.node.buildkit import start_buildkit
from dev.node.exposure import exposed
from dev.node.needs import check
from dev.node.network import ADDRESS
from dev.node.registries import make_known
from dev.operator import OperatorProcess
from dev.registry import Registry
from dev.state import ClusterOptions
from tests.support.application import NodeRegistry
from tests.support.cluster import FAST, new_namespace
from tests.support.node import Backend, BuildJobs, NodeGit, NodeImages, NodeSsh
from tests.support.rights import write_kubeconfig

SecuredNamespace = Callable[[str], str]
SETTINGS = {**FAST, "SLIPWAY_EGRESS_ALLOW": f"127.0.0.1:*,{ADDRESS}:*"}


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A cluster with a real node."""
    try:
        check()
    except MissingNeeds as error:
        pytest.skip(str(error))
    with Cluster.start(ClusterOptions(real_node=True, nodes=0)) as running:
        yield running


@pytest.fixture
def operator(cluster: Cluster, crds: None, tmp_path: Path) -> Iterator[OperatorProcess]:
    """The operator, ready, as a process of the host."""
    kubeconfig, log = write_kubeconfig(cluster, tmp_path / "kubeconfig"), tmp_path / "operator.log"
    with OperatorProcess(cluster, environment=SETTINGS, kubeconfig=kubeconfig, log=log) as running:
        yield running


@pytest.fixture(scope="module")
def building_operator(
    cluster: Cluster, crds: None, backend: Backend, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OperatorProcess]:
    """The operator, ready, with what its build Jobs need.

    It builds one image at a time: a turn that a build keeps beyond its end is noticed by the next.
    """
    environment = {**SETTINGS, **backend.environment(), "SLIPWAY_BUILDS": "1"}
    scratch = tmp_path_factory.mktemp(backend.name)
    kubeconfig, log = write_kubeconfig(cluster, scratch / "kubeconfig"), scratch / "operator.log"
    with OperatorProcess(cluster, environment=environment, kubeconfig=kubeconfig, log=log) as running:
        yield running


@pytest.fixture(scope="session")
def guarded_registry(cluster: Cluster) -> Iterator[NodeRegistry]:
    """A registry with a password that the node knows."""
    user, password = "ann", "s3cret"
    with Registry(users={user: password}) as process, exposed(process.port) as host:
        make_known(cluster.state.node, host)
        yield NodeRegistry(host, user, password, process)


@pytest.fixture(scope="session")
def sealed_registry(cluster: Cluster) -> Iterator[NodeRegistry]:
    """A registry with a password, whose certificate nobody trusts unasked."""
    user, password = "bob", "h1dden"
    process = Registry(users={user: password}, tls=True, addresses=[ADDRESS])
    with process, exposed(process.port) as host:
        assert process.authority is not None
        yield NodeRegistry(host, user, password, process, process.authority.files.certificate)


@pytest.fixture(scope="session")
def node_ssh(cluster: Cluster) -> Iterator[NodeSsh]:
    """A git server that pods reach over ssh."""
    with GitSshServer() as server, exposed(server.port) as host:
        yield NodeSsh(server, host)


@pytest.fixture(scope="session")
def node_git(cluster: Cluster) -> Iterator[NodeGit]:
    """A git server that pods reach."""
    with GitServer() as server, exposed(server.port) as host:
        yield NodeGit(server, f"http://{host}")


@pytest.fixture(scope="session")
def images(cluster: Cluster) -> NodeImages:
    """Images in the registry of the node."""
    return NodeImages(cluster)


@pytest.fixture
def secured_namespace(cluster: Cluster) -> Iterator[SecuredNamespace]:
    """Makes namespaces that enforce a Pod Security level."""
    with ExitStack() as stack:
        yield lambda level: stack.enter_context(_secured(cluster, level))


@contextmanager
def _secured(cluster: Cluster, level: str) -> Iterator[str]:
    labels = {"pod-security.kubernetes.io/enforce": level}
    yield from new_namespace(cluster, level, labels)


@pytest.fixture(scope="session")
def buildah(cluster: Cluster) -> Backend:
    """Builds in the Job."""
    return Backend.buildah(cluster.registry_host)


@pytest.fixture(scope="session")
def buildkit(
    cluster: Cluster, guarded_registry: NodeRegistry, sealed_registry: NodeRegistry
) -> Iterator[Backend]:
    """Builds on a daemon that runs as long as the tests."""
    plain = (cluster.registry_host, guarded_registry.host)
    assert sealed_registry.authority is not None
    authorities = {sealed_registry.host: sealed_registry.authority.read_text()}
    with _secured(cluster, "privileged") as namespace:
        address = start_buildkit(cluster, namespace, plain, authorities)
        yield Backend.buildkit(cluster.registry_host, address)


@pytest.fixture(scope="module", params=["buildah", "buildkit"])
def backend(request: pytest.FixtureRequest) -> Backend:
    """Each way to build, for all tests of a module, before the next."""
    found: Backend = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def builds(cluster: Cluster, backend: Backend, secured_namespace: SecuredNamespace) -> BuildJobs:
    """Build Jobs in a namespace that enforces what the backend promises to need at most."""
    return BuildJobs(cluster, backend, secured_namespace(backend.level))
