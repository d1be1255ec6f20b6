"""What the history of an image says about its upper layers, and whether that allows a rebase.

A layer that COPY or ADD made holds only what the build brought in. A layer that RUN made may hold copies of
files of the old base (a package manager's, a static link, `cp`), which a rebase would keep although the new
base fixes them: such layers need the user's `allowRun`. WORKDIR makes a directory and runs nothing, so it
counts as harmless; BuildKit records a layer for each one.

Forms that occur in `created_by`:

    COPY app /srv # buildkit                          BuildKit; kaniko writes the instruction alone
    RUN /bin/sh -c make # buildkit                    BuildKit
    RUN |1 VERSION=3 /bin/sh -c make # buildkit       BuildKit with build arguments
    /bin/sh -c #(nop) COPY file:5f3… in /srv          Docker's classic builder, buildah
    /bin/sh -c make, |1 VERSION=3 /bin/sh -c make     RUN by the classic builder, buildah

History is matched to layers by counting, and counting is right only when the history of the image begins
with that of its base. Where it does not (BuildKit pads the history of bases without one at the *end*, which
moves every line to another layer), no line is believed. See "Image JSON description" in the OCI image
specification, config.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from slipway.build.rebase.environment import Variables, derived_from, variables
from slipway.build.rebase.image import HistoryEntry, PlatformImage
from slipway.build.rebase.recipe import Witness
from slipway.build.rebase.refusal import RebaseRefusedError, RefusalReason

__all__ = [
    "Step",
    "UpperHistory",
    "classify",
    "judge",
    "rebased_history",
    "refuse_derived_files",
    "upper_history",
]

_METADATA = frozenset(
    {"ARG", "CMD", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL"}
    | {"MAINTAINER", "ONBUILD", "SHELL", "STOPSIGNAL", "USER", "VOLUME"}
)
_INSTRUCTION = re.compile(r"([A-Z]+)(?:\s|$)")
_NOP = re.compile(r"[\w./\\:-]+(?: -o \w+| [-/]\w+)* #\(nop\)\s+(?P<instruction>.*)", re.DOTALL)
"""The classic builder: the shell and its options, then a shell comment, then the instruction."""
_BUILD_ARGUMENTS = re.compile(r"(?P<before>(?:RUN )?)\|\d+ .*?(?P<command>/bin/\w+ -c .*|$)", re.DOTALL)
_OWNER = re.compile(r" --chown=(\S+)")
_LINE_LENGTH = 160


class Step(Enum):
    """What made a line of history."""

    COPY = auto()
    """COPY or ADD: brings in files of the build."""
    WORKDIR = auto()
    """Makes a directory."""
    METADATA = auto()
    """Changes the configuration, never a file."""
    OTHER = auto()
    """RUN, or something unknown: may have copied files of the base."""


@dataclass(frozen=True, slots=True)
class UpperHistory:
    """The part of an image's history that does not come from its base."""

    entries: tuple[HistoryEntry, ...]
    """Oldest first; as many lines with a layer as there are upper layers, or none at all."""
    proven: bool
    """Whether each line is known to belong to its layer."""
    foreign: tuple[HistoryEntry, ...] = ()
    """Where lines are not known to: those, of all layers, that the base does not have."""


def classify(created_by: str) -> Step:
    """What a line of history says was done."""
    line = created_by.strip()
    classic = _NOP.fullmatch(line)
    word = _INSTRUCTION.match(classic["instruction"] if classic else line)
    match word[1] if word else "":
        case "COPY" | "ADD":
            return Step.COPY
        case "WORKDIR":
            return Step.WORKDIR
        case instruction if instruction in _METADATA:
            return Step.METADATA
        case _:
            return Step.OTHER


def upper_history(old_base: PlatformImage, image: PlatformImage) -> UpperHistory:
    """Split the history of an image that is known to stand on the old base.

    Raises:
        RebaseRefusedError: HistoryMismatch, when the lines do not count up to the layers.
    """
    if not image.history:
        return UpperHistory((), proven=False)
    if _layered(image.history) != len(image.layers):
        raise RebaseRefusedError(RefusalReason.HISTORY_MISMATCH, _mismatch(image))
    inherited = len(old_base.history)
    if _consistent(old_base) and _same_steps(image.history[:inherited], old_base.history):
        return UpperHistory(image.history[inherited:], proven=True)
    of_base = {entry.created_by for entry in old_base.history}
    foreign = tuple(entry for entry in image.history if entry.created_by not in of_base)
    return UpperHistory(_after_layers(image.history, len(old_base.layers)), proven=False, foreign=foreign)


def judge(
    upper: UpperHistory,
    image: PlatformImage,
    layers: int,
    *,
    allow_run: bool,
    witness: Witness | None = None,
) -> None:
    """Refuse upper layers that may hold copies of what the new base fixes.

    Args:
        upper: the image's own history.
        image: the image, for messages.
        layers: how many layers the image has above its base; without any there is nothing to refuse.
        allow_run: the user's word that such layers may stay.
        witness: what the Dockerfile says, where it is known; it speaks only where history is silent.

    Raises:
        RebaseRefusedError: HistoryMissing or RunNeedsAllow.
    """
    if allow_run or not layers:
        return
    if witness is not None and witness.base_copy is not None:
        raise RebaseRefusedError(RefusalReason.RUN_NEEDS_ALLOW, _copies_the_base(image, witness.base_copy))
    doubtful = [entry for entry in upper.entries if _may_copy_the_base(entry)]
    told = [entry for entry in (*doubtful, *upper.foreign) if _tells_of_a_command(entry)]
    if upper.proven and told:
        raise RebaseRefusedError(RefusalReason.RUN_NEEDS_ALLOW, _needs_allow(image, told[0], witness))
    if upper.proven and not doubtful:
        return
    if told or witness is None or witness.doubt is not None:
        raise _unproven(upper, image, layers, witness)


