"""What the Dockerfile that an image was built by says about the layers above its base. Pure.

History tells how each layer was made, but not what came with `COPY --from`: files of a stage that stands on
the same base may be copies of what the new base fixes, and a rebase would keep them. And where history says
nothing of a layer, since a builder left its line empty or put several layers into one, the Dockerfile may
still prove that no command ran. It never outvotes history: what history says of a layer holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from slipway.build.dockerfile import Analysis, BaseCopy, DockerfileError, Step, UseKind, analyse
from slipway.oci.errors import InvalidReference
from slipway.oci.platform import Platform
from slipway.oci.reference import ImageReference

__all__ = ["Recipe", "Witness"]

_FRONTENDS: Final = frozenset({"docker.io/docker/dockerfile", "docker.io/docker/dockerfile-upstream"})
"""Images that read a Dockerfile as it is read here."""

_MAKES_LAYERS: Final = frozenset({"ADD", "COPY", "WORKDIR"})
_MOST_LINES: Final = 5
"""Lines that a message names."""


@dataclass(frozen=True, slots=True)
class Witness:
    """What the Dockerfile that an image was built by says of the layers above its base, in words."""

    base_copy: str | None
    """Which instruction may copy files of the base back into the image."""

    runs: str | None
    """Where commands run above the base."""

    doubt: str | None
    """Why it does not prove that no layer was made by a command; None when it does."""


@dataclass(frozen=True, slots=True)
class _Account:
    """What a Dockerfile says of the image for one platform."""

    path: str
    analysis: Analysis

    @property
    def base_copy(self) -> str | None:
        """The first instruction that may copy files of the base back into the image, in words."""
        for copy in self.analysis.base_copies:
            return self._copied(copy)
        base = self.analysis.final_base
        for use in base.uses if base else ():
            if use.kind is UseKind.COPY_FROM:
                return f"line {use.line} of {self.path} takes files from {use.written}, the base itself"
        return None

    @property
    def runs(self) -> str | None:
        """Where commands run above the base, in words."""
        lines = [step.line for step in self.analysis.runs]
        return f"{self.path} runs a command in {_lines(lines)}" if lines else None

    def doubt(self, layers: int, base: str, *, has_triggers: bool) -> str | None:
        """Why it does not prove that no layer was made by a command; None when it does."""
        makers = [step for step in self.analysis.steps if step.kind in _MAKES_LAYERS]
        if self.runs is not None:
            return self.runs
        if has_triggers:
            return "the base has ONBUILD triggers, which no Dockerfile shows"
        if not self._stands_on(base):
            return f"{self.path} builds on another image than {base}"
        if self._reader is not None:
            return f"{self.path} is read by {self._reader}, which may do anything"
        if layers > len(makers):
            return (
                f"{self.path} makes {len(makers)} layers at most, and the image has {layers} above its base"
            )
        return self._derived(makers)

    def _derived(self, makers: Iterable[Step]) -> str | None:
        """A variable may be one of the base: where it leads to in the new one is seen in history alone."""
        lines = [step.line for step in makers if "$" in _first_part(step.text)]
        return f"{self.path} has a variable in {_lines(lines)}, which the base may give" if lines else None

    def _copied(self, copy: BaseCopy) -> str:
        runs = f", and a command runs there in line {copy.run}" if copy.run is not None else ""
        return (
            f"line {copy.line} of {self.path} takes files from stage {copy.stage}, which holds those of the "
            f"same base{runs}"
        )

    def _stands_on(self, base: str) -> bool:
        final = self.analysis.final_base
        try:
            return final is not None and final.reference.name == ImageReference.parse(base).name
        except InvalidReference:
            return False

    @property
    def _reader(self) -> str | None:
        """What reads the file, where that is no usual frontend."""
        readers = (base.reference for base in self.analysis.bases if base.is_used_as(UseKind.SYNTAX))
        return next((str(reader) for reader in readers if reader.name not in _FRONTENDS), None)


@dataclass(frozen=True, slots=True)
class Recipe:
    """The Dockerfile of the commit that an image was built from, and how it was built."""

    path: str
    """In the repository, for messages."""

    text: str
    target: str
    build_args: Mapping[str, str]

    def witness(self, platform: Platform, layers: int, base: str, *, has_triggers: bool) -> Witness | None:
        """What it says of the image for a platform; None where it cannot be read.

        Args:
            platform: of the image.
            layers: how many the image has above its base.
            base: reference of the base.
            has_triggers: whether the base has triggers (ONBUILD), which run before the first instruction.
        """
        try:
            analysis = analyse(
                self.text, target=self.target, build_args=self.build_args, platform=str(platform)
            )
        except (DockerfileError, InvalidReference):
            return None
        account = _Account(self.path, analysis)
        return Witness(
            account.base_copy, account.runs, account.doubt(layers, base, has_triggers=has_triggers)
        )


def _first_part(text: str) -> str:
    """An instruction without the heredocs behind it, whose variables are those of files."""
    return text.partition("\n")[0]


def _lines(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:_MOST_LINES]))
    more = f" and {len(numbers) - _MOST_LINES} more" if len(numbers) > _MOST_LINES else ""
    return f"line {shown}" if len(numbers) == 1 else f"lines {shown}{more}"
