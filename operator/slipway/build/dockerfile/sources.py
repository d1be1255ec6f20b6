"""What an instruction takes files from besides the build context: a stage or an image.

    COPY --from=<name, index or image>
    RUN --mount=type=…,from=<name or image>      any number of them, of any type

Variables are expanded in neither: BuildKit refuses them and says to give the image a stage of its own.
See "COPY --from" and "RUN --mount" in https://docs.docker.com/reference/dockerfile/.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from slipway.build.dockerfile.errors import FaultError
from slipway.build.dockerfile.instruction import Instruction, Word
from slipway.build.dockerfile.shell import Dialect, ShellReader

__all__ = ["Source", "sources"]

_FROM: Final = "--from"
_MOUNT: Final = "--mount"
_INSTEAD: Final = (
    "variables do not count here: write FROM with that image AS a stage, and take from the stage"
)


@dataclass(frozen=True, slots=True)
class Source:
    """One place that files are taken from."""

    name: str
    word: Word
    """Where that is written."""
    may_be_number: bool
    """Whether a number is the index of a stage; in mounts it is not."""


def sources(instruction: Instruction, escape: str) -> Iterator[Source]:
    """The sources of an instruction, in order.

    Raises:
        DockerfileError: when one has a variable in it, or cannot be read.
    """
    match instruction.keyword:
        case "COPY":
            yield from _copy(instruction, escape)
        case "RUN":
            for mount in _values(instruction, _MOUNT):
                yield from _mount(instruction, mount)
        case _:
            pass


def _copy(instruction: Instruction, escape: str) -> Iterator[Source]:
    values = list(_values(instruction, _FROM))
    if len(values) > 1:
        msg = "COPY has one --from: write an instruction for each"
        raise instruction.error(msg, values[1])
    for value in values:
        if not _is_plain(value.text, escape):
            raise instruction.error(_INSTEAD, value)
        if value.text:
            yield Source(value.text, value, may_be_number=True)


def _mount(instruction: Instruction, mount: Word) -> Iterator[Source]:
    """The last `from` counts."""
    try:
        fields = next(csv.reader([mount.text], strict=True), [])
    except csv.Error as broken:
        msg = f"--mount is written type=bind,from=<image>,…: {broken}"
        raise instruction.error(msg, mount) from None
    pairs = (field.partition("=") for field in fields)
    names = [name for key, _, name in pairs if key.lower() == "from"]
    if any("$" in name for name in names):
        raise instruction.error(_INSTEAD, mount)
    if names and names[-1]:
        yield Source(names[-1], mount, may_be_number=False)


def _values(instruction: Instruction, flag: str) -> Iterator[Word]:
    for word in instruction.flags:
        key, equals, value = word.text.partition("=")
        if key == flag:
            if not equals:
                msg = f"{flag} has no value: write {flag}=<value>"
                raise instruction.error(msg, word)
            yield Word(value, word.offset)


def _is_plain(text: str, escape: str) -> bool:
    try:
        return ShellReader(text, Dialect(escape), lambda _: None).expand() == text
    except FaultError:
        return False
