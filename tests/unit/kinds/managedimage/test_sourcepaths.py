"""The patterns of an image's source, by what the filter of a git subscription makes of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.git import PathFilter
from slipway.git.errors import InvalidPath
from slipway.kinds.managedimage.sourcepaths import dockerfile_path, source_paths

COUNT = {
    "a file of the build context": ("apps/api", "Dockerfile", (), "apps/api/src/x.go"),
    "a Dockerfile in it": ("apps/api", "Dockerfile", (), "apps/api/Dockerfile"),
    "a Dockerfile deeper in it": ("apps/api", "docker/Dockerfile", (), "apps/api/docker/Dockerfile"),
    "a Dockerfile beside it": ("apps/api", "../docker/api.Dockerfile", (), "apps/docker/api.Dockerfile"),
    "a Dockerfile at the root": ("apps/api", "../../Dockerfile", (), "Dockerfile"),
    "what a Dockerfile elsewhere ignores": (
        "apps/api",
        "../../Dockerfile",
        (),
        "Dockerfile.dockerignore",
    ),
    "the build context as a submodule": ("apps/api", "Dockerfile", (), "apps/api"),
    "what the user adds": ("apps/api", "Dockerfile", ("libs/**", "go.mod"), "go.mod"),
    "a path with a slash at its end": ("apps/api/", "Dockerfile", (), "apps/api/x"),
    "a path that begins where it stands": ("./apps/api", "./Dockerfile", (), "apps/api/x"),
    "anything, when the context is the root": (".", "Dockerfile", (), "docs/x.md"),
    "anything, when no context is given": ("", "docker/Dockerfile", ("libs/**",), "docs/x.md"),
    "anything, when the context is written as the root": ("./", "Dockerfile", (), "x"),
    "a name with wildcards": ("apps/a*b?", "Dockerfile", (), "apps/a*b?/x"),
    "a name that a pattern may not have": ("apps/a**b", "Dockerfile", (), "apps/a**b/x/y"),
    "a name with a backslash": ("a\\b", "Dockerfile", (), "a\\b/x"),
    "a Dockerfile with wildcards": ("apps/api", "../[x]*.Dockerfile", (), "apps/[x]*.Dockerfile"),
}

PASSED_OVER = {
    "a file of another directory": ("apps/api", "Dockerfile", (), "apps/web/x"),
    "a directory whose name begins alike": ("apps/api", "Dockerfile", (), "apps/api2/x"),
    "the same directory elsewhere": ("apps/api", "Dockerfile", (), "old/apps/api/x"),
    "a Dockerfile elsewhere": ("apps/api", "Dockerfile", (), "Dockerfile"),
    "the neighbours of a Dockerfile elsewhere": ("apps/api", "../../docker/Dockerfile", (), "docker/x"),
    "what the user did not add": ("apps/api", "Dockerfile", ("libs/**",), "docs/x.md"),
}

PATTERNS = {
    "a Dockerfile in the context": ("apps/api", "Dockerfile", (), ("apps/api",)),
    "a Dockerfile elsewhere": (
        "apps/api",
        "../../docker/api",
        ("libs/**",),
        ("apps/api", "docker/api", "docker/api.dockerignore", "libs/**"),
    ),
    "what is added twice": ("apps/api", "Dockerfile", ("apps/api", "x", "x"), ("apps/api", "x")),
    "the root": (".", "Dockerfile", ("libs/**",), ()),
}

REFUSED = {
    "a context outside of the repository": ("../x", "Dockerfile"),
    "a Dockerfile outside of the repository": ("apps/api", "../../../Dockerfile"),
    "an absolute context": ("/apps/api", "Dockerfile"),
    "an absolute Dockerfile": ("apps/api", "/Dockerfile"),
    "git's own directory": (".git", "Dockerfile"),
    "a Dockerfile that is git's": ("", ".git/config"),
    "a Dockerfile that is the context": ("", "."),
    "a context with a line break": ("a\nb", "Dockerfile"),
}

names = st.text("ab*?\\.[]-", min_size=1, max_size=4).filter(lambda name: name not in {".", ".."})
paths = st.lists(names, min_size=1, max_size=3).map("/".join)


def counts(path: str, dockerfile: str, include: tuple[str, ...], changed: str) -> bool:
    """Whether a change of this path leads to a build."""
    return PathFilter.of(source_paths(path, dockerfile, include)).counts([changed])


@pytest.mark.parametrize("case", COUNT)
def test_what_a_build_depends_on_counts(case: str) -> None:
    """A change of it leads to a build."""
    assert counts(*COUNT[case])


@pytest.mark.parametrize("case", PASSED_OVER)
def test_what_a_build_does_not_depend_on_is_passed_over(case: str) -> None:
    """A change of it alone builds nothing."""
    assert not counts(*PASSED_OVER[case])


@pytest.mark.parametrize("case", PATTERNS)
def test_patterns_are_few_and_as_people_write_them(case: str) -> None:
    """They stand in the spec of a Warehouse; none at all means everything."""
    path, dockerfile, include, want = PATTERNS[case]

    assert source_paths(path, dockerfile, include) == want


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_in_a_repository_is_refused(case: str) -> None:
    """Rather than that nothing is ever built."""
    with pytest.raises(InvalidPath):
        source_paths(*REFUSED[case], ())


def test_the_dockerfile_is_found_from_the_root() -> None:
    """As a commit has it."""
    assert dockerfile_path("apps/api", "Dockerfile") == "apps/api/Dockerfile"
    assert dockerfile_path("", "Dockerfile") == "Dockerfile"
    assert dockerfile_path("./apps/api/", "../docker/Dockerfile") == "apps/docker/Dockerfile"


@given(paths, paths, paths, st.lists(paths, max_size=2))
def test_every_change_of_context_and_dockerfile_counts(
    path: str, dockerfile: str, file: str, outside: list[str]
) -> None:
    """Whatever they are called, and however far away the Dockerfile lies."""
    up = "../" * (path.count("/") + 1) if outside else ""
    patterns = source_paths(path, f"{up}{dockerfile}", ())
    chosen = PathFilter.of(patterns)

    assert chosen.counts([f"{path}/{file}"])
    assert chosen.counts([path])
    assert chosen.counts([dockerfile_path(path, f"{up}{dockerfile}")])
    assert len(patterns) <= 6
