"""What a build of a Dockerfile stands on: the images it needs, with all uses, and what it adds to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from slipway.build.dockerfile.directives import Directive
from slipway.build.dockerfile.errors import DockerfileError
from slipway.build.dockerfile.instruction import Instruction
from slipway.build.dockerfile.model import Analysis, Base, BaseCopy, Step, Use, UsedStage, UseKind
from slipway.build.dockerfile.needs import Need, Needs, needs_of, read_reference, triggers
from slipway.build.dockerfile.parser import parse
from slipway.build.dockerfile.platforms import predefined_arguments
from slipway.build.dockerfile.scope import global_scope
from slipway.build.dockerfile.stages import Stage, split
from slipway.oci.errors import InvalidReference

__all__ = ["analyse"]

_NO_ARGUMENTS: Final[Mapping[str, str]] = MappingProxyType({})
_TOLD: Final = frozenset({"ADD", "COPY", "RUN", "WORKDIR"})
_LEAVES_NOTHING: Final = frozenset({"ARG", "ONBUILD"})


def analyse(
    text: str,
    *,
    target: str = "",
    build_args: Mapping[str, str] = _NO_ARGUMENTS,
    platform: str = "linux/amd64",
    build_platform: str = "linux/amd64",
) -> Analysis:
    """Read a Dockerfile as BuildKit does, and say what a build of it needs.

    Args:
        text: the file; `decode` makes it of bytes.
        target: the name or index of the stage to build; the last one when empty.
        build_args: values for what ARG declares.
        platform: what is built for, `os/architecture[/variant]`.
        build_platform: what the builder runs on.

    Raises:
        DockerfileError: when the file cannot be read, has no such target, or names an image that depends on a
            build argument without value; it says where, and what to write instead.
        InvalidReference: when a platform is none.
    """
    parsed = parse(text)
    declarations, stages = split(parsed.instructions)
    goal = stages.target(target)
    predefined = predefined_arguments(platform, build_platform, target or goal.name)
    scope = global_scope(declarations, build_args, predefined, parsed.escape)
    needs = needs_of(goal, stages, scope, parsed.escape)
    final = {stage.index for stage in needs.chain}
    return Analysis(
        bases=_grouped([*_syntax(parsed.frontend), *needs.images]),
        stages=tuple(
            UsedStage(stage.label, stage.opening.number, stage.index in needs.stages, stage.index in final)
            for stage in stages
        ),
        target=goal.label,
        steps=tuple(_steps(needs.chain)),
        base_copies=tuple(_base_copies(needs, final, stages)),
        onbuild=tuple(_step(goal, trigger) for trigger in triggers(goal)),
    )


def _syntax(named: Directive | None) -> Iterator[Need]:
    if named is None:
        return
    try:
        reference = read_reference(named.value)
    except InvalidReference as refused:
        raise DockerfileError(str(refused), named.line, named.column) from None
    yield Need(reference, "", Use("", UseKind.SYNTAX, named.line, named.value))


def _grouped(needs: Iterable[Need]) -> tuple[Base, ...]:
    """One base for each image and platform; a use that is written twice in one place counts once."""
    groups: dict[tuple[str, str], dict[Need, None]] = {}
    for need in sorted(needs, key=lambda need: need.use.line):
        groups.setdefault((str(need.reference), need.platform), {})[need] = None
    return tuple(
        Base(next(iter(group)).reference, platform, tuple(need.use for need in group))
        for (_, platform), group in groups.items()
    )


def _steps(chain: tuple[Stage, ...]) -> Iterator[Step]:
    """What the stages of the built image do, beginning with the triggers of the stage below."""
    below: Stage | None = None
    for stage in chain:
        inherited = triggers(below) if below else iter(())
        for instruction in (*inherited, *stage.instructions):
            if instruction.keyword not in _LEAVES_NOTHING:
                yield _step(stage, instruction)
        below = stage


def _base_copies(needs: Needs, final: set[int], stages: Iterable[Stage]) -> Iterator[BaseCopy]:
    """Where a stage of the built image takes from one that holds files of the same base."""
    holding: dict[int, int | None] = {}
    # A stage takes from those above it alone, so that one pass from top to bottom sees all.
    for stage in stages:
        above = [holding[one.index] for one in needs.above.get(stage.index, ()) if one.index in holding]
        if above or (needs.below is not None and needs.below in needs.loaded.get(stage.index, ())):
            own = () if stage.index in final else _run_lines(stage)
            holding[stage.index] = min((line for line in (*above, *own) if line is not None), default=None)
    for taking in needs.takings:
        if taking.by.index in final and taking.stage.index in holding:
            line = taking.instruction.number
            yield BaseCopy(line, taking.stage.label, holding[taking.stage.index])


def _run_lines(stage: Stage) -> Iterable[int]:
    return (instruction.number for instruction in stage.instructions if instruction.keyword == "RUN")


def _step(stage: Stage, instruction: Instruction) -> Step:
    text = instruction.text if instruction.keyword in _TOLD else ""
    return Step(instruction.keyword, stage.label, instruction.number, text)
