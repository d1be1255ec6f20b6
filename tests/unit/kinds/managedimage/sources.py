"""ManagedImages that are built from source, as they are read: for the tests of this folder."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from slipway.api.managedimage import ManagedImage
from slipway.build.builders import contract
from slipway.build.builders.contract import Run
from slipway.engine.key import Key
from slipway.engine.reconcile import Observed
from slipway.engine.requests import Request
from slipway.engine.view import hash_status
from slipway.kinds.managedimage.beginning import begin_now
from slipway.kinds.managedimage.decide import decide
from slipway.kinds.managedimage.facts import Commit, Facts, KnownBase, Problem, Pushed, Running, Sight
from slipway.kinds.managedimage.situation import ImagePlan, Situation
from tests.unit.kinds.managedimage.world import BASE, NEW, NOW, REPOSITORY, digest

__all__ = [
    "COMMIT",
    "FAILED",
    "LATER",
    "PUSH",
    "RESULT",
    "RUN",
    "RUNNING",
    "base",
    "began",
    "built",
    "facts",
    "failing",
    "follow",
    "status_of",
]

COMMIT, PUSH = "a" * 40, "b" * 40
RESULT = digest("result")
RUN = Run("api-1")
RUNNING = Running(RUN, contract.Running())
FAILED = Running(RUN, contract.Failed("BuildFailed", "RUN false", is_infrastructure=False))
LATER = NOW + timedelta(hours=1)


def base(found: str, reference: str = BASE, **more: Any) -> KnownBase:
    return KnownBase(reference, found, more.pop("warehouse", "python-base"), **more)


def facts(
    status: dict[str, Any] | None = None,
    *bases: Any,
    commit: str | Problem = COMMIT,
    requests: tuple[Request, ...] = (),
    generation: int = 1,
    sight: Sight | None = None,
    **spec: Any,
) -> Facts:
    """All that is read; without bases one of the digest NEW."""
    document = {
        "metadata": {"name": "api", "namespace": "shop", "uid": "u1", "generation": generation},
        "spec": {
            "image": {"repository": REPOSITORY, "tag": "1.4.0-{build}"},
            "source": {"git": {"url": "https://git.example.com/shop.git"}},
            "build": {"type": "Job"},
            **spec,
        },
        "status": {"observedGeneration": 1, **(status or {})},
    }
    image = ManagedImage.model_validate(document)
    found = Commit(commit, "refs/heads/main") if isinstance(commit, str) else commit
    key = Key("managedimages.slipway.dev", "shop", "api")
    hashed = hash_status(document["status"])
    observed = Observed(key, "u1", "7", generation, document["status"], hashed, {}, NOW - timedelta(days=1))
    told = bases or (base(NEW),)
    return Facts(observed, image, told, commit=found, requests=requests, sight=sight)


def began(read: Facts, now: datetime = NOW, number: int = 1) -> dict[str, Any]:
    """The status once these facts led to a build that got its turn."""
    return status_of(begin_now(Situation(read, now), number))


def status_of(plan: ImagePlan) -> dict[str, Any]:
    return dict(plan.status)


def built(*bases: Any, result: str = RESULT, number: int = 1, **more: Any) -> dict[str, Any]:
    """The status of an image that was built of these facts."""
    status = began(facts(None, *bases, **more), number=number)
    sight = Pushed(result, None, is_unchanged=False)
    return status_of(decide(facts(status, *bases, sight=sight, **more), NOW))


def failing(status: dict[str, Any], sight: Sight = FAILED, *bases: Any, **more: Any) -> dict[str, Any]:
    """The status once the attempt under way has failed."""
    return status_of(decide(facts(status, *bases, sight=sight, **more), NOW))


def follow(status: dict[str, Any], sight: Sight, *bases: Any, now: datetime = NOW, **more: Any) -> ImagePlan:
    """What is decided while a build is under way."""
    return decide(facts(status, *bases, sight=sight, **more), now)
