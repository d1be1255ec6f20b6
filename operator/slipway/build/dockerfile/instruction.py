"""One instruction of a Dockerfile as it is written: nothing is expanded and nothing is judged."""

from __future__ import annotations

from dataclasses import dataclass, replace

from slipway.build.dockerfile.errors import DockerfileError, FaultError
from slipway.build.dockerfile.lines import LogicalLine

__all__ = ["Heredoc", "Instruction", "Word"]


@dataclass(frozen=True, slots=True)
class Word:
    """A flag or a value, and where it stands."""

    text: str
    offset: int
    """In the text of the instruction's line; of a value in JSON or in `NAME=value` where the values begin."""


@dataclass(frozen=True, slots=True)
class Heredoc:
    """A text that follows an instruction, up to a line with its name."""

    name: str
    content: str
    """With all line ends."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """What one logical line says."""

    keyword: str
    """In upper case when it is an instruction that exists, else as it is written."""
    line: LogicalLine
    offset: int
    """Where in the line the keyword stands."""
    flags: tuple[Word, ...] = ()
    """Such as `--from=build`: what stands with two dashes before the values, without quotes and escapes."""
    values: tuple[Word, ...] = ()
    """As the instruction divides them; `ENV` and `LABEL` give names and values in turn."""
    is_json: bool = False
    """Whether the values were written as a JSON array."""
    trigger: Instruction | None = None
    """What ONBUILD keeps for later."""
    heredocs: tuple[Heredoc, ...] = ()

    @property
    def number(self) -> int:
        """The line of the file it begins on."""
        return self.line.starts[0].line

    def error(self, message: str, word: Word | None = None) -> DockerfileError:
        """What is wrong with it, or with one of its words."""
        return self.line.error(FaultError(message, word.offset if word else self.offset))

    def with_heredocs(self, heredocs: tuple[Heredoc, ...]) -> Instruction:
        """The same with the texts that follow it; they belong to a trigger just as well."""
        trigger = self.trigger.with_heredocs(heredocs) if self.trigger else None
        return replace(self, heredocs=heredocs, trigger=trigger)

    @property
    def text(self) -> str:
        """The instruction with its heredocs, without continuations and comments in between."""
        bodies = (f"\n{heredoc.content}{heredoc.name}" for heredoc in self.heredocs)
        return self.line.text[self.offset :].strip() + "".join(bodies)
