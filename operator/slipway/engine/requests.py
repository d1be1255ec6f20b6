"""Requests: annotations `slipway.dev/<verb>: "<RFC 3339 time>[ key=value …][ reason=text]"` that ask once.

A request is new only when it is later than the one handled last and than the object's creation, so that a
manifest applied anew or restored from a backup repeats nothing; and at most 5 min ahead of our clock.

Who asked stands in `requested-by.slipway.dev/<verb>`, where an admission policy puts it. It is no part of the
wish of an object, and without the policy anybody could write anything there.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from slipway.clock import format_time, parse_time
from slipway.engine.view import REQUEST_PREFIX

__all__ = [
    "AHEAD_LIMIT",
    "BY_LIMIT",
    "EMERGENCY_REBUILD",
    "REASON",
    "RECONCILE",
    "SHORTEST_REASON",
    "STAMP_PREFIX",
    "VALUE_LIMIT",
    "Request",
    "RequestProblem",
    "Requests",
    "check_reason",
    "handled_requests",
    "new_requests",
    "parse_request",
]

RECONCILE: Final = "reconcile"
"""The verb every kind knows: look now, whatever the intervals say."""

EMERGENCY_REBUILD: Final = "emergency-rebuild"
"""The verb that must say why: it passes over the delays and windows that others rely on."""

REASON: Final = "reason"
"""The argument whose value has blanks, and so stands last."""

SHORTEST_REASON: Final = 10
"""Characters of the reason for an emergency rebuild: one word tells nobody anything a year later."""

STAMP_PREFIX: Final = "requested-by.slipway.dev/"
"""With the verb behind it, the annotation in which the admission policy keeps who wrote a request."""

BY_LIMIT: Final = 256
"""Characters that are kept of a user's name."""

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
    by: str | None = None
    """Who asked; None where nobody vouches for it."""

    @property
    def reason(self) -> str:
        """Why, as whoever asked put it; empty where nothing was said."""
        return self.arguments.get(REASON, "")

    def handled(self, result: str) -> dict[str, str]:
        """Its entry for `status.handledRequests`."""
        entry = {"verb": self.verb, "at": format_time(self.at), "result": result}
        return entry if self.by is None else {**entry, "by": self.by}


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
        ValueError: when it is no time, followed by `key=value` words and at last by a `reason=text`, if any;
            the message says what to write.
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


def check_reason(request: Request) -> None:
    """Demand of an emergency rebuild that it says why; other verbs may.

    Raises:
        ValueError: when it does not, or in too few characters; the message says what to write.
    """
    if request.verb == EMERGENCY_REBUILD and len(request.reason) < SHORTEST_REASON:
        msg = (
            f"the reason has {len(request.reason)} characters: write why in at least {SHORTEST_REASON}, "
            f"like {format_time(request.at)} {REASON}=CVE-2026-1 in openssl, fix now"
        )
        raise ValueError(msg)


def new_requests(
    annotations: Mapping[str, str],
    handled: Iterable[Mapping[str, Any]],
    created_at: datetime,
    now: datetime,
    *,
    verbs: Collection[str] = (RECONCILE,),
    trusted: bool = False,
) -> Requests:
    """The requests of an object that are still to be handled. Never raises.

    Args:
        annotations: All annotations of the object.
        handled: `status.handledRequests` as it stands in the object.
        created_at: The object's creation; what is not later came along in a manifest.
        now: The moment of the decision.
        verbs: The verbs the kind knows; other annotations under `slipway.dev/` are no requests to it.
        trusted: Whether a policy of the cluster writes down who asked; else what stands there is passed over.
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
            check_reason(request)
        except ValueError as error:
            problems.append(RequestProblem(verb, value, f"Annotation {REQUEST_PREFIX}{verb}: {error}"))
            continue
        if request.at <= max(created_at, last.get(verb, created_at)):
            continue
        if request.at > now + AHEAD_LIMIT:
            message = f"Annotation {REQUEST_PREFIX}{verb}: {value!r} is more than 5 min ahead of our clock"
            problems.append(RequestProblem(verb, value, message))
            continue
        new.append(replace(request, by=_stamp(annotations, verb)) if trusted else request)
    return Requests(tuple(sorted(new, key=lambda request: request.at)), tuple(problems))


def handled_requests(
    handled: Iterable[Mapping[str, Any]], entries: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """`status.handledRequests` after these entries: the latest of each verb, in the order of the verbs."""
    kept = {str(entry.get("verb")): dict(entry) for entry in (*handled, *entries)}
    return [kept[verb] for verb in sorted(kept)]


def _arguments(words: Sequence[str]) -> dict[str, str]:
    arguments: dict[str, str] = {}
    for place, word in enumerate(words):
        match = _ARGUMENT.fullmatch(word)
        if match is None:
            advice = f"write key=value, without blanks; a text goes into {REASON}=, at the end"
            msg = f"{word!r} is no argument: {advice}"
            raise ValueError(msg)
        if match[1] in arguments:
            msg = f"the argument {match[1]!r} is given twice"
            raise ValueError(msg)
        if match[1] == REASON:
            arguments[REASON] = _printable(" ".join((match[2], *words[place + 1 :])).strip())
            break
        arguments[match[1]] = match[2]
    return arguments


def _stamp(annotations: Mapping[str, str], verb: str) -> str | None:
    """Who wrote the request; None where the policy did not see who."""
    return _printable(annotations.get(STAMP_PREFIX + verb, ""))[:BY_LIMIT] or None


def _printable(text: str) -> str:
    """Without what could trick a terminal."""
    return "".join(filter(str.isprintable, text))


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
