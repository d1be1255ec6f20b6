"""What the Dockerfile of a commit says, and what it means when it cannot be read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from slipway.api.managedimage import ManagedImage
from slipway.engine.outcome import Stalled, Waiting
from slipway.git import Remote
from slipway.git.errors import AuthenticationFailed, FileMissing, GitError, NotAFile, Unreachable
from slipway.kinds.context import Context
from slipway.kinds.lookups import Lookups
from slipway.kinds.managedimage.dockerfile import find_names
from slipway.kinds.managedimage.facts import Commit, Problem
from slipway.kinds.managedimage.naming import NamedBase, references_of
from slipway.kube.client import KubeClient
from tests.support.outside import without_cluster
from tests.unit.kinds.managedimage.sources import COMMIT, PUSH, facts
from tests.unit.kinds.managedimage.world import BASE, NEW, built_on

HEAD = Commit(COMMIT, "refs/heads/main")
TWO_STAGES = (
    "ARG V=3\nFROM golang:1.25 AS build\nFROM alpine:$V AS slim\nFROM slim\nCOPY --from=build /a /a\n"
)


@dataclass
class Files:
    """A git host with one Dockerfile, or a problem."""

    content: str = TWO_STAGES
    problem: GitError | None = None
    read: list[tuple[str, str]] = field(default_factory=list)
    """Commits and paths."""

    async def file(self, _remote: Remote, commit: str, path: str, _ref: str, _since: datetime) -> bytes:
        self.read.append((commit, path))
        if self.problem is not None:
            raise self.problem
        return self.content.encode()


@dataclass
class Host:
    """What names are found with."""

    context: Context
    files: Files

    async def names(
        self, image: ManagedImage, commit: Commit | Problem | None = HEAD
    ) -> tuple[NamedBase, ...] | Problem | None:
        return await find_names(self.context, image, commit)


class NoSecrets:
    """An API server that has none."""

    async def get(self, *_: object) -> None:
        return None


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    files = Files()
    async with without_cluster() as context:
        kube = cast("KubeClient", NoSecrets())
        yield Host(replace(context, lookups=cast("Lookups", files), kube=kube), files)


def image(status: dict[str, Any] | None = None, **source: Any) -> ManagedImage:
    git = {"url": "https://git.example.com/shop.git", **source.pop("git", {})}
    return facts(status, source={"git": git, **source}).image


async def references(host: Host, found: ManagedImage) -> tuple[str, ...]:
    names = await host.names(found)
    assert isinstance(names, tuple)
    return references_of(names)


async def test_bases_are_those_of_the_dockerfile(host: Host) -> None:
    """Of the commit that is built, where the spec says that it is."""
    found = image(git={"path": "apps/api"}, dockerfile="docker/Containerfile")
    assert await references(host, found) == ("alpine:3", "golang:1.25")
    assert host.files.read == [(COMMIT, "apps/api/docker/Containerfile")]


@pytest.mark.parametrize(
    ("source", "want"),
    [
        ({"target": "build"}, ("golang:1.25",)),
        ({"target": "slim"}, ("alpine:3",)),
        ({"buildArgs": [{"name": "V", "value": "edge"}]}, ("alpine:edge", "golang:1.25")),
    ],
    ids=["a stage alone", "a stage that needs no other", "another value of an argument"],
)
async def test_bases_are_those_that_the_build_needs(
    host: Host, source: dict[str, Any], want: tuple[str, ...]
) -> None:
    """As the spec has it built."""
    assert await references(host, image(**source)) == want


@pytest.mark.parametrize(
    ("platforms", "want"), [([], "linux-amd64"), (["linux/arm64", "linux/amd64"], "linux-arm64")]
)
async def test_platform_is_the_first_one(host: Host, platforms: list[str], want: str) -> None:
    """Where a Dockerfile asks for it."""
    host.files.content = "ARG TARGETOS TARGETARCH\nFROM alpine:${TARGETOS}-${TARGETARCH}\n"
    assert await references(host, image(platforms=platforms)) == (f"alpine:{want}",)


async def test_dockerfile_is_read_once_for_each_commit_and_spec(host: Host) -> None:
    """What it says stands in the status then; another commit, or another spec, is read."""
    status = built_on(NEW, source={"commit": COMMIT})
    assert await references(host, image(status)) == (BASE,)
    assert host.files.read == []
    await host.names(image(status), Commit(PUSH, HEAD.ref))
    await host.names(image({**status, "observedGeneration": 0}))
    assert [commit for commit, _ in host.files.read] == [PUSH, COMMIT]


async def test_bases_of_the_spec_need_no_dockerfile(host: Host) -> None:
    """And no commit."""
    by_user = facts(bases=[{"reference": BASE}]).image
    assert await host.names(by_user, None) == (NamedBase(BASE),)
    assert await host.names(facts(source=None).image, None) == ()
    assert host.files.read == []


async def test_nothing_is_said_before_the_commit_is_known(host: Host) -> None:
    """The branch of before may have another Dockerfile."""
    assert await host.names(image(), Waiting("WarehouseNotReady", "wait")) is None
    assert host.files.read == []


@pytest.mark.parametrize(
    ("problem", "reason"),
    [(Unreachable("down"), "GitHostUnreachable"), (AuthenticationFailed("no"), "AuthenticationFailed")],
    ids=["the host is away", "the credential is refused"],
)
async def test_host_that_does_not_answer_is_asked_again(host: Host, problem: GitError, reason: str) -> None:
    """Soon, and with its own reason."""
    host.files.problem = problem
    found = await host.names(image())
    assert isinstance(found, Waiting)
    assert found == Waiting(reason, str(problem), timedelta(seconds=60), is_trouble=True)


@pytest.mark.parametrize("problem", [FileMissing("nothing there"), NotAFile("it is a directory")])
async def test_path_that_leads_nowhere_is_for_a_person(host: Host, problem: GitError) -> None:
    """A new commit, or another spec, is news; the host is not asked for it all the time."""
    host.files.problem = problem
    found = await host.names(image())
    assert isinstance(found, Stalled)
    assert found.reason == problem.reason
    assert "correct source.git.path or source.dockerfile" in found.message
    assert found.recheck.total_seconds() == 6 * 3600


async def test_dockerfile_that_cannot_be_read_names_its_line(host: Host) -> None:
    """With the path and the commit, so that it can be mended."""
    host.files.content = "FROM alpine:3\nFROM\n"
    found = await host.names(image(git={"path": "apps/api"}))
    assert isinstance(found, Stalled)
    assert found.reason == "DockerfileUnreadable"
    assert f"apps/api/Dockerfile at {COMMIT[:7]}, line 2" in found.message


async def test_secret_that_is_missing_is_told_with_its_field(host: Host) -> None:
    """So that it can be corrected."""
    found = await host.names(image(git={"secretRef": {"name": "git"}}))
    assert isinstance(found, Waiting)
    assert found.reason == "SecretNotFound"
    assert "source.git.secretRef" in found.message
