"""Build Jobs as the operator will make them, with both backends, on a real node."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from dev import ports
from dev.api import resource_path
from dev.cluster import Cluster
from dev.gitserver import GitServer
from dev.node.exposure import exposed
from slipway.build.builders.job.ending import ExitCode
from slipway.build.builders.order import GitSource
from tests.support.node import BuildJobs, NodeGit, NodeImages

DOCKERFILE = """\
ARG BASE
FROM ${BASE}
ARG GREETING=none
COPY message /message
RUN cp /etc/base-release /built-on && echo "$GREETING" > /greeting
"""

Commit = Callable[..., GitSource]

pytestmark = pytest.mark.timeout(900, func_only=True)


@pytest.fixture
def committed(node_git: NodeGit, request: pytest.FixtureRequest) -> Commit:
    """Commits files to a repository of the test's own and gives the source of a build."""
    name = f"repository-{abs(hash(request.node.nodeid))}"
    repository, url = node_git.repository(name)

    def commit(files: dict[str, str], **source: object) -> GitSource:
        return GitSource(url=url, commit=repository.commit(files), **source)  # type: ignore[arg-type]

    return commit


def test_a_commit_becomes_an_image_on_the_base_that_was_decided_on(
    cluster: Cluster,
    builds: BuildJobs,
    images: NodeImages,
    committed: Commit,
    record_property: Callable[[str, object], None],
) -> None:
    """The tag of the base moved after the decision; the digest in the termination message is the image's."""
    repository = f"{builds.namespace}/base"
    base = f"{cluster.registry_host}/{repository}:stable"
    decided = images.push_base(repository, "stable", "one")
    moved = images.push_base(repository, "stable", "two")
    assert moved.digest != decided.digest
    source = committed(
        {"apps/api/Dockerfile": DOCKERFILE, "apps/api/message": "hello\n"},
        path="apps/api",
        build_args=(("BASE", base), ("GREETING", "good day, 'world'=1")),
    )
    reference = f"{cluster.registry_host}/{builds.namespace}/api:1"

    end = builds.run(builds.order(source, reference, bases={base: decided.digest}))
    record_property("seconds", round(end.seconds, 1))

    assert (end.succeeded, end.exit_code) == (True, ExitCode.DONE), end.message
    built = images.pull(f"{builds.namespace}/api", end.message)
    below = decided.platforms[0].diff_ids
    assert built.platforms[0].diff_ids[: len(below)] == below
    labels = built.platforms[0].config["config"]["Labels"]
    assert labels["org.opencontainers.image.revision"] == source.commit
    assert images.pull(f"{builds.namespace}/api", "1").digest == end.message


def test_secrets_open_the_repository_and_reach_the_instruction_that_asks(
    cluster: Cluster, builds: BuildJobs
) -> None:
    """One for git, one for a RUN; layers are kept in the registry and taken from there by the next build."""
    for name, content in {
        "git": {"username": "ann", "password": "s3cret"},
        "tokens": {"api": "t0ken"},
    }.items():
        secret = {"metadata": {"name": name}, "stringData": content}
        cluster.api.create(resource_path("v1", "secrets", builds.namespace), secret)
    dockerfile = f"""\
FROM {cluster.registry_host}/busybox:1
RUN --mount=type=secret,id=api test "$(cat /run/secrets/api)" = t0ken && echo done > /done
"""
    place = f"{cluster.registry_host}/{builds.namespace}"
    cached = builds.with_settings(cache=f"{place}/cache")
    with GitServer(users={"ann": "s3cret"}) as server, exposed(server.port) as host:
        commit = server.repository("private").commit({"Dockerfile": dockerfile})
        source = GitSource(f"http://{host}/private", commit, secret="git", secrets=("tokens",))
        for number in (1, 2):
            end = cached.run(cached.order(source, f"{place}/api:{number}", number=number))
            assert end.succeeded, end.message

    told = cluster.kubectl("-n", builds.namespace, "logs", f"job/{end.job}", "-c", "build")
    assert "cache" in told.lower()
    assert "t0ken" not in told.replace("= t0ken", "")


