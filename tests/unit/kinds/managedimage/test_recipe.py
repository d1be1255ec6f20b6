from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast

import pytest

from slipway.engine.outcome import Waiting
from slipway.git import Remote
from slipway.git.errors import FileMissing, Unreachable
from slipway.kinds.context import Context
from slipway.kinds.lookups import Lookups
from slipway.kinds.managedimage.decide import decide
from slipway.kinds.managedimage.dockerfile import read_recipe
from slipway.kinds.managedimage.facts import RebaseAction
from slipway.kinds.managedimage.rebasing import Rebaser
from tests.support.outside import without_cluster
from tests.unit.kinds.managedimage.sources import COMMIT, PUSH, base, began, built, facts
from tests.unit.kinds.managedimage.world import NEWER, NOW

SOURCE: dict[str, Any] = {
    "git": {"url": "https://git.example.com/shop.git", "branch": "release", "path": "api"},
    "dockerfile": "images/Dockerfile",
    "target": "slim",
    "buildArgs": [{"name": "A", "value": "b"}],
}


@dataclass
class Repository:
    """A git host that has one file, or fails."""

    answer: bytes | Exception = b"FROM a\n"
    asked: list[tuple[str, ...]] = field(default_factory=list)

    async def file(self, remote: Remote, commit: str, path: str, ref: str, since: datetime) -> bytes:
        """The file."""
        del since
        self.asked.append((str(remote.url), commit, path, ref))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def repository() -> Repository:
    """One that answers."""
    return Repository()


@pytest.fixture
async def context(repository: Repository) -> AsyncIterator[Context]:
    """With that repository as all there is."""
    async with without_cluster() as context:
        yield replace(context, lookups=cast("Lookups", repository))


async def test_the_dockerfile_is_that_of_the_commit_that_was_built(
    context: Context, repository: Repository
) -> None:
    """Of the path, target and arguments of the spec."""
    recipe = await read_recipe(context, facts(source=SOURCE).image, PUSH)
    assert recipe is not None
    assert (recipe.path, recipe.text, recipe.target) == ("api/images/Dockerfile", "FROM a\n", "slim")
    assert recipe.build_args == {"A": "b"}
    url = "https://git.example.com/shop.git"
    assert repository.asked == [(url, PUSH, "api/images/Dockerfile", "refs/heads/release")]


@pytest.mark.parametrize("answer", [FileMissing("no such file"), b"\xff"])
async def test_a_dockerfile_that_cannot_be_read_says_nothing(
    context: Context, repository: Repository, answer: bytes | Exception
) -> None:
    """History alone counts then."""
    repository.answer = answer
    assert await read_recipe(context, facts(source=SOURCE).image, COMMIT) is None


async def test_without_a_commit_there_is_no_dockerfile(context: Context, repository: Repository) -> None:
    """As of a source build that another pipeline has pushed."""
    assert await read_recipe(context, facts(source=SOURCE).image, None) is None
    assert repository.asked == []


REBASED: dict[str, Any] = {"build": {"type": "Job", "baseChange": "RebaseOrRebuild"}}


def rebased_facts(**more: Any) -> Any:
    """What is read while a rebase is under way."""
    status = began(facts(built(**REBASED), base(NEWER), **REBASED), number=2)
    return facts({**status, "phase": "Building"}, base(NEWER), **{**REBASED, **more})


async def test_a_git_host_that_does_not_answer_is_asked_again(
    context: Context, repository: Repository
) -> None:
    """The rebase goes on once it does: what the Dockerfile says may refuse it."""
    repository.answer = Unreachable("no answer")
    read = rebased_facts()
    plan = decide(read, NOW)
    assert isinstance(plan.actions, RebaseAction)
    assert plan.actions.commit == COMMIT
    found = await Rebaser(context).apply(read, plan)
    assert isinstance(found.outcome, Waiting)
    assert found.outcome.reason == Unreachable.reason
    assert found.outcome.until is not None
    assert found.status["builds"][0]["phase"] == "Building"


async def test_a_rebase_that_is_wanted_no_more_is_given_up(context: Context, repository: Repository) -> None:
    """It does not wait for a host that may never come back."""
    repository.answer = Unreachable("no answer")
    read = replace(rebased_facts(), bases=(base("sha256:" + "9" * 64),))
    found = await Rebaser(context).apply(read, decide(read, NOW))
    assert (found.status["builds"][0]["phase"], found.status["builds"][0]["reason"]) == (
        "Failed",
        "Superseded",
    )
