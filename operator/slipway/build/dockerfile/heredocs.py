"""The heredocs that an instruction opens: `RUN <<EOF`, `COPY <<a.txt <<"b" /x/`, `RUN 3<<-EOF`.

See "Here-Documents" in https://docs.docker.com/reference/dockerfile/.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from slipway.build.dockerfile.characters import LINE_END
from slipway.build.dockerfile.errors import FaultError
from slipway.build.dockerfile.instruction import Heredoc, Instruction
from slipway.build.dockerfile.lines import PhysicalLines
from slipway.build.dockerfile.shell import Dialect, ShellReader

__all__ = ["read_heredocs"]

_INSTRUCTIONS: Final = frozenset({"ADD", "COPY", "RUN"})
_OPENED: Final = re.compile(r"[0-9]*<<(?P<dash>-?)[\t\n\f\r ]*(?P<word>[^<]*)")
_AS_WRITTEN: Final = Dialect(keeps_quoting=True, keeps_unset=True)
_BARE: Final = Dialect(keeps_unset=True)
"""Both with the backslash, whatever the file's escape character is: that is how BuildKit reads them."""


def read_heredocs(instruction: Instruction, lines: PhysicalLines) -> tuple[Heredoc, ...]:
    """The texts behind an instruction, taken from the lines that follow it.

    Raises:
        DockerfileError: when the line that ends one of them is missing.
    """
    reading = instruction.trigger or instruction
    if reading.keyword not in _INSTRUCTIONS or reading.is_json or "<<" not in instruction.line.text:
        return ()
    return tuple(
        Heredoc(name, _content(instruction, name, lines, indented=indented))
        for name, indented in _opened(instruction.line.text)
    )


def _opened(text: str) -> Iterator[tuple[str, bool]]:
    """Names, and whether tabs may stand before the line that ends them.

    A line that the rules of the shell cannot read opens none: it is left to the shell.
    """
    for word in _words(text, _AS_WRITTEN):
        found = _OPENED.fullmatch(word)
        names = _words(found["word"], _BARE) if found else []
        if found and len(names) == 1:
            yield names[0], bool(found["dash"])


def _words(text: str, dialect: Dialect) -> list[str]:
    try:
        return ShellReader(text, dialect, lambda _: None).words()
    except FaultError:
        return []


def _content(instruction: Instruction, name: str, lines: PhysicalLines, *, indented: bool) -> str:
    content: list[str] = []
    for line in lines:
        ending = line.rstrip(LINE_END)
        if (ending.lstrip("\t") if indented else ending) == name:
            return "".join(content)
        content.append(f"{line}\n")
    msg = f"the text of <<{name[:80]} does not end: write a line with {name[:80]} alone"
    raise instruction.error(msg)
