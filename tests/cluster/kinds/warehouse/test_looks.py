"""The Warehouse kind against real registries: what it chooses, and what it says when it cannot."""

from __future__ import annotations

import shutil
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from dev.registry import Registry
from tests.support.images import push_image
from tests.support.objects import Body, Objects, condition
from tests.support.scripted_registry import Answer, ScriptedRegistry, denied, html, image, tags

pytestmark = pytest.mark.usefixtures("crds", "shared_operator")

DIGEST = "sha256:" + "a" * 64
REPOSITORY = "shop/api"


def semver(text: str, *, prereleases: bool = False) -> dict[str, Any]:
    """A policy that chooses the highest version of a range."""
    return {"type": "Semver", "semver": {"range": text, "prereleases": prereleases}}


def follow(tag: str) -> dict[str, Any]:
    """A policy that follows one tag."""
    return {"type": "Digest", "digest": {"tag": tag}}


def chose(tag: str, digest: str) -> Callable[[Body | None], bool]:
    """Whether a Warehouse is Ready with this image."""

    def check(body: Body | None) -> bool:
        status = (body or {}).get("status") or {}
        images = [artifact.get("image") or {} for artifact in status.get("artifacts") or ()]
        return condition(body, "Ready").get("status") == "True" and [
            (found.get("tag"), found.get("digest")) for found in images
        ] == [(tag, digest)]

    return check


def message(body: Body) -> str:
    """The sentence of the Ready condition."""
    text: str = condition(body, "Ready")["message"]
    return text


# --- what it chooses


def test_the_highest_version_of_the_range_is_found_and_followed(objects: Objects, registry: Registry) -> None:
    """With the reasons why others were left out, and a history of what was chosen when."""
    for tag in ("1.3.0", "1.4.0", "1.5.0", "1.4.1-rc.1", "latest", "sha256-" + "0" * 64 + ".sig"):
        push_image(registry.url, REPOSITORY, tag, label=tag)
    first = push_image(registry.url, REPOSITORY, "1.4.0", label="1.4.0")
    repository = f"{registry.host}/{REPOSITORY}"
    objects.warehouse("api", repository, semver("~1.4"))

    found = objects.wait("warehouses", "api", chose("1.4.0", first))
    (artifact,) = found["status"]["artifacts"]
    assert artifact["candidates"] == ["1.4.0"]
    assert artifact["rejected"] == {"OutOfRange": 2, "PreRelease": 1, "NotSemver": 1, "Signature": 1}
    assert artifact["tags"] == 6
    assert message(found) == f"app: {repository}:1.4.0@{first}"

    second = push_image(registry.url, REPOSITORY, "1.4.1", label="1.4.1")
    found = objects.wait("warehouses", "api", chose("1.4.1", second))
    newest, oldest = found["status"]["history"]
    assert (newest["from"], newest["to"], newest["cause"]) == (f"1.4.0@{first}", f"1.4.1@{second}", "Poll")
    assert (oldest["to"], "from" in oldest) == (f"1.4.0@{first}", False)
    assert found["status"]["artifacts"][0]["candidates"] == ["1.4.1", "1.4.0"]


def test_a_tag_is_followed_to_each_new_digest(objects: Objects, registry: Registry) -> None:
    """One HEAD per look; the repository is never listed."""
    first = push_image(registry.url, REPOSITORY, "stable", label="first")
    objects.warehouse("api", f"{registry.host}/{REPOSITORY}", follow("stable"))
    release = objects.wait("warehouses", "api", chose("stable", first))["status"]["release"]

    second = push_image(registry.url, REPOSITORY, "stable", label="second")
    found = objects.wait("warehouses", "api", chose("stable", second))

    assert found["status"]["release"] != release
    assert "tags" not in found["status"]["artifacts"][0]


def test_a_version_that_is_overwritten_raises_a_warning(objects: Objects, registry: Registry) -> None:
    """The new digest is taken, and an Event says that a version changed its meaning."""
    push_image(registry.url, REPOSITORY, "1.4.0", label="first")
    objects.warehouse("api", f"{registry.host}/{REPOSITORY}", semver("*"))
    objects.wait_ready("warehouses", "api", "ArtifactsFound")

    second = push_image(registry.url, REPOSITORY, "1.4.0", label="second")
    objects.wait("warehouses", "api", chose("1.4.0", second))

    def told(_: Body | None) -> bool:
        return [event["type"] for event in objects.events("api", "TagMutated")] == ["Warning"]

    objects.wait("warehouses", "api", told)


