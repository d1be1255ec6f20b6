"""From the target of a build to the stages and images that it needs.

A stage is needed when a needed stage stands on it, copies from it, or mounts it. The names of images are read
in needed stages alone: what is never built may be wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from slipway.build.dockerfile.errors import DockerfileError, FaultError
from slipway.build.dockerfile.instruction import Instruction, Word
from slipway.build.dockerfile.model import Use, UseKind
from slipway.build.dockerfile.scope import Expanded, Scope
from slipway.build.dockerfile.sources import Source, sources
from slipway.build.dockerfile.stages import Stage, Stages, is_number
from slipway.oci.errors import InvalidReference
from slipway.oci.reference import ImageReference

__all__ = ["Need", "Needs", "StageTaking", "needs_of", "read_reference", "triggers"]

_SCRATCH: Final = "scratch"
"""The name of nothing."""
_MOST_SOURCES: Final = 10_000
"""Triggers make many of few lines: each runs in each stage that stands on theirs."""
_Taking = tuple[Instruction, Source]


@dataclass(frozen=True, slots=True)
class Need:
    """One use of an image."""

    reference: ImageReference
    platform: str
    use: Use


@dataclass(frozen=True, slots=True)
class StageTaking:
    """One instruction that takes files from another stage."""

    by: Stage
    instruction: Instruction
    stage: Stage
    """Where they come from."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a target needs."""

    chain: tuple[Stage, ...]
    """The stages that make up the built image: the target last, before it what it stands on."""
    stages: frozenset[int]
    """The indices of all stages that are needed."""
    images: tuple[Need, ...]
    takings: tuple[StageTaking, ...]
    """Of all needed stages."""
    loaded: Mapping[int, frozenset[ImageReference]]
    """By the index of a stage, the images that it stands on or takes from at once."""
    above: Mapping[int, tuple[Stage, ...]]
    """By the index of a stage, the stages that it stands on or takes from at once."""
    below: ImageReference | None
    """What the built image stands on; None for nothing."""


@dataclass(frozen=True, slots=True)
class _Image:
    """What a FROM names when it names no stage."""

    reference: ImageReference
    platform: str
    written: str


def needs_of(target: Stage, stages: Stages, scope: Scope, escape: str) -> Needs:
    """Follow a target to everything it needs.

    Raises:
        DockerfileError: when an image or stage is named in a way that no builder could follow.
    """
    return _Walk(stages, scope, escape).from_target(target)


def triggers(stage: Stage) -> Iterator[Instruction]:
    """What the stages that stand on this one do first."""
    return (instruction.trigger for instruction in stage.instructions if instruction.trigger is not None)


def read_reference(name: str) -> ImageReference:
    """The image of that name, with its tag filled in.

    Raises:
        InvalidReference: when it can be none.
    """
    reference = ImageReference.parse(name)
    return reference if reference.tag or reference.digest else reference.with_tag("latest")


