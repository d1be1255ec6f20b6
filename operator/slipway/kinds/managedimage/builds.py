"""The builds of a ManagedImage as a list in its status: put there, ended, found again, trimmed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from slipway.api.building import BuildHistory
from slipway.api.conditions import Reason
from slipway.api.managedimage import Build, BuildPhase, BuildRun, ManagedImage, ManagedImageStatus
from slipway.build.builders.contract import Run
from slipway.build.key import BuildInputs, build_key
from slipway.kinds.managedimage.words import BUILD
from slipway.kinds.sizes import Droppable, Trimmable

__all__ = [
    "GOOD",
    "REASONS",
    "TRIED_LIMIT",
    "digests_of",
    "end",
    "failed",
    "key_of",
    "made_of",
    "origin_of",
    "put",
    "recorded",
    "remember_tried",
    "replace",
    "repository_of",
    "source_of",
    "source_tag",
    "succeeded",
    "trim",
    "trimmable",
    "under_way",
    "with_key",
]

GOOD: Final = frozenset({BuildPhase.SUCCEEDED, BuildPhase.UNCHANGED})
"""The phases of builds that ended well."""

REASONS: Final = 6
"""How many reasons of a build a status tells."""

TRIED_LIMIT = 50
"""How many keys of failed builds are remembered."""


def key_of(
    repository: str, base: tuple[str, str], source: str, *, allow_run: bool, request: str | None = None
) -> str:
    """The key of a rebase.

    Args:
        repository: where the result goes.
        base: reference and digest of the new base.
        source: digest of the source build.
        allow_run: the only setting that changes what a rebase makes or refuses.
        request: the token of a person who asked to try again what failed.
    """
    configuration = {"type": "None", "baseChange": "Rebase", "allowRun": allow_run}
    return build_key(BuildInputs(repository, {base[0]: base[1]}, source, configuration, request))


def under_way(builds: Sequence[Build]) -> Build | None:
    """The build that was begun and whose end is not recorded."""
    return next((build for build in builds if build.phase == BuildPhase.BUILDING), None)


def source_of(status: ManagedImageStatus) -> str | None:
    """The digest of the source build that the image was made of, or that it is."""
    image = status.image
    if image is None or image.build is None:
        return image.digest if image else None
    return next((build.source_digest for build in status.builds if build.number == image.build), None)


def succeeded(builds: Sequence[Build], wanted: Build) -> Build | None:
    """The newest succeeded build with the repository, source build and base of this one."""
    return _newest(builds, BuildPhase.SUCCEEDED, wanted)


def made_of(builds: Sequence[Build], wanted: Build) -> Build | None:
    """The newest build of this commit, configuration and bases that ended well, whichever way it was made."""
    alike = (
        build
        for build in builds
        if build.phase in GOOD
        and (build.commit, build.configuration, set(digests_of(build)))
        == (wanted.commit, wanted.configuration, set(digests_of(wanted)))
    )
    return next(alike, None)


def origin_of(builds: Sequence[Build], build: Build) -> Build | None:
    """The build from source behind a build: itself, or the one whose base was exchanged, where it is kept."""
    if build.method == BUILD:
        return build
    return next((one for one in builds if one.method == BUILD and one.digest == build.source_digest), None)


def with_key(builds: Sequence[Build], key: str) -> Build | None:
    """The build of this key."""
    return next((build for build in builds if build.key == key), None)


def failed(builds: Sequence[Build], wanted: Build) -> Build | None:
    """The newest build with the repository, source build and base of this one that failed by itself."""
    by_themselves = [build for build in builds if build.reason != Reason.SUPERSEDED]
    return _newest(by_themselves, BuildPhase.FAILED, wanted)


def source_tag(image: ManagedImage) -> str:
    """The tag of the source build of an image that is only rebased; the schema demands it."""
    build = image.spec.build
    assert build is not None
    assert build.rebase is not None
    assert build.rebase.from_ is not None
    return build.rebase.from_.tag


def repository_of(reference: str) -> str:
    """A reference without its tag."""
    return reference.rpartition(":")[0]


def _newest_first(builds: Iterable[Build]) -> tuple[Build, ...]:
    return tuple(sorted(builds, key=lambda build: build.number, reverse=True))


def _newest(builds: Sequence[Build], phase: BuildPhase, wanted: Build) -> Build | None:
    alike = (build for build in builds if build.phase == phase and _inputs(build) == _inputs(wanted))
    return next(alike, None)


def _inputs(build: Build) -> tuple[str, str | None, tuple[str, ...]]:
    return repository_of(build.reference), build.source_digest, tuple(sorted(digests_of(build)))


def digests_of(build: Build) -> tuple[str, ...]:
    """The digests of the bases that it was made with."""
    return tuple(base.digest for base in build.bases)


def put(builds: Sequence[Build], one: Build) -> tuple[Build, ...]:
    """The list with a build as it is now, be it a new one or in the place of that of its number."""
    return _newest_first((one, *(build for build in builds if build.number != one.number)))


def end(build: Build, phase: BuildPhase, now: datetime, **news: object) -> Build:
    """The build with its end: `digest`, or `reason` and `message`; a message that is too long is cut."""
    end = {"phase": phase, "finished_at": now, "pipeline": None, **news}
    return Build.model_validate({**build.model_dump(), **end})


def replace(builds: Sequence[Build], ended: Build, number: int | None = None) -> tuple[Build, ...]:
    """The list with one build in its new state; `number` is what it was called before, where that changed."""
    before = ended.number if number is None else number
    return _newest_first(ended if build.number == before else build for build in builds)


def recorded(build: Build, run: Run | None) -> Build:
    """The build with who works on it, once that is known; one that is known stays."""
    if run is None or build.run is not None:
        return build
    return build.model_copy(update={"run": BuildRun(id=run.id, url=run.url)})


def trim(builds: Sequence[Build], history: BuildHistory, image: int | None) -> tuple[Build, ...]:
    """The newest builds of each phase, as many as the spec keeps.

    Args:
        builds: newest first.
        history: how many of each phase are kept.
        image: the number of the build that the image comes from; like one under way it stays in any case.
    """
    room = {True: history.succeeded, False: history.failed}
    kept = []
    for build in builds:
        is_over, good = build.phase != BuildPhase.BUILDING, build.phase in GOOD
        if not is_over or room[good] > 0 or build.number == image:
            kept.append(build)
        room[good] -= is_over
    return tuple(kept)


def trimmable(image: int | None) -> tuple[Trimmable | Droppable, ...]:
    """What gives way in a status that grows too large: builds, save one under way and that of the image.

    Why these two were made, then of what, and then what was said of them, goes last.

    Args:
        image: the number of the build that `status.image` comes from, if any.
    """

    def stays(build: Mapping[str, Any]) -> bool:
        return build.get("phase") == BuildPhase.BUILDING or build.get("number") == image

    return (
        Trimmable(("builds",), keep=stays),
        Droppable(("builds", "reasons")),
        Droppable(("graph", "cycle")),
        Droppable(("builds", "bases")),
        Droppable(("builds", "message")),
    )


def remember_tried(tried: Sequence[str], key: str) -> tuple[str, ...]:
    """The keys that failed by themselves, newest first, with one more."""
    return (key, *(other for other in tried if other != key))[:TRIED_LIMIT]