def test_patterns_narrow_the_choice(objects: Objects, registry: Registry) -> None:
    """Include and exclude are matched against whole tags."""
    for tag in ("v1.0.0", "1.1.0", "v1.2.0-slim", "v1.3.0-rc.1"):
        push_image(registry.url, REPOSITORY, tag, label=tag)
    wanted = push_image(registry.url, REPOSITORY, "v1.0.0", label="v1.0.0")
    filters = {"tags": {"include": ["v.*"], "exclude": [".*-slim", ".*-rc.*"]}}
    objects.warehouse("api", f"{registry.host}/{REPOSITORY}", semver("*", prereleases=True), image=filters)

    found = objects.wait("warehouses", "api", chose("v1.0.0", wanted))

    assert found["status"]["artifacts"][0]["rejected"] == {"NotMatching": 3}


def test_a_request_looks_at_once(objects: Objects, registry: Registry) -> None:
    """Whatever the interval is; the history names the cause."""
    first = push_image(registry.url, REPOSITORY, "stable", label="first")
    objects.warehouse("api", f"{registry.host}/{REPOSITORY}", follow("stable"), interval="24h")
    created = objects.wait("warehouses", "api", chose("stable", first))["metadata"]["creationTimestamp"]
    second = push_image(registry.url, REPOSITORY, "stable", label="second")

    # A request counts in whole seconds, and only when it is later than the creation.
    while objects.ask("warehouses", "api") <= created:
        pass
    found = objects.wait("warehouses", "api", chose("stable", second))

    assert found["status"]["history"][0]["cause"] == "Request"
    assert found["status"]["handledRequests"][0]["result"] == "Succeeded"


def test_a_changed_spec_is_looked_at_at_once(objects: Objects, registry: Registry) -> None:
    """Nobody waits a day for the effect of an edit."""
    old = push_image(registry.url, REPOSITORY, "1.4.0", label="1.4.0")
    new = push_image(registry.url, REPOSITORY, "2.0.0", label="2.0.0")
    body = objects.warehouse("api", f"{registry.host}/{REPOSITORY}", semver("^1"), interval="24h")
    objects.wait("warehouses", "api", chose("1.4.0", old))

    body["spec"]["subscriptions"][0]["image"]["policy"]["semver"]["range"] = "^2"
    objects.patch("warehouses", "api", {"spec": {"subscriptions": body["spec"]["subscriptions"]}})

    objects.wait("warehouses", "api", chose("2.0.0", new))


def test_twenty_thousand_tags_are_read_to_the_end(objects: Objects) -> None:
    """The highest version is on the last of many pages, and only that one is asked for its digest."""
    versions = [f"1.{number}.0" for number in range(20_000)]

    def script(method: str, path: str) -> Answer:
        if method == "HEAD":
            return image(DIGEST)
        if "/manifests/" in path:
            return denied()
        if "last=" in path:
            return tags()
        page = int(path.partition("page=")[2] or 0)
        more = f"/v2/{REPOSITORY}/tags/list?page={page + 1}" if page < 19 else None
        return tags(*versions[page * 1000 : page * 1000 + 1000], following=more)

    with ScriptedRegistry(script) as server:
        objects.warehouse("api", f"{server.host}/{REPOSITORY}", semver("1"), interval="24h")
        found = objects.wait("warehouses", "api", chose("1.19999.0", DIGEST))

        assert found["status"]["artifacts"][0]["tags"] == 20_000
        assert [line for line in server.requests if line.startswith("HEAD")] == [
            f"HEAD /v2/{REPOSITORY}/manifests/1.19999.0"
        ]


# --- what it says when it cannot, and how it comes back


def test_an_unreachable_registry_keeps_the_last_good_image(objects: Objects, registry: Registry) -> None:
    """What was found stays in use; the end of the outage is noticed."""
    digest = push_image(registry.url, REPOSITORY, "1.4.0")
    objects.warehouse("api", f"{registry.host}/{REPOSITORY}", semver("*"))
    good = objects.wait("warehouses", "api", chose("1.4.0", digest))

    registry.stop()
    bad = objects.wait_not_ready("warehouses", "api", "RegistryUnreachable")
    (kept,) = bad["status"]["artifacts"]
    assert kept.pop("problem")["reason"] == "RegistryUnreachable"
    assert [kept] == good["status"]["artifacts"]
    assert condition(bad, "Reconciling")["status"] == "True"

    registry.start()
    objects.wait("warehouses", "api", chose("1.4.0", digest))


