from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.git.errors import InvalidPattern
from slipway.git.paths import PathFilter

MATCHED = {
    "apps/api/**": (["apps/api/x", "apps/api/x/y.go"], ["apps/api", "apps/apis/x", "x/apps/api/y"]),
    "**/*.md": (["a.md", "docs/a.md", "a/b/c.md"], ["a.mdx", "a.md/x", "md"]),
    "*.txt": (["a.txt", ".txt"], ["a/b.txt", "a.txt.gz"]),
    "docs": (["docs", "docs/a", "docs/a/b"], ["docs2", "a/docs"]),
    "docs/": (["docs/a", "docs/a/b"], ["docs", "docs2/a"]),
    "/docs/": (["docs/a"], ["docs"]),
    "apps/*": (["apps/a"], ["apps", "apps/a/b"]),
    "apps/*/src": (["apps/a/src", "apps/a/src/x"], ["apps/src", "apps/a/b/src"]),
    "**": (["a", "a/b/c"], []),
    "a/**/b": (["a/b", "a/x/b", "a/x/y/b", "a/b/c"], ["a", "ab", "b"]),
    "**/test/**": (["test/a", "x/test/a/b"], ["test", "x/test", "tests/a"]),
    "?.go": (["a.go", "\u00e9.go"], ["ab.go", ".go", "/.go"]),
    "pages/[slug].tsx": (["pages/[slug].tsx"], ["pages/s.tsx"]),
    "a+b(c){d}$": (["a+b(c){d}$"], ["aab(c)d"]),
    "!x": (["!x"], ["x", "y"]),
    "a b/*": (["a b/c"], ["a/b/c"]),
    "line*": (["line\nbreak"], ["line/a"]),
}

REFUSED = {
    "an empty pattern": "",
    "a slash alone": "/",
    "an empty name": "a//b",
    "a way up": "../a",
    "a dot": "./a",
    "two stars within a name": "a**/b",
    "two stars before a name": "**.md",
    "a backslash": "a\\b",
    "a line break": "a\nb",
    "a long pattern": "a" * 513,
}

COUNTED = {
    "nothing is filtered": ([], [], ["a"], True),
    "nothing changed": ([], [], [], False),
    "an included path changed": (["apps/api/**"], [], ["README.md", "apps/api/x"], True),
    "only others changed": (["apps/api/**"], [], ["README.md", "apps/web/x"], False),
    "only excluded paths changed": ([], ["**/*.md"], ["README.md", "docs/a.md"], False),
    "one path beside the excluded ones changed": ([], ["**/*.md"], ["README.md", "a.go"], True),
    "the included paths are excluded too": (["apps/**"], ["**/*.md"], ["apps/a.md", "b.go"], False),
}

NAMES = st.sampled_from(["a", "b", "ab", "a.b", "*", "?", "a*", "*b", "?b"])
PATHS = st.lists(st.sampled_from(["a", "b", "ab", "a.b", "aab", ".b"]), min_size=1, max_size=4)


@pytest.mark.parametrize("pattern", MATCHED)
def test_patterns_cover_what_the_documentation_says(pattern: str) -> None:
    """Anchored at the root, one star within a name, two across; a plain last name covers a directory."""
    covered, others = MATCHED[pattern]
    paths = PathFilter.of([pattern])

    assert [path for path in covered if not paths.admits(path)] == []
    assert [path for path in others if paths.admits(path)] == []


@pytest.mark.parametrize("case", REFUSED)
def test_patterns_that_would_surprise_are_refused(case: str) -> None:
    """The message shows how patterns are written."""
    with pytest.raises(InvalidPattern, match=r"write it like apps/api/\*\*"):
        PathFilter.of([], [REFUSED[case]])


@pytest.mark.parametrize("case", COUNTED)
def test_a_change_counts_by_one_path_that_is_included_and_not_excluded(case: str) -> None:
    """No include pattern includes everything."""
    include, exclude, changed, counts = COUNTED[case]

    assert PathFilter.of(include, exclude).counts(changed) is counts


@settings(max_examples=60)
@given(st.lists(NAMES | st.just("**"), min_size=1, max_size=4), PATHS)
def test_patterns_mean_what_a_slow_and_obvious_matcher_finds(names: list[str], path: list[str]) -> None:
    """Name by name, with every way to spread the two stars tried."""
    admitted = PathFilter.of(["/".join(names)]).admits("/".join(path))

    assert admitted is _covers(names, path)


@settings(max_examples=50)
@given(st.text(max_size=30), st.text(max_size=30))
def test_any_pattern_is_read_or_refused(pattern: str, path: str) -> None:
    """Whatever was written, and whatever a repository calls its files."""
    try:
        paths = PathFilter.of([pattern])
    except InvalidPattern:
        return

    assert paths.admits(path) in {True, False}


def test_a_pattern_of_many_stars_takes_no_longer_than_others() -> None:
    """The time is linear in the path: a backtracking matcher would need years for this one."""
    paths = PathFilter.of(["*a" * 60 + "b", "**/a/" * 60 + "b"])
    began = time.process_time()

    assert not paths.counts(["a" * 4000, "a/" * 2000])
    assert time.process_time() - began < 1


def test_patterns_that_are_too_many_are_refused() -> None:
    """The compiled form has a cap."""
    with pytest.raises(InvalidPattern, match="too many"):
        PathFilter.of([f"{number}{'?' * 500}" for number in range(200)])


def test_an_empty_filter_says_so() -> None:
    """Nobody has to fetch anything to know that every path counts."""
    assert PathFilter.of().is_empty
    assert not PathFilter.of(["a"]).is_empty
    assert not PathFilter.of([], ["a"]).is_empty


def _covers(names: list[str], path: list[str]) -> bool:
    *_, last = names
    if last == "**":
        return any(_equal(names[:-1], path[:end]) for end in range(len(path)))
    if "*" in last or "?" in last:
        return _equal(names, path)
    return any(_equal(names, path[:end]) for end in range(1, len(path) + 1))


def _equal(names: list[str], path: list[str]) -> bool:
    if not names:
        return not path
    first, *rest = names
    if first == "**":
        return any(_equal(rest, path[start:]) for start in range(len(path) + 1))
    return bool(path) and _name_equal(first, path[0]) and _equal(rest, path[1:])


def _name_equal(pattern: str, name: str) -> bool:
    if not pattern:
        return not name
    if pattern[0] == "*":
        return any(_name_equal(pattern[1:], name[start:]) for start in range(len(name) + 1))
    return bool(name) and pattern[0] in {"?", name[0]} and _name_equal(pattern[1:], name[1:])
