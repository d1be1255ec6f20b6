from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from slipway.api.conditions import Reason
from slipway.api.warehouse import Artifact, ArtifactCommit, SeenDigest, Warehouse
from slipway.clock import SystemClock
from slipway.engine.outcome import Stalled, Waiting
from slipway.git import Changes, CommitInfo, GitClient, Remote, Unknown
from slipway.git.errors import GitError, RateLimited
from slipway.kinds.context import Context
from slipway.kinds.lookups import Lookups
from slipway.kinds.warehouse.findings import Finding, Found, Trouble
from slipway.kinds.warehouse.subscriptions.factory import watch_for
from slipway.kinds.warehouse.subscriptions.trouble import FORESEEN, trouble_of
from slipway.kinds.warehouse.subscriptions.watch import Moment
from slipway.oci.cache import RegistryCache
from tests.support.outside import without_cluster

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
URL = "https://git.example.com/shop/api.git"
PATHS: dict[str, Any] = {"excludePaths": ["**/*.md"]}


def commit(name: str) -> str:
    """The id of a commit, made of one letter."""
    return name * 40


@dataclass
class Host:
    """A git host as `GitClient` shows it; `asked` is what it was asked beside its refs."""

    refs: dict[str, str] = field(default_factory=dict)
    changes: dict[tuple[str, str], Changes] = field(default_factory=dict)
    failure: GitError | None = None
    asked: list[str] = field(default_factory=list)

    async def ls_remote(self, remote: Remote, patterns: Collection[str]) -> Mapping[str, str]:
        """All refs, whatever is asked for."""
        assert str(remote.url) == URL
        assert patterns
        if self.failure is not None:
            raise self.failure
        return {name: commit(short) for name, short in self.refs.items()}

    async def commit_info(self, _: Remote, wanted: str, ref: str) -> CommitInfo:
        """Every commit has the same message."""
        self.asked.append(f"info {wanted[0]} {ref}")
        return CommitInfo(wanted, "Change the API", "Ann", NOW - timedelta(hours=1))

    async def changed_paths(self, _: Remote, old: str, new: str, ref: str) -> Changes:
        """What the test says."""
        self.asked.append(f"paths {old[0]}..{new[0]} {ref}")
        return self.changes[old[0], new[0]]


@pytest.fixture
async def host(context: Context) -> Host:
    """A host with one branch."""
    return cast("Host", context.git)


@pytest.fixture
async def context() -> AsyncIterator[Context]:
    """The host in place of the git program; no Secret is read."""
    host = Host({"refs/heads/main": "a", "HEAD": "a"})
    git = cast("GitClient", host)
    cache = RegistryCache.open(None)
    async with without_cluster() as made:
        lookups = Lookups(SystemClock(), cache, git)
        yield replace(made, git=git, lookups=lookups)
        await lookups.aclose()
        await cache.aclose()


def chosen(name: str = "a", ref: str = "main", **changes: Any) -> ArtifactCommit:
    """What was chosen before."""
    return ArtifactCommit(
        url=URL, ref=ref, commit=commit(name), first_seen_at=NOW - timedelta(days=1), **changes
    )


async def look(
    context: Context,
    before: ArtifactCommit | None = None,
    *,
    seen: tuple[SeenDigest, ...] = (),
    minimum_age: str = "0s",
    **spec: Any,
) -> Finding:
    """One look, at a branch whose pushes need not wait for others."""
    git = {"url": URL, "window": "1ms", "branch": "main", **spec}
    wanted = {name: value for name, value in git.items() if value is not None}
    warehouse = Warehouse.model_validate(
        {
            "metadata": {"name": "api", "namespace": "shop"},
            "spec": {
                "subscriptions": [{"name": "source", "type": "Git", "git": wanted}],
                "minimumAge": minimum_age,
            },
        }
    )
    watch = watch_for(context, warehouse, warehouse.spec.subscriptions[0])
    known = Artifact(name="source", git=before, seen=seen) if before is not None else None
    try:
        return await watch.look(Moment(NOW, datetime.now(UTC)), known)
    except FORESEEN as error:
        return trouble_of("source", error)


def found(finding: Finding) -> ArtifactCommit:
    """The commit that a look found."""
    assert isinstance(finding, Found), finding
    assert isinstance(finding.content, ArtifactCommit)
    return finding.content


def seen_long_ago(name: str) -> tuple[SeenDigest, ...]:
    """A commit whose window is over."""
    return (SeenDigest(digest=commit(name), at=NOW - timedelta(minutes=5)),)


async def test_the_first_commit_is_told_with_its_message(context: Context, host: Host) -> None:
    """Only the commit itself is fetched."""
    assert found(await look(context, **PATHS)) == ArtifactCommit(
        url=URL,
        ref="main",
        commit=commit("a"),
        message="Change the API",
        author="Ann",
        created_at=NOW - timedelta(hours=1),
        first_seen_at=NOW,
    )
    assert host.asked == ["info a refs/heads/main"]


async def test_a_ref_that_did_not_move_costs_nothing_more(context: Context, host: Host) -> None:
    """One list of refs, nothing is fetched."""
    assert found(await look(context, chosen(), **PATHS)) == chosen()
    assert host.asked == []


async def test_a_push_waits_for_its_window(context: Context, host: Host) -> None:
    """What was chosen stays, and the look after it is planned."""
    host.refs["refs/heads/main"] = "b"

    finding = await look(context, chosen(), window="30s")

    assert found(finding) == chosen()
    assert isinstance(finding, Found)
    assert finding.ripening.next_at == NOW + timedelta(seconds=30)
    assert host.asked == []


