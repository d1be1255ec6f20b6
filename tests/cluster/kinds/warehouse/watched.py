"""Warehouses with subscriptions of any type, and what to wait for in their status."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.support.objects import GROUP_VERSION, Body, Objects, condition

__all__ = ["artifact", "chart", "git", "image", "is_ready", "make", "now_has", "request", "semver"]


def semver(text: str) -> dict[str, Any]:
    """A policy that chooses the highest version of a range."""
    return {"type": "Semver", "semver": {"range": text}}


def image(name: str, repository: str, policy: Mapping[str, Any], /, **spec: Any) -> Body:
    """A subscription of type Image."""
    return {"name": name, "type": "Image", "image": {"repository": repository, "policy": policy, **spec}}


def git(name: str, url: str, /, **spec: Any) -> Body:
    """A subscription of type Git whose pushes wait for nobody, unless it says otherwise."""
    return {"name": name, "type": "Git", "git": {"url": url, "branch": "main", "window": "1s", **spec}}


def chart(name: str, url: str, /, **spec: Any) -> Body:
    """A subscription of type Chart."""
    return {"name": name, "type": "Chart", "chart": {"url": url, **spec}}


def make(objects: Objects, name: str, *subscriptions: Body, **spec: Any) -> Body:
    """Make a Warehouse that looks every second."""
    body = {
        "apiVersion": GROUP_VERSION,
        "kind": "Warehouse",
        "metadata": {"name": name},
        "spec": {"interval": "1s", "subscriptions": list(subscriptions), **spec},
    }
    return objects.api.create(objects.path("warehouses"), body)


def artifact(body: Body | None, name: str) -> Body:
    """The artifact of a subscription; empty where there is none."""
    listed = ((body or {}).get("status") or {}).get("artifacts") or []
    return next((one for one in listed if one["name"] == name), {})


def is_ready(body: Body | None) -> bool:
    """Whether all is well, for the current generation."""
    return (
        condition(body, "Ready").get("status") == "True"
        and body is not None
        and body["status"].get("observedGeneration") == body["metadata"]["generation"]
    )


def now_has(name: str, **wanted: str) -> Callable[[Body | None], bool]:
    """Whether a subscription has chosen this: `image="1.4.0"`, `git=COMMIT` or `chart="2.0.0"`."""
    ((member, value),) = wanted.items()
    told = {"image": "tag", "git": "commit", "chart": "version"}[member]
    return lambda body: (artifact(body, name).get(member) or {}).get(told) == value


def request(objects: Objects, plural: str, name: str) -> Body:
    """Ask for a look, and wait until it was made."""
    moment = _asked(objects, plural, name)

    def answered(body: Body | None) -> bool:
        handled = ((body or {}).get("status") or {}).get("handledRequests") or []
        return any(one["at"] == moment for one in handled)

    return objects.wait(plural, name, answered)


def _asked(objects: Objects, plural: str, name: str) -> str:
    """A request counts in whole seconds, only when it is later than the creation and than the last one."""
    found = objects.api.get(objects.path(plural, name))
    handled = (found.get("status") or {}).get("handledRequests") or []
    latest = max([found["metadata"]["creationTimestamp"], *(one["at"] for one in handled)])
    while (moment := objects.ask(plural, name)) <= latest:
        pass
    return moment
