"""What is planned for a registry that is filled; `tests/cluster/dev` has one serve it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dev.populate import Contents, numbered, populate


def test_repositories_are_numbered_and_alike() -> None:
    """With the versions that a semver policy chooses from."""
    contents = list(numbered(3, 2))

    assert [one.repository for one in contents] == ["bench/app-0000", "bench/app-0001", "bench/app-0002"]
    assert {one.tags for one in contents} == {("1.0.0", "1.1.0")}


def test_every_repository_has_images_of_its_own(tmp_path: Path) -> None:
    """What a client keeps of one can be of no use for another."""
    digests = populate(tmp_path, [*numbered(3, 2), Contents("one/tag", ("1.0",))])

    assert list(digests) == ["bench/app-0000", "bench/app-0001", "bench/app-0002", "one/tag"]
    assert len(set(digests.values())) == 4


def test_what_is_there_already_is_left_alone(tmp_path: Path) -> None:
    """A repository is written once."""
    populate(tmp_path, numbered(1, 2))

    with pytest.raises(FileExistsError):
        populate(tmp_path, numbered(1, 2))
