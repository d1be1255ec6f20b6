from __future__ import annotations

from pathlib import Path

import pytest

from dev.gitrepository import GitRepository


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    return GitRepository(tmp_path / "shop.git")


def test_the_same_commits_have_the_same_ids_everywhere(repository: GitRepository, tmp_path: Path) -> None:
    """Authors, dates and parents are fixed, so that a test may be repeated word for word."""
    other = GitRepository(tmp_path / "other.git")

    assert [repository.commit({"a": text}) for text in "12"] == [other.commit({"a": text}) for text in "12"]


def test_commits_change_files_and_nothing_else(repository: GitRepository) -> None:
    """A path without content is removed; bytes stay bytes."""
    repository.commit({"a": "1", "b/c d": b"\xff\n"})
    tip = repository.commit({"a": None, "e": ""})

    assert repository.git("ls-tree", "-r", "--name-only", tip).splitlines() == ["b/c d", "e"]
    assert repository.git("cat-file", "-s", f"{tip}:b/c d").strip() == "2"


def test_a_force_push_leaves_the_old_commits_behind(repository: GitRepository) -> None:
    """The branch begins anew."""
    repository.commit({"a": "1"})
    tip = repository.commit({"b": "1"}, onto=None)

    assert repository.git("rev-list", "main").split() == [tip]
    assert repository.git("ls-tree", "--name-only", tip).split() == ["b"]


def test_annotated_tags_are_objects_of_their_own(repository: GitRepository) -> None:
    """Light ones are not."""
    tip = repository.commit({"a": "1"})

    assert repository.tag("light") == tip
    assert repository.tag("v1", message="The first") != tip
    assert repository.resolve("v1^{commit}") == tip
