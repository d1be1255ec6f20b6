"""The variables that FROM may use: the platforms, and what `ARG` declares before the first FROM.

A build argument counts only where an ARG declares it, or where it is one of the platform's. Variables of
stages (their own ARG and ENV) are no part of this: they name no image, as `COPY --from` and mounts are not
expanded. See "Understand how ARG and FROM interact" and "Automatic platform ARGs in the global scope" in
https://docs.docker.com/reference/dockerfile/.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from slipway.build.dockerfile.errors import FaultError
from slipway.build.dockerfile.instruction import Instruction, Word
from slipway.build.dockerfile.shell import Dialect, ShellReader

__all__ = ["Expanded", "Scope", "global_scope"]

_LONGEST: Final = 65_536
_BUDGET: Final = 262_144
"""Characters that all substitutions of a file may bring in: lines like `ARG B=$A$A` double what is before."""


@dataclass(frozen=True, slots=True)
class Expanded:
    """A word without variables, quotes and escapes."""

    text: str
    unset: tuple[str, ...]
    """Variables in it that stand for nothing."""


class Scope:
    """Variables and their values; grows line by line."""

    def __init__(self, values: Mapping[str, str], escape: str) -> None:
        """The scope at the top of a file."""
        self._values = dict(values)
        self._dialect = Dialect(escape)
        self._left = _BUDGET
        self.declared: set[str] = set()
        """Names that build arguments count for."""

    def set(self, name: str, value: str) -> None:
        """From here on the variable has this value."""
        self._values[name] = value

    def expand(self, word: str) -> Expanded:
        """The word as FROM reads it.

        Raises:
            FaultError: when it cannot be read, a variable is demanded that is unset, or it becomes too long.
        """
        reader = ShellReader(word, self._dialect, self._value)
        text = reader.expand()
        if len(text) > _LONGEST:
            msg = f"with its variables this has {len(text)} characters: {_LONGEST} are allowed"
            raise FaultError(msg, 0)
        return Expanded(text, tuple(reader.unset))

    def _value(self, name: str) -> str | None:
        value = self._values.get(name)
        self._left -= len(value or "")
        if self._left < 0:
            msg = f"variables bring in more than {_BUDGET} characters: use fewer, shorter ones"
            raise FaultError(msg, 0)
        return value


def global_scope(
    declarations: Iterable[Instruction],
    build_args: Mapping[str, str],
    predefined: Mapping[str, str],
    escape: str,
) -> Scope:
    """What holds for all FROM instructions.

    Args:
        declarations: the ARG instructions before the first FROM.
        build_args: what the build is called with; it wins over defaults.
        predefined: the arguments that are there without ARG.
        escape: the escape character of the file.

    Raises:
        DockerfileError: when a default cannot be read.
    """
    scope = Scope({name: build_args.get(name, value) for name, value in predefined.items()}, escape)
    for instruction in declarations:
        for word in instruction.values:
            try:
                _declare(scope, word, build_args)
            except FaultError as fault:
                raise instruction.line.error(fault) from None
    return scope


def _declare(scope: Scope, word: Word, build_args: Mapping[str, str]) -> None:
    name, equals, default = word.text.partition("=")
    if not name:
        msg = "ARG needs a name before the ="
        raise FaultError(msg, word.offset)
    scope.declared.add(name)
    if name in build_args:
        scope.set(name, build_args[name])
    elif equals:
        try:
            scope.set(name, scope.expand(default).text)
        except FaultError as fault:
            raise fault.moved(word.offset + len(name) + 1) from None