def refuse_derived_files(
    upper: UpperHistory, old_base: PlatformImage, image: PlatformImage, new_base: PlatformImage
) -> None:
    """Refuse files whose place or owner a variable of the old base gave, when the new base says otherwise.

    `COPY --chown=$APP_UID app $HOME/` leaves only values in the layer; builders put them into history too.

    Raises:
        RebaseRefusedError: DerivedFromBase.
    """
    old, new = (variables(base.settings.get("Env", [])) for base in (old_base, new_base))
    for entry in upper.entries:
        variable = _place_or_owner_from(entry.created_by, old, new)
        if variable and classify(entry.created_by) in {Step.COPY, Step.WORKDIR}:
            raise RebaseRefusedError(RefusalReason.DERIVED_FROM_BASE, _derived(image, entry, variable))


def rebased_history(
    upper: UpperHistory, upper_layers: int, new_base: PlatformImage
) -> tuple[HistoryEntry, ...]:
    """The history of the result: that of the new base, then the image's own.

    What has none gets one line per layer, since the lines of every image must count up to its layers.
    """
    base = new_base.history if _consistent(new_base) else _blank(len(new_base.layers))
    return base + (upper.entries or _blank(upper_layers))


def _place_or_owner_from(line: str, old: Variables, new: Variables) -> str | None:
    owner = _OWNER.search(line)
    return derived_from(line, None, old, new) or (derived_from(owner[1], "", old, new) if owner else None)


def _may_copy_the_base(entry: HistoryEntry) -> bool:
    """RUN without a layer of its own counts too: builders that squash give its layer to a later line."""
    step = classify(entry.created_by)
    if entry.empty_layer:
        return step is Step.OTHER and bool(entry.created_by.strip())
    return step not in {Step.COPY, Step.WORKDIR}


def _tells_of_a_command(entry: HistoryEntry) -> bool:
    """Whether a line says that something else than COPY and ADD was done; an empty one says nothing."""
    return bool(entry.created_by.strip()) and _may_copy_the_base(entry)


def _layered(history: Sequence[HistoryEntry]) -> int:
    return sum(not entry.empty_layer for entry in history)


def _consistent(image: PlatformImage) -> bool:
    return _layered(image.history) == len(image.layers)


def _same_steps(one: Sequence[HistoryEntry], other: Sequence[HistoryEntry]) -> bool:
    """Times and comments may differ: builders that reproduce bit by bit rewrite them."""
    return [(entry.created_by, entry.empty_layer) for entry in one] == [
        (entry.created_by, entry.empty_layer) for entry in other
    ]


def _after_layers(history: tuple[HistoryEntry, ...], layers: int) -> tuple[HistoryEntry, ...]:
    """What follows the line of the last of so many layers."""
    seen = 0
    for position, entry in enumerate(history):
        if seen == layers:
            return history[position:]
        seen += not entry.empty_layer
    return ()


def _blank(layers: int) -> tuple[HistoryEntry, ...]:
    return (HistoryEntry(comment="layer without history"),) * layers


def _mismatch(image: PlatformImage) -> str:
    return (
        f"the history of {image} has {_layered(image.history)} lines with a layer, but the image has "
        f"{len(image.layers)} layers: nothing tells how its upper layers were made; rebuild it"
    )


def _missing(image: PlatformImage, layers: int) -> str:
    return (
        "rebuild it, or set build.rebase.allowRun if you know that no RUN copied what the new base fixes: no "
        f"history that can be matched to its layers tells how the {layers} upper layers of {image} were made"
    )


def _unproven(
    upper: UpperHistory, image: PlatformImage, layers: int, witness: Witness | None
) -> RebaseRefusedError:
    """The refusal where neither history nor the Dockerfile proves how the layers were made."""
    if upper.proven:
        reason, message = RefusalReason.RUN_NEEDS_ALLOW, _needs_allow(image, HistoryEntry(), witness)
    else:
        reason, message = RefusalReason.HISTORY_MISSING, _missing(image, layers)
    if witness is None or witness.doubt is None:
        return RebaseRefusedError(reason, message)
    if witness.runs is not None:
        reason = RefusalReason.RUN_NEEDS_ALLOW
    return RebaseRefusedError(reason, f"{message}; {witness.doubt}")


def _copies_the_base(image: PlatformImage, where: str) -> str:
    return (
        "rebuild it, or set build.rebase.allowRun if you know better: a layer may hold copies of what the "
        f"new base fixes: {where}, in {image}"
    )


def _derived(image: PlatformImage, entry: HistoryEntry, variable: str) -> str:
    return (
        f"rebuild it: a path or owner was derived from the variable {variable} of the old base, which is "
        "another one in the new base, so the right one can't be known: "
        f"{_shown(entry.created_by)!r} in {image}"
    )


def _needs_allow(image: PlatformImage, entry: HistoryEntry, witness: Witness | None = None) -> str:
    where = f" ({witness.runs})" if witness is not None and witness.runs is not None else ""
    return (
        "rebuild it, or set build.rebase.allowRun if you know better: a layer was not made by COPY or ADD "
        f"and may hold copies of what the new base fixes: {_shown(entry.created_by)!r}{where} in {image}"
    )


def _shown(created_by: str) -> str:
    """One line for a message, without build arguments: people do put secrets into them."""
    line = " ".join(created_by.split())
    arguments = _BUILD_ARGUMENTS.match(line)
    if arguments:
        line = f"{arguments['before']}{arguments['command'] or '(with build arguments)'}"
    return line if len(line) <= _LINE_LENGTH else line[: _LINE_LENGTH - 1] + "…"
