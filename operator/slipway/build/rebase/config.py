"""The configuration of the result: a three-way merge of old base, image and new base.

What the image changed relative to its old base stays; everything else is as in the new base. Where both
changed the same value, the image wins, as an instruction of its Dockerfile would. Two things differ from a
plain merge:

- Entrypoint and Cmd are tied, as in a Dockerfile: an image that sets ENTRYPOINT drops the CMD of its base,
  so both are its own. An image that only sets CMD follows the entrypoint of the new base.
- What would be a guess is refused: settings derived from variables that the new base changed, and ONBUILD
  triggers that only a build can run.

The comparison is by value: an image that repeats a value of its old base did not change it. See the OCI
image specification, config.md, for the properties; Docker's extensions (Healthcheck, OnBuild, Shell) are
merged alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from slipway.build.rebase.environment import derived_from, merge_environment, variables
from slipway.build.rebase.image import HistoryEntry, Json, PlatformImage
from slipway.build.rebase.refusal import RebaseRefusedError, RefusalReason

__all__ = ["latest_created", "merge_settings", "rebased_config"]

_BY_NAME = ("Labels", "ExposedPorts", "Volumes")
_TIED = ("Entrypoint", "Cmd")
_LEFT_OUT = ("Hostname", "Image")
"""Leftovers of the classic builder: the container and the image of one build step, wrong after a rebase."""
_OWN_MEMBERS = ("architecture", "author", "os", "os.features", "os.version", "variant")
"""Members of the configuration that say what the image is, whatever it stands on."""


def rebased_config(
    old_base: PlatformImage,
    image: PlatformImage,
    new_base: PlatformImage,
    *,
    diff_ids: Iterable[str],
    history: Iterable[HistoryEntry],
    labels: Mapping[str, str],
) -> dict[str, Any]:
    """The whole configuration document of the result.

    Members that only describe how the source build was made (`moby.buildkit.*`, `container`) are left out.

    Args:
        old_base: what the image stands on.
        image: the source build.
        new_base: what the result stands on.
        diff_ids: of the result, bottom first.
        history: of the result.
        labels: set whatever the inputs say.

    Raises:
        RebaseRefusedError: DerivedFromBase or OnBuildChanged.
    """
    settings = merge_settings(old_base.settings, image.settings, new_base.settings)
    settings["Labels"] = {**settings.get("Labels", {}), **labels}
    created = latest_created(str(part.config.get("created") or "") for part in (old_base, image, new_base))
    return {
        **{name: image.config[name] for name in _OWN_MEMBERS if image.config.get(name)},
        **({"created": created} if created else {}),
        "config": settings,
        "rootfs": {"type": "layers", "diff_ids": list(diff_ids)},
        "history": [entry.to_json() for entry in history],
    }


def merge_settings(old_base: Json, image: Json, new_base: Json) -> dict[str, Any]:
    """The `config` member of the result, without what is empty.

    Raises:
        RebaseRefusedError: DerivedFromBase or OnBuildChanged.
    """
    _refuse_triggers(old_base, new_base)
    _refuse_derived(old_base, image, new_base)
    parts = (old_base, image, new_base)
    names = sorted({*old_base, *image, *new_base}.difference(_BY_NAME, _TIED, _LEFT_OUT, {"Env", "OnBuild"}))
    merged = {name: _three_way(old_base.get(name), image.get(name), new_base.get(name)) for name in names}
    merged |= {name: _by_name(*(part.get(name, {}) for part in parts)) for name in _BY_NAME}
    merged["Env"] = merge_environment(*(part.get("Env", []) for part in parts))
    merged["Entrypoint"], merged["Cmd"] = _process(old_base, image, new_base)
    merged["OnBuild"] = image.get("OnBuild")  # triggers are not inherited: these are the image's own
    return {name: value for name, value in merged.items() if value}


def latest_created(times: Iterable[str]) -> str:
    """The latest of RFC 3339 times, as it was written; "" when none can be read."""
    readable = [(moment, text) for text in times if (moment := _moment(text)) is not None]
    return max(readable, default=(None, ""))[1]


def _three_way(old_base: Any, image: Any, new_base: Any) -> Any:
    return new_base if image == old_base else image


def _by_name(old_base: Json, image: Json, new_base: Json) -> dict[str, Any]:
    names = {*image, *new_base}
    merged = {name: _three_way(old_base.get(name), image.get(name), new_base.get(name)) for name in names}
    return {name: value for name, value in merged.items() if value is not None}


def _process(old_base: Json, image: Json, new_base: Json) -> tuple[Any, Any]:
    """Entrypoint and Cmd of the result."""
    if _sets_entrypoint(old_base, image):
        return image.get("Entrypoint"), image.get("Cmd")
    return new_base.get("Entrypoint"), _three_way(old_base.get("Cmd"), image.get("Cmd"), new_base.get("Cmd"))


def _sets_entrypoint(old_base: Json, image: Json) -> bool:
    """A CMD of the base that is gone tells of an ENTRYPOINT too, even one with the same value."""
    lost_command = "Cmd" in old_base and "Cmd" not in image
    return lost_command or image.get("Entrypoint") != old_base.get("Entrypoint")


def _refuse_triggers(old_base: Json, new_base: Json) -> None:
    if old_base.get("OnBuild") != new_base.get("OnBuild"):
        message = (
            "the new base has other ONBUILD triggers than the old one, which only a build can run; rebuild it"
        )
        raise RebaseRefusedError(RefusalReason.ON_BUILD_CHANGED, message)


def _refuse_derived(old_base: Json, image: Json, new_base: Json) -> None:
    old, new = variables(old_base.get("Env", [])), variables(new_base.get("Env", []))
    for what, name, value in _own_values(old_base, image):
        variable = derived_from(value, name, old, new)
        if variable:
            message = (
                f"{what} was derived from the variable {variable} of the old base, which is another one in "
                "the new base, so its right value can't be known; rebuild it"
            )
            raise RebaseRefusedError(RefusalReason.DERIVED_FROM_BASE, message)


def _own_values(old_base: Json, image: Json) -> Iterable[tuple[str, str, str]]:
    """What the image set that a Dockerfile can derive from variables: how to call it, its name, its value."""
    old = variables(old_base.get("Env", []))
    for name, value in variables(image.get("Env", [])).items():
        if old.get(name) != value:
            yield f"the variable {name} of the image", name, value
    for what, member in (("the working directory", "WorkingDir"), ("the user", "User")):
        if image.get(member) != old_base.get(member):
            yield f"{what} of the image", "", image.get(member, "")


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