def test_a_missing_repository_is_waited_for(objects: Objects, registry: Registry) -> None:
    """The first push makes it."""
    repository = f"{registry.host}/{REPOSITORY}"
    objects.warehouse("list", repository, semver("*"))
    objects.warehouse("head", repository, follow("1.4.0"))

    for name in ("list", "head"):
        assert REPOSITORY in message(objects.wait_not_ready("warehouses", name, "RepositoryNotFound"))

    digest = push_image(registry.url, REPOSITORY, "1.4.0")
    for name in ("list", "head"):
        objects.wait("warehouses", name, chose("1.4.0", digest))


def test_a_repository_without_tags_is_waited_for(objects: Objects, registry: Registry) -> None:
    """All its tags were deleted."""
    digest = push_image(registry.url, REPOSITORY, "1.4.0")
    delete = urllib.request.Request(f"{registry.url}/v2/{REPOSITORY}/manifests/1.4.0", method="DELETE")
    urllib.request.urlopen(delete, timeout=10).close()
    objects.warehouse("api", f"{registry.host}/{REPOSITORY}", semver("*"))

    assert "has no tags" in message(objects.wait_not_ready("warehouses", "api", "NoTags"))

    assert push_image(registry.url, REPOSITORY, "1.4.0") == digest
    objects.wait("warehouses", "api", chose("1.4.0", digest))


def test_tags_that_do_not_match_are_counted(objects: Objects, registry: Registry) -> None:
    """The sentence says how many there are and why none was taken."""
    push_image(registry.url, REPOSITORY, "2.0.0")
    push_image(registry.url, REPOSITORY, "latest")
    objects.warehouse("api", f"{registry.host}/{REPOSITORY}", semver("~1.4"))

    text = message(objects.wait_not_ready("warehouses", "api", "NoTagMatches"))
    assert "none of the 2 tags" in text
    assert "(1 NotSemver, 1 OutOfRange)" in text

    digest = push_image(registry.url, REPOSITORY, "1.4.7")
    objects.wait("warehouses", "api", chose("1.4.7", digest))


def test_a_followed_tag_that_does_not_exist_is_waited_for(objects: Objects, registry: Registry) -> None:
    """The repository is there, the tag is not."""
    push_image(registry.url, REPOSITORY, "1.4.0")
    objects.warehouse("api", f"{registry.host}/{REPOSITORY}", follow("stable"))

    assert "has no tag stable" in message(objects.wait_not_ready("warehouses", "api", "TagNotFound"))

    digest = push_image(registry.url, REPOSITORY, "stable")
    objects.wait("warehouses", "api", chose("stable", digest))


def test_a_web_server_is_no_registry(objects: Objects) -> None:
    """A page is never read as a list; when a registry takes its place, that is noticed."""
    with ScriptedRegistry(lambda _method, _path: html()) as server:
        objects.warehouse("list", f"{server.host}/{REPOSITORY}", semver("*"))
        objects.warehouse("head", f"{server.host}/{REPOSITORY}", follow("1.4.0"))
        for name in ("list", "head"):
            objects.wait_not_ready("warehouses", name, "NotARegistry")

        def script(method: str, path: str) -> Answer:
            if method == "HEAD":
                return image(DIGEST)
            return denied() if "/manifests/" in path else tags("1.4.0")

        server.script = script
        for name in ("list", "head"):
            objects.wait("warehouses", name, chose("1.4.0", DIGEST))


def test_nothing_is_chosen_from_a_part_of_the_list(objects: Objects) -> None:
    """The first page has a match, the second one fails: that is an error, not a choice."""
    whole = False

    def script(method: str, path: str) -> Answer:
        if method == "HEAD":
            return image(DIGEST)
        if "/manifests/" in path:
            return denied()
        if "page=2" not in path:
            return tags("1.4.0", following=f"/v2/{REPOSITORY}/tags/list?page=2")
        return tags("1.4.1") if whole else Answer(503)

    with ScriptedRegistry(script) as server:
        objects.warehouse("api", f"{server.host}/{REPOSITORY}", semver("*"))
        found = objects.wait_not_ready("warehouses", "api", "RegistryFailing")
        assert [set(one) for one in found["status"]["artifacts"]] == [{"name", "problem"}]

        whole = True
        objects.wait("warehouses", "api", chose("1.4.1", DIGEST))


