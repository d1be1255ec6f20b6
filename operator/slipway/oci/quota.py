"""What a registry says about how much it may still be asked, read from the headers of its answers.

Docker Hub counts pulls (a GET of a manifest; a HEAD is none) and tells in `ratelimit-limit: 100;w=21600` and
`ratelimit-remaining: 20;w=21600`; its API counts requests and tells in `X-RateLimit-*`. Others use the
drafts of the IETF (`RateLimit-Limit`, later `RateLimit` and `RateLimit-Policy`). A registry that says nothing
has no limit that anybody knows of. Nothing is hard-coded: plans and numbers change.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from slipway.egress import EndpointClass, Headers, Limits, Response

__all__ = ["Quota", "QuotaKind", "QuotaState", "Quotas", "is_pull_limit", "read_quota"]

_LOW: Final = 20  # percent of the limit
_NUMBER: Final = re.compile(r"\s*(\d{1,15})")
_PARAMETER: Final = re.compile(r"(?:^|[;,\s])([a-z]+)\s*=\s*\"?(\d{1,15})", re.IGNORECASE)
_UNIX: Final = 10**9  # from here on a number of seconds is a Unix time, and no wait
_LONGEST: Final = timedelta(days=7)
_UNSTATED: Final = timedelta(hours=1)  # when nobody says when a quota begins anew


class QuotaKind(StrEnum):
    """What is counted."""

    PULL = "Pull"
    """What the registry itself is asked; on Docker Hub, GETs of manifests."""

    API = "API"
    """Requests to the product's own API."""


class QuotaState(StrEnum):
    """How much is left; the words of `status.rateLimit.state`."""

    OK = "Ok"
    LOW = "Low"
    """At most 20 % of the limit is left, or no more than the Registry leaves to others."""

    EXHAUSTED = "Exhausted"


_WORST_FIRST: Final = (QuotaState.EXHAUSTED, QuotaState.LOW)


@dataclass(frozen=True, slots=True)
class Quota:
    """A quota as it was told last."""

    remaining: int
    limit: int | None
    """None when only what is left was told."""

    resets_at: datetime
    """When it begins anew, or begins to; told, or else the end of a whole window from when it was told."""

    source: str = ""
    """Whom the registry counts for, such as an address or a user; empty when it does not say."""

    def state(self, now: datetime, budget_percent: int = 100) -> QuotaState:
        """How much is left.

        Args:
            now: The wall clock; what was told before a reset counts no more after it.
            budget_percent: How much of the limit may be used.
        """
        if now >= self.resets_at:
            return QuotaState.OK
        if self.remaining <= 0:
            return QuotaState.EXHAUSTED
        reserve = max(_LOW, 100 - budget_percent)
        return QuotaState.LOW if self._is_within(reserve) else QuotaState.OK

    def allows(self, now: datetime, budget_percent: int = 100) -> bool:
        """Whether one more leaves to others what is theirs."""
        if now >= self.resets_at:
            return True
        return self.remaining > 0 and not self._is_within(100 - budget_percent)

    def _is_within(self, percent: int) -> bool:
        """Whether no more than this share of the limit is left."""
        return self.limit is not None and self.remaining * 100 <= self.limit * percent


class Quotas:
    """The quotas of one credential at one registry.

    Args:
        limits: Whose `pull_budget_percent` says how many pulls may be used.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self._budget = 100 if limits is None else limits.pull_budget_percent
        self._latest: dict[QuotaKind, Quota] = {}

    @property
    def latest(self) -> Mapping[QuotaKind, Quota]:
        """What was told last; a kind that was never told of is missing, and counts as without limit."""
        return self._latest

    def note(self, endpoint: EndpointClass, response: Response, now: datetime) -> None:
        """Reads an answer."""
        quota = read_quota(response.headers, now)
        if quota is None and is_pull_limit(response):
            quota = Quota(0, None, now + _UNSTATED)
        if quota is not None and endpoint is not EndpointClass.TOKEN:
            kind = QuotaKind.API if endpoint is EndpointClass.API else QuotaKind.PULL
            self._latest[kind] = quota

    def state(self, now: datetime) -> QuotaState:
        """How much is left of that of which there is least. The budget is one of pulls alone."""
        budgets = {QuotaKind.PULL: self._budget, QuotaKind.API: 100}
        states = {quota.state(now, budgets[kind]) for kind, quota in self._latest.items()}
        return next((state for state in _WORST_FIRST if state in states), QuotaState.OK)

    def may_pull(self, now: datetime) -> bool:
        """Whether one more pull stays within the budget."""
        quota = self._latest.get(QuotaKind.PULL)
        return quota is None or quota.allows(now, self._budget)


def read_quota(headers: Headers, now: datetime) -> Quota | None:
    """The quota that the headers of an answer tell of; None when they do not."""
    combined = headers.get("ratelimit")
    if combined is not None:
        return _combined(combined, headers.get("ratelimit-policy") or "", now)
    for prefix in ("ratelimit", "x-ratelimit"):
        stated = headers.get(f"{prefix}-remaining")
        remaining = None if stated is None else _number(stated)
        if stated is None or remaining is None:
            continue
        limit = headers.get(f"{prefix}-limit") or ""
        window = _parameters(stated).get("w") or _parameters(limit).get("w")
        reset = _number(headers.get(f"{prefix}-reset") or "")
        source = (headers.get("docker-ratelimit-source") or "")[:100]
        return Quota(remaining, _number(limit), _resets_at(reset, window, now), source)
    return None


def is_pull_limit(response: Response) -> bool:
    """Whether it is refused because the pulls of the credential are used up, which HEAD and API are not."""
    if response.status != 429:
        return False
    remaining = response.headers.get("ratelimit-remaining")
    is_used_up = remaining is not None and _number(remaining) == 0
    return is_used_up or b"pull rate limit" in response.body[:4096].lower()


def _combined(text: str, policy: str, now: datetime) -> Quota | None:
    """`"default";r=50;t=30` and `"default";q=100;w=60`, or what came before: `limit=9, remaining=5`."""
    told, rule = _parameters(text), _parameters(policy)
    remaining = told.get("r", told.get("remaining"))
    if remaining is None:
        return None
    limit = told.get("limit", rule.get("q"))
    return Quota(remaining, limit, _resets_at(told.get("t", told.get("reset")), rule.get("w"), now))


def _resets_at(reset: int | None, window: int | None, now: datetime) -> datetime:
    if reset is not None:
        seconds = reset - now.timestamp() if reset >= _UNIX else float(reset)
        return now + min(max(timedelta(), timedelta(seconds=min(seconds, 1e7))), _LONGEST)
    return now + (_UNSTATED if window is None else min(timedelta(seconds=min(window, 10**7)), _LONGEST))


def _number(text: str) -> int | None:
    """The number that a field begins with."""
    found = _NUMBER.match(text)
    return None if found is None else int(found[1])


def _parameters(text: str) -> dict[str, int]:
    return {name.lower(): int(value) for name, value in _PARAMETER.findall(text[:1000])}
