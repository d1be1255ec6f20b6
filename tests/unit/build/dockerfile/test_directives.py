from __future__ import annotations

import pytest

from slipway.build.dockerfile import DockerfileError
from slipway.build.dockerfile.directives import escape_character, frontend


@pytest.mark.parametrize(
    ("text", "value", "line", "column"),
    [
        ("# syntax=a/b:1\n", "a/b:1", 1, 10),
        ("#syntax=a\r\n", "a", 1, 9),
        ("#\t SynTax = a  \n", "a", 1, 13),
        ("# syntax=a b=c\n", "a", 1, 10),
        ("# escape=`\n# syntax=a\n", "a", 2, 10),
        ("# check=skip=all\n# syntax=a\n", "a", 2, 10),
        ("#!/usr/bin/env x\n# syntax=a\n", "a", 2, 10),
    ],
)
def test_the_frontend_is_named_at_the_top(text: str, value: str, line: int, column: int) -> None:
    """Behind other directives and a shebang; what stands behind a blank is for the frontend itself."""
    named = frontend(f"{text}FROM a\n")
    assert named is not None
    assert (named.value, named.line, named.column) == (value, line, column)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "FROM a\n# syntax=a\n",
        "# a comment\n# syntax=a\n",
        "\n# syntax=a\n",
        " # syntax=a\n",
        "# unknown=b\n# syntax=a\n",
        "# syntax=\n",
        "# syntax a\n",
        "# a=b\n#!/x\n# syntax=a\n",
        "FROM a\n// syntax=a\n",
        '{"syntax": 1}',
        '{"syntax"',
        "{" * 100_000,
        '["syntax"]',
    ],
)
def test_elsewhere_it_is_a_comment(text: str) -> None:
    assert frontend(text) is None


@pytest.mark.parametrize("text", ["// syntax=a\nx", "#!/x\n// syntax=a\n", '{"syntax": "a"}'])
def test_files_in_other_languages_are_refused(text: str) -> None:
    with pytest.raises(DockerfileError, match="is read by a and is no Dockerfile"):
        frontend(text)


@pytest.mark.parametrize(
    ("text", "escape"),
    [
        ("FROM a", "\\"),
        ("# escape=`", "`"),
        ("# escape=\\", "\\"),
        ("# syntax=a\n  # Escape = ` \r\n", "`"),
        ("# check=skip=all\n# escape=`\n", "`"),
        ("#!/x\n# escape=`\n", "\\"),
        ("# c\n# escape=`\n", "\\"),
    ],
)
def test_the_escape_character_is_chosen_at_the_top(text: str, escape: str) -> None:
    assert escape_character(text) == escape


@pytest.mark.parametrize(
    ("text", "line", "column", "why"),
    [
        ("# escape=ab\n", 1, 10, "'ab' cannot be the escape character"),
        ("# escape=`\n# escape=`\n", 2, 1, "escape stands twice"),
        ("# syntax=a\n# check=b\n# SYNTAX=c\n", 3, 1, "syntax stands twice"),
    ],
)
def test_directives_that_contradict_are_refused(text: str, line: int, column: int, why: str) -> None:
    with pytest.raises(DockerfileError, match=why) as refused:
        escape_character(text)
    assert (refused.value.line, refused.value.column) == (line, column)