def test_a_registry_that_wants_fewer_requests_gets_fewer(objects: Objects) -> None:
    """Nothing is asked before the time it named is over, and then all is well."""
    refuse = True

    def script(method: str, _path: str) -> Answer:
        if refuse:
            return Answer(429, {"Retry-After": "5"})
        return image(DIGEST) if method == "HEAD" else denied()

    with ScriptedRegistry(script) as server:
        objects.warehouse("api", f"{server.host}/{REPOSITORY}", follow("stable"))
        objects.wait_not_ready("warehouses", "api", "RateLimited")
        refuse = False
        objects.wait("warehouses", "api", chose("stable", DIGEST))
        assert sum(line.startswith("HEAD") for line in server.requests) <= 3


def test_a_wrong_password_is_said_and_a_right_one_is_used(objects: Objects, registry: Registry) -> None:
    """The Warehouse goes through the Registry of its host; repairing the Secret repairs both."""
    digest = push_image(registry.url, REPOSITORY, "1.4.0")
    with Registry(users={"robot": "right"}) as closed:
        closed.stop()
        shutil.copytree(registry.directory / "data", closed.directory / "data", dirs_exist_ok=True)
        closed.start()
        kind = "kubernetes.io/basic-auth"
        objects.secret("robot", {"username": "robot", "password": "wrong"}, kind=kind, hosts=closed.host)
        objects.registry("closed", closed.url, secretRef={"name": "robot"})
        objects.warehouse("api", f"{closed.host}/{REPOSITORY}", semver("*"))
        assert "wrong" not in message(objects.wait_not_ready("warehouses", "api", "AuthenticationFailed"))

        objects.secret("robot", {"username": "robot", "password": "right"}, kind=kind, hosts=closed.host)
        objects.wait("warehouses", "api", chose("1.4.0", digest))


# --- which Registry it goes through


def test_a_registry_that_is_named_is_waited_for(objects: Objects, registry: Registry) -> None:
    """Manifests are applied in any order; its creation is noticed at once, whatever the interval is."""
    digest = push_image(registry.url, REPOSITORY, "1.4.0")
    named = {"registryRef": {"name": "acme"}}
    objects.warehouse("api", f"{registry.host}/{REPOSITORY}", semver("*"), image=named, interval="24h")
    assert "Registry acme" in message(objects.wait_not_ready("warehouses", "api", "RegistryNotFound"))

    objects.registry("acme", registry.url)
    objects.wait("warehouses", "api", chose("1.4.0", digest))


def test_two_registries_that_match_equally_well_are_refused(objects: Objects, registry: Registry) -> None:
    """A person has to say which; a project that matches better says so too."""
    digest = push_image(registry.url, REPOSITORY, "1.4.0")
    objects.registry("left", registry.url)
    objects.registry("right", registry.url)
    for name in ("left", "right"):
        objects.wait_ready("registries", name, "Connected")
    objects.warehouse("api", f"{registry.host}/{REPOSITORY}", semver("*"))
    found = objects.wait_not_ready("warehouses", "api", "AmbiguousRegistry")
    assert condition(found, "Stalled")["status"] == "True"
    assert "left, right" in message(found)

    objects.patch("registries", "right", {"spec": {"project": "shop"}})
    objects.wait("warehouses", "api", chose("1.4.0", digest))


def test_a_registry_for_another_host_is_refused(objects: Objects, registry: Registry) -> None:
    """A credential must not be sent where its Registry does not point."""
    objects.registry("other", "https://registry.example.com", suspend=True)
    named = {"registryRef": {"name": "other"}}
    objects.warehouse("api", f"{registry.host}/{REPOSITORY}", semver("*"), image=named)

    found = objects.wait_not_ready("warehouses", "api", "InvalidSpec")
    assert f"Registry other is for registry.example.com, but the image is on {registry.host}" in message(
        found
    )


def test_a_range_that_cannot_be_read_waits_for_a_person(objects: Objects, registry: Registry) -> None:
    """The registry is not even asked; the sentence has the range and shows how to write one."""
    digest = push_image(registry.url, REPOSITORY, "1.4.0")
    body = objects.warehouse("api", f"{registry.host}/{REPOSITORY}", semver(">>1"))
    found = objects.wait_not_ready("warehouses", "api", "InvalidRange")
    assert condition(found, "Stalled")["status"] == "True"
    assert "'>>1'" in message(found)

    body["spec"]["subscriptions"][0]["image"]["policy"]["semver"]["range"] = ">1"
    objects.patch("warehouses", "api", {"spec": {"subscriptions": body["spec"]["subscriptions"]}})
    objects.wait_not_ready("warehouses", "api", "NoTagMatches")
    assert digest
