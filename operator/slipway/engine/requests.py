"""Requests: annotations `slipway.dev/<verb>: "<RFC 3339 time>[ key=value …]"` that ask for something once.

A request is new only when it is later than the one handled last and than the object's creation, so that a
manifest applied anew or restored from a backup repeats nothing; and at most 5 min ahead of our clock.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from slipway.clock import format_time, parse_time
from slipway.engine.view import REQUEST_PREFIX

__all__ = [
    "AHEAD_LIMIT",
    "RECONCILE",
    "VALUE_LIMIT",
    "Request",
    "RequestProblem",
    "Requests",
    "handled_requests",
    "new_requests",
    "parse_request",
]

RECONCILE: Final = "reconcile"
"""The verb every kind knows: look now, whatever the intervals say."""

AHEAD_LIMIT: Final = timedelta(minutes=5)
"""How far a request's time may be ahead of our clock."""

VALUE_LIMIT: Final = 1024
"""Characters a request's value has at most."""

_ARGUMENT: Final = re.compile(r"([a-z][A-Za-z0-9]*)=(\S*)")


@dataclass(frozen=True, slots=True)
class Request:
    """One request as a person wrote it."""

    verb: str
    at: datetime
    """In whole seconds, as status keeps it."""
    arguments: Mapping[str, str] = field(default_factory=dict)

    def handled(self, result: str, by: str | None = None) -> dict[str, str]:
        """Its entry for `status.handledRequests`."""
        entry = {"verb": self.verb, "at": format_time(self.at), "result": result}
        return entry if by is None else {**entry, "by": by}


@dataclass(frozen=True, slots=True)
class RequestProblem:
    """A request that cannot be taken, and a sentence that says what to write instead."""

    verb: str
    value: str
    message: str


@dataclass(frozen=True, slots=True)
class Requests:
    """What the annotations of an object ask for now."""

    new: tuple[Request, ...]
    """Oldest first."""
    problems: tuple[RequestProblem, ...]


def parse_request(verb: str, value: str) -> Request:
    """Read one annotation's value.

    Raises:
        ValueError: when it is no time followed by `key=value` words, if any; the message says what to write.
    """
    moment, *words = value[: VALUE_LIMIT + 1].split() or [""]
    if len(value) > VALUE_LIMIT:
        msg = f"the value has more than {VALUE_LIMIT} characters"
        raise ValueError(msg)
    try:
        at = parse_time(moment).replace(microsecond=0)
    except (ValueError, OverflowError):
        msg = f"{moment!r} is no time: write it like 2026-11-21T09:00:00Z"
        raise ValueError(msg) from None
    return Request(verb, at, _arguments(words))


def new_requests(
    annotations: Mapping[str, str],
    handled: Iterable[Mapping[str, Any]],
    created_at: datetime,
    now: datetime,
    *,
    verbs: Collection[str] = (RECONCILE,),
) -> Requests:
    """The requests of an object that are still to be handled. Never raises.

    Args:
        annotations: All annotations of the object.
        handled: `status.handledRequests` as it stands in the object.
        created_at: The object's creation; what is not later came along in a manifest.
        now: The moment of the decision.
        verbs: The verbs the kind knows; other annotations under `slipway.dev/` are no requests to it.
    """
    last = _last_handled(handled)
    new: list[Request] = []
    problems: list[RequestProblem] = []
    for verb in sorted(verbs):
        value = annotations.get(REQUEST_PREFIX + verb)
        if value is None:
            continue
        try:
            request = parse_request(verb, value)
        except ValueError as error:
            problems.append(RequestProblem(verb, value, f"Annotation {REQUEST_PREFIX}{verb}: {error}"))
            continue
        if request.at <= max(created_at, last.get(verb, created_at)):
            continue
        if request.at > now + AHEAD_LIMIT:
            message = f"Annotation {REQUEST_PREFIX}{verb}: {value!r} is more than 5 min ahead of our clock"
            problems.append(RequestProblem(verb, value, message))
            continue
        new.append(request)
    return Requests(tuple(sorted(new, key=lambda request: request.at)), tuple(problems))


def handled_requests(
    handled: Iterable[Mapping[str, Any]], entries: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """`status.handledRequests` after these entries: the latest of each verb, in the order of the verbs."""
    kept = {str(entry.get("verb")): dict(entry) for entry in (*handled, *entries)}
    return [kept[verb] for verb in sorted(kept)]


def _arguments(words: Iterable[str]) -> dict[str, str]:
    arguments: dict[str, str] = {}
    for word in words:
        match = _ARGUMENT.fullmatch(word)
        if match is None:
            msg = f"{word!r} is no argument: write key=value, without blanks"
            raise ValueError(msg)
        if match[1] in arguments:
            msg = f"the argument {match[1]!r} is given twice"
            raise ValueError(msg)
        arguments[match[1]] = match[2]
    return arguments


def _last_handled(handled: Iterable[Mapping[str, Any]]) -> dict[str, datetime]:
    last: dict[str, datetime] = {}
    for entry in handled:
        try:
            at = parse_time(str(entry.get("at")))
        except (ValueError, OverflowError):
            continue
        verb = str(entry.get("verb"))
        last[verb] = max(at, last.get(verb, at))
    return last
