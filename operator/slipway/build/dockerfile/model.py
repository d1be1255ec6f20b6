"""What the analysis of a Dockerfile says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from slipway.oci.reference import ImageReference

__all__ = ["Analysis", "Base", "BaseCopy", "Step", "Use", "UseKind", "UsedStage"]


class UseKind(StrEnum):
    """What an image is for in a build."""

    FINAL = "Final"
    """The built image stands on it."""
    BUILDER = "Builder"
    """Another stage that the build needs stands on it."""
    COPY_FROM = "CopyFrom"
    """Files are copied or mounted from it."""
    SYNTAX = "Syntax"
    """It reads the Dockerfile."""


@dataclass(frozen=True, slots=True)
class Use:
    """One place where an image is used."""

    stage: str
    """The name of the stage, or its index; empty for the syntax."""
    kind: UseKind
    line: int
    written: str
    """The image as it stands there once variables are replaced: builders match named contexts by it."""


@dataclass(frozen=True, slots=True)
class Base:
    """One image that the build needs from outside."""

    reference: ImageReference
    """Fully spelled; without tag and digest it has the tag `latest`."""
    platform: str
    """What FROM asks for; empty where the image is taken for the platform that is built for."""
    uses: tuple[Use, ...]
    """In the order of the file; at least one."""

    @property
    def is_pinned(self) -> bool:
        """Whether it is named by its digest, so that it never moves."""
        return self.reference.digest is not None

    def is_used_as(self, kind: UseKind) -> bool:
        """Whether one of the uses is of this kind."""
        return any(use.kind is kind for use in self.uses)


@dataclass(frozen=True, slots=True)
class UsedStage:
    """One stage of the file."""

    label: str
    """Its name in lower case, or its index."""
    line: int
    needed: bool
    """Whether the target cannot be built without it."""
    final: bool
    """Whether the built image consists of it: the target, and the stages it stands on."""


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction that makes a layer or a setting of the built image."""

    kind: str
    """The instruction in upper case, such as `RUN`."""
    stage: str
    line: int
    text: str
    """As it is written, with heredocs; empty but for ADD, COPY, RUN, WORKDIR: settings may hold secrets."""


@dataclass(frozen=True, slots=True)
class BaseCopy:
    """One instruction of the built image that takes files from a stage which holds those of its base."""

    line: int
    stage: str
    """The stage that it takes from: that stands on the same base, or takes from one that does."""
    run: int | None
    """The line of the first RUN there; None where no command runs."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a Dockerfile says about the images it needs, and about the image it makes."""

    bases: tuple[Base, ...]
    """In the order of their first use."""
    stages: tuple[UsedStage, ...]
    """All, in the order of the file."""
    target: str
    """The stage that is built."""
    steps: tuple[Step, ...]
    """What makes the image on top of its base, oldest first; triggers of its stages stand where they run.

    Triggers that an image from outside keeps are unknown here.
    """
    base_copies: tuple[BaseCopy, ...]
    """What may bring files of the base into layers above it, by way of another stage."""
    onbuild: tuple[Step, ...]
    """What the built image keeps for those that stand on it; the kind is that of the instruction."""

    @property
    def final_base(self) -> Base | None:
        """What the built image stands on; None when it begins from scratch."""
        return next((base for base in self.bases if base.is_used_as(UseKind.FINAL)), None)

    @property
    def runs(self) -> tuple[Step, ...]:
        """The steps that run a command, whose layers may hold copies of files of the base."""
        return tuple(step for step in self.steps if step.kind == "RUN")
