"""Environment variables of an image that moves to a new base, and what was derived from those of the old one.

`ENV PATH=/app/bin:$PATH` leaves only its result in the image: the value of the old base is baked in. While
the base keeps that value, all is well. When the new base changes it, keeping the image's value and
replacing the part are both guesses, so the rebase is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Variables", "derived_from", "merge_environment", "variables"]

Variables = Mapping[str, str]


def variables(environment: Sequence[str]) -> Variables:
    """Names with their values; the last of a name wins, as it does for a process."""
    return {name: value for name, _, value in (line.partition("=") for line in environment)}


def merge_environment(old_base: Sequence[str], image: Sequence[str], new_base: Sequence[str]) -> list[str]:
    """What a build on the new base would have: its variables in its order, then the image's own.

    A variable that the image set, changed or removed relative to the old base is as in the image; every
    other one is as in the new base.
    """
    old, own, new = variables(old_base), variables(image), variables(new_base)
    names = dict.fromkeys([*new, *own])
    merged = ((name, own.get(name) if own.get(name) != old.get(name) else new.get(name)) for name in names)
    return [f"{name}={value}" for name, value in merged if value is not None]


def derived_from(value: str, name: str | None, old: Variables, new: Variables) -> str | None:
    """The variable whose old value shows through in a value of the image though the new base changed it.

    Args:
        value: what the image set.
        name: the variable it was set for; "" for a setting that is no variable, such as the user; None for a
            line of which only paths can tell anything.
        old: variables of the old base.
        new: variables of the new base.

    Paths count wherever they stand as a whole or as a leading part. Other values (a version, a number)
    occur by chance in variables, so there they count only when the image extended the same variable.
    """
    for changed, before in _changed(old, new):
        if (name in {changed, ""} or _is_path(before)) and _contains(value, before):
            return changed
    return None


def _changed(old: Variables, new: Variables) -> Iterator[tuple[str, str]]:
    return ((name, value) for name, value in old.items() if value and new.get(name) != value)


def _is_path(value: str) -> bool:
    return "/" in value and len(value) > 1


def _contains(value: str, part: str) -> bool:
    """Whether the part stands in the value between separators; a path may go on below it."""
    return re.search(rf"(?<![^\s:=,;]){re.escape(part)}(?![^\s:/,;])", value) is not None