class _Walk:
    """One walk from a target; each stage is read once."""

    def __init__(self, stages: Stages, scope: Scope, escape: str) -> None:
        self._stages = stages
        self._scope = scope
        self._escape = escape
        self._origins: dict[int, Stage | _Image | None] = {}
        self._triggered: dict[int, list[_Taking]] = {}
        self._images: list[Need] = []
        self._stage_takings: list[StageTaking] = []
        self._left = _MOST_SOURCES

    def from_target(self, target: Stage) -> Needs:
        chain = [target]
        while isinstance(origin := self._origin(chain[-1]), Stage):
            chain.append(origin)
        final = {stage.index for stage in chain}
        pending, seen = [target], {target.index}
        loaded: dict[int, frozenset[ImageReference]] = {}
        above: dict[int, tuple[Stage, ...]] = {}
        while pending:
            stage, known = pending.pop(), len(self._images)
            above[stage.index] = tuple(self._needed_by(stage, final))
            loaded[stage.index] = frozenset(need.reference for need in self._images[known:])
            for needed in above[stage.index]:
                if needed.index not in seen:
                    seen.add(needed.index)
                    pending.append(needed)
        return Needs(
            chain=tuple(reversed(chain)),
            stages=frozenset(seen),
            images=tuple(self._images),
            takings=tuple(self._stage_takings),
            loaded=loaded,
            above=above,
            below=origin.reference if isinstance(origin, _Image) else None,
        )

    def _needed_by(self, stage: Stage, final: set[int]) -> Iterator[Stage]:
        """The stages that one needs at once; the images are noted."""
        origin = self._origin(stage)
        match origin:
            case Stage():
                yield origin
                yield from self._sources(stage, self._triggered_by(origin))
            case _Image():
                kind = UseKind.FINAL if stage.index in final else UseKind.BUILDER
                line = stage.opening.line.position(stage.base.offset).line
                use = Use(stage.label, kind, line, origin.written)
                self._images.append(Need(origin.reference, origin.platform, use))
            case None:
                pass
        yield from self._sources(stage, self._takings(stage.instructions))

    def _triggered_by(self, origin: Stage) -> list[_Taking]:
        """What each stage that stands on this one takes first; many may, so it is read once."""
        if origin.index not in self._triggered:
            self._triggered[origin.index] = list(self._takings(triggers(origin)))
        return self._triggered[origin.index]

    def _takings(self, instructions: Iterable[Instruction]) -> Iterator[_Taking]:
        for instruction in instructions:
            for source in sources(instruction, self._escape):
                yield instruction, source

    def _sources(self, stage: Stage, takings: Iterable[_Taking]) -> Iterator[Stage]:
        for instruction, source in takings:
            self._left -= 1
            if self._left < 0:
                msg = f"the build copies or mounts in more than {_MOST_SOURCES} places: use fewer"
                raise instruction.error(msg, source.word)
            found = self._source(stage, instruction, source)
            if found is not None:
                self._stage_takings.append(StageTaking(stage, instruction, found))
                yield found

    def _source(self, stage: Stage, instruction: Instruction, source: Source) -> Stage | None:
        """The stage that is meant; None when it is an image, which is noted, or nothing."""
        by_number = source.may_be_number and is_number(source.name)
        found = self._stages.numbered(source.name) if by_number else self._stages.named(source.name)
        if found is not None and found.index < stage.index:
            return found
        if found is not None or by_number:
            msg = f"there is no stage {source.name[:80]!r} before this one: take from one that stands above"
            raise instruction.error(
                msg,
                source.word,
            )
        if source.name != _SCRATCH:
            reference = _reference(instruction, source.word, source.name)
            line = instruction.line.position(source.word.offset).line
            use = Use(stage.label, UseKind.COPY_FROM, line, source.name)
            self._images.append(Need(reference, "", use))
        return None

    def _origin(self, stage: Stage) -> Stage | _Image | None:
        """What a stage stands on; None for nothing."""
        if stage.index not in self._origins:
            self._origins[stage.index] = self._read_origin(stage)
        return self._origins[stage.index]

    def _read_origin(self, stage: Stage) -> Stage | _Image | None:
        name = self._expanded(stage.opening, stage.base)
        earlier = self._stages.named_before(name.text, stage.index)
        if earlier is not None or name.text == _SCRATCH:
            return earlier
        try:
            reference = read_reference(name.text)
        except InvalidReference as refused:
            raise self._unusable(stage.opening, stage.base, name, str(refused)) from None
        return _Image(reference, self._platform(stage), name.text)

    def _platform(self, stage: Stage) -> str:
        if stage.platform is None:
            return ""
        platform = self._expanded(stage.opening, stage.platform)
        if not platform.text:
            raise self._unusable(stage.opening, stage.platform, platform, "the platform is empty")
        return platform.text

    def _expanded(self, opening: Instruction, word: Word) -> Expanded:
        try:
            return self._scope.expand(word.text)
        except FaultError as fault:
            raise opening.line.error(fault.moved(word.offset)) from None

    def _unusable(self, opening: Instruction, word: Word, expanded: Expanded, why: str) -> DockerfileError:
        """Where a variable has no value, that is the reason; otherwise what the text itself says."""
        if not expanded.unset:
            return opening.error(why, word)
        name = expanded.unset[0]
        if name in self._scope.declared:
            cure = f"give the build argument {name}, or write ARG {name}=<value> before the first FROM"
        else:
            cure = f"write ARG {name}=<value> before the first FROM; other variables do not count here"
        return opening.error(f"{word.text[:80]} depends on {name}, which has no value: {cure}", word)


def _reference(instruction: Instruction, word: Word, name: str) -> ImageReference:
    try:
        return read_reference(name)
    except InvalidReference as refused:
        msg = f"{refused}; no stage above has that name either"
        raise instruction.error(msg, word) from None
