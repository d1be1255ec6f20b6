"""From instructions to stages, and from the names of stages to stages.

Names are compared without regard to case, as BuildKit does for targets and `COPY --from`; in FROM it knows
lower case alone, but no image has a name in upper case, so nothing else can be meant.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from slipway.build.dockerfile.arguments import ARGUMENT_READERS
from slipway.build.dockerfile.errors import DockerfileError
from slipway.build.dockerfile.instruction import Instruction, Word

__all__ = ["Stage", "Stages", "is_number", "split"]

_NAME: Final = re.compile(r"[a-z][a-z0-9_.-]*")
_NUMBER: Final = re.compile(r"[+-]?[0-9]+")
_LONGEST_NUMBER: Final = 9
_NO_TRIGGERS: Final = frozenset({"FROM", "MAINTAINER", "ONBUILD"})
_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Stage:
    """One FROM and what follows it."""

    index: int
    """Counted from 0."""
    name: str
    """What stands behind AS, in lower case; empty where nothing does."""
    opening: Instruction
    """The FROM."""
    base: Word
    """What it stands on, not expanded."""
    platform: Word | None
    """The flag `--platform`, not expanded."""
    instructions: tuple[Instruction, ...]

    @property
    def label(self) -> str:
        """How messages and uses call it."""
        return self.name or str(self.index)


class Stages:
    """The stages of a file, found by name and number."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        """Where a name is given twice, the later stage has it from there on."""
        self._stages = stages
        self._named: dict[str, list[int]] = {}
        for stage in stages:
            if stage.name:
                self._named.setdefault(stage.name, []).append(stage.index)

    def __iter__(self) -> Iterator[Stage]:
        return iter(self._stages)

    def named(self, name: str) -> Stage | None:
        """The stage that has the name at the end of the file."""
        found = self._named.get(name.lower())
        return self._stages[found[-1]] if found else None

    def named_before(self, name: str, index: int) -> Stage | None:
        """The stage that has the name where the stage with this index begins."""
        found = self._named.get(name.lower(), [])
        earlier = bisect_left(found, index)
        return self._stages[found[earlier - 1]] if earlier else None

    def numbered(self, text: str) -> Stage | None:
        """The stage with this index."""
        index = int(text) if is_number(text) and len(text) <= _LONGEST_NUMBER else -1
        return self._stages[index] if 0 <= index < len(self._stages) else None

    def target(self, target: str) -> Stage:
        """The stage to build: named, numbered, or the last.

        Raises:
            DockerfileError: when there is none of that name; the message names those there are.
        """
        found = (self.named(target) or self.numbered(target)) if target else self._stages[-1]
        if found is None:
            known = ", ".join([*self._named, f"0 to {len(self._stages) - 1}"][-_SHOWN:])
            msg = f"the file has no stage {target[:80]!r}: its stages are {known}"
            raise DockerfileError(msg, 1, 1)
        return found


def is_number(text: str) -> bool:
    """Whether this is the index of a stage, be there such a stage or not: no image has such a name."""
    return _NUMBER.fullmatch(text) is not None


def split(instructions: Sequence[Instruction]) -> tuple[tuple[Instruction, ...], Stages]:
    """The ARG instructions before the first FROM, and the stages.

    Raises:
        DockerfileError: when an instruction does not exist, stands where it cannot, or FROM cannot be read.
    """
    for instruction in instructions:
        _refuse(instruction)
    openings = [place for place, instruction in enumerate(instructions) if instruction.keyword == "FROM"]
    before = tuple(instructions[: openings[0]] if openings else instructions)
    _refuse_before_from(before)
    if not openings:
        msg = "the file has no stage: write FROM <image> below"
        raise before[-1].error(msg)
    ends = [*openings[1:], len(instructions)]
    stages = [
        _stage(index, instructions[start], tuple(instructions[start + 1 : end]))
        for index, (start, end) in enumerate(zip(openings, ends, strict=True))
    ]
    return before, Stages(stages)


def _refuse(instruction: Instruction) -> None:
    trigger = instruction.trigger
    if instruction.keyword == "ONBUILD":
        if trigger is None:
            msg = "ONBUILD needs an instruction: write ONBUILD RUN <command>"
            raise instruction.error(msg)
        if trigger.keyword in _NO_TRIGGERS:
            msg = f"{trigger.keyword} cannot be a trigger of ONBUILD"
            raise trigger.error(msg)
    elif instruction.keyword == "ARG" and not instruction.values:
        msg = "ARG needs a name: write ARG NAME or ARG NAME=default"
        raise instruction.error(msg)
    named = trigger or instruction
    if named.keyword not in {*ARGUMENT_READERS, "ONBUILD"}:
        msg = f"there is no instruction {named.keyword[:40]!r}: write one such as RUN or COPY"
        raise named.error(msg)


def _refuse_before_from(instructions: Sequence[Instruction]) -> None:
    for instruction in instructions:
        if instruction.keyword != "ARG":
            msg = f"{instruction.keyword} stands before the first FROM: only ARG may"
            raise instruction.error(msg)


def _stage(index: int, opening: Instruction, instructions: tuple[Instruction, ...]) -> Stage:
    match opening.values:
        case (base,):
            name = ""
        case (base, between, named) if between.text.lower() == "as":
            name = named.text.lower()
            if _NAME.fullmatch(name) is None:
                msg = (
                    f"{named.text[:80]!r} cannot name a stage: begin with a letter, then letters, digits, -_."
                )
                raise opening.error(msg, named)
        case _:
            msg = "FROM is written FROM <image> or FROM <image> AS <name>, without a comment"
            raise opening.error(msg)
    return Stage(index, name, opening, base, _platform(opening), instructions)


def _platform(opening: Instruction) -> Word | None:
    """The value of the flag; it counts for images alone, a stage keeps its platform."""
    flags = [flag for flag in opening.flags if flag.text.startswith("--platform")]
    if not flags:
        return None
    flag, *others = flags
    value = flag.text.removeprefix("--platform=")
    if others or value in {"", flag.text}:
        msg = "write --platform=<os>/<architecture>, once"
        raise opening.error(msg, flag)
    return Word(value, flag.offset + len("--platform="))