def test_several_platforms_become_one_index(
    cluster: Cluster, builds: BuildJobs, images: NodeImages, committed: Commit
) -> None:
    """Each on the base of its own platform, pinned by the digest of the base's index."""
    platforms = ("linux/amd64", "linux/arm64")
    repository = f"{builds.namespace}/base"
    base = images.push_files(repository, "1", platforms)
    written = f"{cluster.registry_host}/{repository}:1"
    source = committed({"Dockerfile": f"FROM {written}\nCOPY Dockerfile /\n"}, platforms=platforms)
    reference = f"{cluster.registry_host}/{builds.namespace}/api:1"

    end = builds.run(builds.order(source, reference, bases={written: base.digest}))

    assert end.succeeded, end.message
    lowest = images.lowest_layers(f"{builds.namespace}/api", end.message)
    assert lowest == tuple(made.diff_ids[0] for made in base.platforms)


def test_a_mistake_in_the_dockerfile_is_the_builds_own_failure(
    cluster: Cluster, builds: BuildJobs, images: NodeImages, committed: Commit
) -> None:
    """The message ends with what went wrong, although the RUN spoke of a refused connection."""
    base = f"{cluster.registry_host}/busybox:1"
    files = {"Dockerfile": f"FROM {base}\nRUN echo connection refused; exit 3\n"}
    reference = f"{cluster.registry_host}/{builds.namespace}/api:1"

    end = builds.run(builds.order(committed(files), reference))

    assert (end.container, end.exit_code) == ("build", ExitCode.FAILED), end.message
    assert "exit 3" in end.message
    assert len(end.message) <= 4096


def test_a_registry_that_cannot_be_reached_is_a_passing_failure(
    cluster: Cluster, builds: BuildJobs, committed: Commit
) -> None:
    """The same order may succeed later."""
    files = {"Dockerfile": f"FROM {cluster.registry_host}/busybox:1\nCOPY Dockerfile /\n"}
    with ports.reserved(1) as (closed,):
        reference = f"10.123.0.1:{closed}/{builds.namespace}/api:1"
        end = builds.run(builds.order(committed(files), reference))

    assert (end.container, end.exit_code) == ("build", ExitCode.PASSING), end.message
    assert f"10.123.0.1:{closed}" in end.message


def test_a_git_host_that_cannot_be_reached_is_a_passing_failure(cluster: Cluster, builds: BuildJobs) -> None:
    """The init container says so, and the other never starts."""
    with ports.reserved(1) as (closed,):
        source = GitSource(url=f"http://10.123.0.1:{closed}/none", commit="0" * 40)
        end = builds.run(builds.order(source, f"{cluster.registry_host}/{builds.namespace}/api:1"))

    assert (end.container, end.exit_code) == ("clone", ExitCode.PASSING), end.message


def test_a_commit_without_the_dockerfile_says_what_to_correct(
    cluster: Cluster, builds: BuildJobs, committed: Commit
) -> None:
    """Before anything is built."""
    source = committed({"README.md": "nothing here"}, dockerfile="build/Dockerfile")
    end = builds.run(builds.order(source, f"{cluster.registry_host}/{builds.namespace}/api:1"))

    assert (end.container, end.exit_code) == ("clone", ExitCode.FAILED)
    assert "has no file 'build/Dockerfile': correct source.dockerfile" in end.message


def test_a_build_that_takes_too_long_is_ended(cluster: Cluster, builds: BuildJobs, committed: Commit) -> None:
    """Kubernetes ends it, and the Job says why."""
    files = {"Dockerfile": f"FROM {cluster.registry_host}/busybox:1\nRUN sleep 300\n"}
    reference = f"{cluster.registry_host}/{builds.namespace}/api:1"
    name = builds.start(builds.order(committed(files), reference, timeout=timedelta(seconds=6)))

    job = builds.await_end(name)

    assert [one["reason"] for one in job["status"]["conditions"] if one["type"] == "Failed"] == [
        "DeadlineExceeded"
    ]
    builds.await_pods(name, lambda pods: not pods, 60)


def test_a_cancelled_build_leaves_nothing(cluster: Cluster, builds: BuildJobs, committed: Commit) -> None:
    """Deleting the Job ends its pod within seconds, in the middle of a RUN."""
    files = {"Dockerfile": f"FROM {cluster.registry_host}/busybox:1\nRUN sleep 300\n"}
    order = builds.order(committed(files), f"{cluster.registry_host}/{builds.namespace}/api:1")
    name = builds.start(order)
    builds.await_pods(name, lambda pods: bool(pods) and pods[0]["status"]["phase"] == "Running", 180)

    cluster.api.delete(builds.path(name), propagationPolicy="Foreground")

    builds.await_pods(name, lambda pods: not pods, 60)
    cluster.api.wait_for(builds.path(name), lambda found: found is None)
