"""From the text of a Dockerfile to its instructions, read as BuildKit reads them.

Every file that BuildKit's parser takes is taken here, unknown instructions too: what they mean is judged by
those who use them. See https://docs.docker.com/reference/dockerfile/.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from slipway.build.dockerfile.arguments import ARGUMENT_READERS, Arguments
from slipway.build.dockerfile.characters import ANY_SPACE, WORD
from slipway.build.dockerfile.directives import Directive, escape_character, frontend
from slipway.build.dockerfile.errors import DockerfileError, FaultError
from slipway.build.dockerfile.flags import read_flags
from slipway.build.dockerfile.heredocs import read_heredocs
from slipway.build.dockerfile.instruction import Instruction
from slipway.build.dockerfile.lines import LogicalLine, PhysicalLines, read_logical_line

__all__ = ["LONGEST_TEXT", "ParsedFile", "decode", "parse"]

LONGEST_TEXT: Final = 262_144
"""Characters (in `decode` bytes); everything here takes time in proportion to them."""
_MOST_INSTRUCTIONS: Final = 10_000

_BYTE_ORDER_MARK: Final = "\ufeff"
_ONBUILD: Final = "ONBUILD"
_KEYWORDS: Final = {keyword.lower(): keyword for keyword in (*ARGUMENT_READERS, _ONBUILD)}


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """A Dockerfile, instruction by instruction."""

    instructions: tuple[Instruction, ...]
    escape: str
    """The escape character of the file."""
    frontend: Directive | None
    """The line that names the image which reads the file."""


def decode(data: bytes) -> str:
    """The text of a Dockerfile.

    Raises:
        DockerfileError: when it is not UTF-8, or too long.
    """
    _refuse_length(len(data))
    try:
        return data.decode().removeprefix(_BYTE_ORDER_MARK)
    except UnicodeDecodeError as broken:
        before = data[: broken.start].decode()
        line = before.count("\n")
        msg = "this is not UTF-8: save the file in that encoding"
        raise DockerfileError(msg, line + 1, len(before) - before.rfind("\n")) from None


def parse(text: str) -> ParsedFile:
    """Read a Dockerfile.

    Raises:
        DockerfileError: when it cannot be read, holds no instruction, or is no Dockerfile.
    """
    _refuse_length(len(text))
    text = text.removeprefix(_BYTE_ORDER_MARK)
    named, escape = frontend(text), escape_character(text)
    instructions = tuple(_instructions(PhysicalLines(text), escape))
    if not instructions:
        msg = "the file has no instruction: begin with FROM <image>"
        raise DockerfileError(msg, 1, 1)
    return ParsedFile(instructions, escape, named)


def _refuse_length(length: int) -> None:
    if length > LONGEST_TEXT:
        msg = f"the file is longer than {LONGEST_TEXT} characters: put long texts into files of their own"
        raise DockerfileError(msg, 1, 1)


def _instructions(lines: PhysicalLines, escape: str) -> Iterator[Instruction]:
    read = 0
    while (line := read_logical_line(lines, escape)) is not None:
        try:
            instruction = _instruction(line, 0, escape)
        except FaultError as fault:
            raise line.error(fault) from None
        read += 1
        if read > _MOST_INSTRUCTIONS:
            msg = f"the file has more than {_MOST_INSTRUCTIONS} instructions: join some, or cut the file"
            raise instruction.error(msg)
        heredocs = read_heredocs(instruction, lines)
        yield instruction.with_heredocs(heredocs) if heredocs else instruction


def _instruction(line: LogicalLine, offset: int, escape: str, *, is_trigger: bool = False) -> Instruction:
    """What stands in a line from an offset on."""
    text = line.text.rstrip(ANY_SPACE)
    offset = max(len(text) - len(text[offset:].lstrip(ANY_SPACE)), offset)
    found = WORD.match(text, offset)
    written, end = (found[0], found.end()) if found else ("", offset)
    keyword = _KEYWORDS.get(written.lower(), written)
    flags, values_at = read_flags(text, end, escape)
    if keyword == _ONBUILD:
        # BuildKit refuses a trigger within a trigger, so how deep they go does not matter.
        has_trigger = values_at < len(text) and not is_trigger
        trigger = _instruction(line, values_at, escape, is_trigger=True) if has_trigger else None
        return Instruction(keyword, line, offset, flags, trigger=trigger)
    reader = ARGUMENT_READERS.get(keyword)
    arguments = reader(text[values_at:], values_at, escape) if reader else Arguments()
    return Instruction(keyword, line, offset, flags, arguments.words, arguments.is_json)