async def test_after_its_window_a_push_is_chosen(context: Context, host: Host) -> None:
    """Without a filter nobody asks which paths changed; what waited is forgotten."""
    host.refs["refs/heads/main"] = "b"

    finding = await look(context, chosen(), seen=seen_long_ago("b"))

    assert found(finding).commit == commit("b")
    assert isinstance(finding, Found)
    assert finding.ripening.seen == ()
    assert host.asked == ["info b refs/heads/main"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param(frozenset({"README.md", "docs/use.md"}), "a", id="only paths that are left out"),
        pytest.param(frozenset({"README.md", "main.py"}), "b", id="another path too"),
        pytest.param(Unknown("a force-push"), "b", id="whatever cannot be told counts"),
        pytest.param(frozenset(), "a", id="nothing at all, as after a revert"),
    ],
)
async def test_commits_count_by_what_they_change(
    context: Context, host: Host, changes: Changes, expected: str
) -> None:
    """Since the commit that was chosen, not since the last one that was seen."""
    host.refs["refs/heads/main"] = "b"
    host.changes["a", "b"] = changes

    content = found(await look(context, chosen(), seen=seen_long_ago("b"), **PATHS))

    assert content.commit == commit(expected)
    assert content.passed_over == (commit("b") if expected == "a" else None)


async def test_another_ref_with_the_same_commit_is_told_though_no_path_changed(
    context: Context, host: Host
) -> None:
    """The name of the ref is part of the artifact."""
    host.refs["refs/heads/release"] = "a"

    content = found(await look(context, chosen(), branch="release", **PATHS))

    assert (content.ref, content.commit, content.passed_over) == ("release", commit("a"), None)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param({"branch": None}, ("HEAD", "a"), id="the default branch"),
        pytest.param({"branch": None, "tag": "v1.0.0"}, ("v1.0.0", "b"), id="one tag"),
        pytest.param(
            {"branch": None, "semver": {"range": "^1"}}, ("v1.2.0", "c"), id="the highest version of a range"
        ),
    ],
)
async def test_what_is_followed(
    context: Context, host: Host, spec: dict[str, Any], expected: tuple[str, str]
) -> None:
    """Branch, tag, or versions among all tags."""
    host.refs |= {"refs/tags/v1.0.0": "b", "refs/tags/v1.2.0": "c", "refs/tags/v2.0.0": "d"}

    content = found(await look(context, **spec))

    assert (content.ref, content.commit[0]) == expected


async def test_a_version_that_was_deleted_is_no_reason_to_go_back(context: Context, host: Host) -> None:
    """What was chosen stays, and it is said what became of its tag."""
    host.refs |= {"refs/tags/v1.0.0": "b"}
    semver: dict[str, Any] = {"branch": None, "semver": {"range": "^1"}}

    finding = await look(context, chosen("c", ref="v1.2.0"), seen=seen_long_ago("b"), **semver)

    assert isinstance(finding, Trouble)
    assert finding.outcome.reason == Reason.TAG_DELETED
    assert "v1.2.0" in finding.outcome.message


async def test_a_narrower_range_may_go_back(context: Context, host: Host) -> None:
    """Whoever narrows it means it."""
    host.refs |= {"refs/tags/v1.0.0": "b", "refs/tags/v1.2.0": "c"}
    semver: dict[str, Any] = {"branch": None, "semver": {"range": "~1.0"}}

    finding = await look(context, chosen("c", ref="v1.2.0"), seen=seen_long_ago("b"), **semver)

    assert found(finding).ref == "v1.0.0"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        pytest.param({"window": "30s"}, "b", id="within the window"),
        pytest.param({"minimum_age": "1h"}, "b", id="too young"),
        pytest.param({"seen": seen_long_ago("b")}, None, id="chosen"),
        pytest.param(
            {"seen": seen_long_ago("b"), **PATHS},
            "b",
            id="only paths that are left out",
        ),
    ],
)
async def test_a_tag_that_names_another_commit_is_told_while_that_is_not_chosen(
    context: Context, host: Host, more: dict[str, Any], expected: str | None
) -> None:
    """Nobody knows whose it is."""
    host.refs |= {"refs/tags/v1.2.0": "b"}
    host.changes["a", "b"] = frozenset({"README.md"})

    finding = await look(context, chosen(ref="v1.2.0"), branch=None, tag="v1.2.0", **more)

    assert isinstance(finding, Found)
    assert finding.moved_to == (commit(expected) if expected else None)


async def test_a_newer_version_that_waits_is_no_tag_that_moved(context: Context, host: Host) -> None:
    """The chosen one is as it was."""
    host.refs |= {"refs/tags/v1.0.0": "a", "refs/tags/v1.2.0": "b"}

    finding = await look(context, chosen(ref="v1.0.0"), branch=None, semver={"range": "^1"}, minimum_age="1h")

    assert isinstance(finding, Found)
    assert (found(finding).ref, finding.moved_to) == ("v1.0.0", None)


async def test_a_host_that_fails_is_trouble(context: Context, host: Host) -> None:
    """It mends itself."""
    host.failure = RateLimited("git.example.com wants fewer requests")

    finding = await look(context, chosen())

    assert isinstance(finding, Trouble)
    assert isinstance(finding.outcome, Waiting)
    assert finding.outcome.reason == Reason.RATE_LIMITED


async def test_a_range_that_cannot_be_read_waits_for_a_person(context: Context, host: Host) -> None:
    """The sentence has it. Nobody is asked for refs, nor for the Secret."""
    host.failure = RateLimited("git.example.com wants fewer requests")

    finding = await look(context, branch=None, semver={"range": ">>1"}, secretRef={"name": "git"})

    assert isinstance(finding, Trouble)
    assert isinstance(finding.outcome, Stalled)
    assert finding.outcome.reason == Reason.INVALID_RANGE
