"""Our reading against the parser of BuildKit itself, in the package `dockerfile`.

Version 3.4.0 of it holds BuildKit 0.12.5, and the builders of today read some things otherwise. We follow
today's; `NEWER` has a file for each difference, and the test of it fails when the package catches up:

    # check=         was a comment, so that an escape directive below it did not count
    << EOF           no blank could stand before the name of a heredoc
    ${x#y} ${x/y/z}  variables with these modifiers on a line kept its heredocs from being seen
    ["a"] b          text behind a JSON array was ignored; now it makes the whole a command for the shell
    `                flags were read with the backslash, whatever the escape directive says

Beyond them the package reads flags byte by byte: it shows UTF-8 as Latin-1, and two bytes as white space.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import assume, example, given, settings

from slipway.build.dockerfile import DockerfileError
from slipway.build.dockerfile.instruction import Instruction
from slipway.build.dockerfile.parser import parse
from tests.support.dockerfiles import FILES, generated_files, random_texts

if TYPE_CHECKING:
    import dockerfile as oracle
else:
    oracle = pytest.importorskip(
        "dockerfile", reason="the package dockerfile, BuildKit's own parser, has wheels for x86-64 alone"
    )

KEYWORDS = {keyword.upper() for keyword in oracle.all_cmds()}
GENERATED = list(generated_files(250))

NEWER = {
    "a check before the escape character": "# check=skip=all\n# escape=`\nFROM a\nRUN b `\n c\n",
    "a blank before the name of a heredoc": "FROM a\nRUN cat << EOF\nUSER b\nEOF\n",
    "a pattern before a heredoc": "FROM a\nRUN ${b#c} <<EOF\nUSER d\nEOF\n",
    "a replacement before a heredoc": "FROM a\nRUN ${b/c/d} <<EOF\nUSER e\nEOF\n",
    "text behind a JSON array": 'FROM a\nRUN ["b"] c\n',
    "an escape within a flag": "# escape=`\nFROM a\nCOPY --from=b` c d e\n",
}


class Said(NamedTuple):
    """What one instruction says, in words that both readers have."""

    keyword: str
    trigger: str | None
    is_json: bool
    flags: tuple[str, ...]
    values: tuple[str, ...]
    line: int
    heredocs: tuple[tuple[str, str], ...]


@cache
def ours(text: str) -> list[Said] | None:
    """What we read; None when we refuse."""
    try:
        return [_ours(instruction) for instruction in parse(text).instructions]
    except DockerfileError:
        return None


def _ours(instruction: Instruction) -> Said:
    trigger = instruction.trigger
    reading = trigger or instruction
    return Said(
        instruction.keyword,
        trigger.keyword if trigger else None,
        reading.is_json,
        tuple(flag.text for flag in instruction.flags),
        tuple(value.text for value in reading.values),
        instruction.number,
        () if trigger else tuple((heredoc.name, heredoc.content) for heredoc in instruction.heredocs),
    )


def theirs(text: str) -> list[Said] | None:
    """What BuildKit reads; None when it refuses."""
    try:
        return [_theirs(command) for command in oracle.parse_string(text)]
    except oracle.GoParseError:
        return None


def _theirs(command: oracle.Command) -> Said:
    """The package gives what it does not know one empty value; and of ONBUILD it never gives heredocs."""
    trigger = None if command.sub_cmd is None else _known(command.sub_cmd)
    keyword = _known(command.cmd or "")
    unknown = (keyword if trigger is None else trigger) not in KEYWORDS - ({"ONBUILD"} if trigger else set())
    return Said(
        keyword,
        trigger,
        command.json,
        tuple(flag.encode("latin-1").decode() for flag in command.flags),
        () if unknown else command.value,
        command.start_line,
        () if trigger else tuple((heredoc.name, heredoc.content) for heredoc in command.heredocs),
    )


def _known(keyword: str) -> str:
    return keyword.upper() if keyword.upper() in KEYWORDS else keyword


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_files_of_people_are_read_as_buildkit_reads_them(text: str) -> None:
    assert ours(text) == theirs(text)


def test_generated_files_are_read_as_buildkit_reads_them() -> None:
    """One test for all: they are many, and a difference shows the file anyway."""
    differing = [text for text in GENERATED if ours(text) != theirs(text)]
    assert differing == []


def test_the_generated_files_are_worth_reading() -> None:
    """Most can be read, they differ, and every instruction is among them."""
    read = [said for text in GENERATED for said in ours(text) or ()]
    assert len({text for text in GENERATED if ours(text)}) >= 200
    assert {said.keyword for said in read} >= KEYWORDS


@settings(max_examples=150)
@example("FROM a\nRUN ${a:-${b:-'}'}} <<E\nE\n")
@example("\\\n\\\n  FROM a")
@given(random_texts())
def test_any_text_is_read_as_buildkit_reads_it(text: str) -> None:
    """Nonsense too, and what one refuses the other refuses."""
    assume(not _is_read_otherwise_today(text))
    assert ours(text) == theirs(text)


@pytest.mark.parametrize("text", NEWER.values(), ids=NEWER)
def test_where_the_package_is_older_than_todays_builders_it_says_something_else(text: str) -> None:
    """If this fails, the package has caught up: move the file to the others."""
    assert ours(text) is not None
    assert ours(text) != theirs(text)


def _is_read_otherwise_today(text: str) -> bool:
    """See the top of this file; and files for other frontends we refuse at once."""
    return (
        re.search(r"<<-?[\t\r ]", text) is not None
        or re.search(r"\$\{\w*[#%/]", text) is not None
        or re.search(r"\][^\n]*[^\s]", text) is not None
        or ("`" in text and "--" in text)
    )
