from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.engine.key import Key
from slipway.engine.store import Store
from slipway.kinds.managedimage.topics import claim_topic
from slipway.kinds.managedimage.view import ManagedImageView, Offer, managed_image_key
from slipway.kinds.registry.view import RegistryView, host_topic
from slipway.kinds.warehouse.view import WarehouseView, image_topic
from tests.unit.kinds.managedimage.world import (
    BASE,
    NEW,
    NEWER,
    OLD,
    REPOSITORY,
    SOURCE,
    body,
    build,
    built_on,
    digest,
)

HOST = "registry.example.com"
BY_NAME = {"warehouse": {"name": "python", "subscription": "base"}}
FIRST, SECOND = digest("first"), digest("second")
BUILDS = [
    build(3, "Failed", NEWER, reason="RunNeedsAllow"),
    build(2, "Succeeded", NEWER, digest=SECOND),
    build(1, "Succeeded", NEW, digest=FIRST),
]


def view_of(status: dict[str, Any] | None = None, **spec: Any) -> ManagedImageView:
    return ManagedImageView.from_body(body(status, **spec))


def image(reference: str, found: str, number: int | None = None) -> dict[str, Any]:
    return {"reference": reference, "digest": found, **({"build": number} if number else {})}


def test_it_is_found_by_its_name_and_by_the_tags_it_keeps() -> None:
    """Nobody owns it, and in the beginning it offers nothing."""
    view = view_of()
    assert view.key == Key("managedimages.slipway.dev", "shop", "api") == managed_image_key("shop", "api")
    assert (view.owner, view.topics, view.offers, view.offered, view.image_repository) == (
        None,
        (claim_topic(f"{REPOSITORY}:1.4.0-{{build}}"),),
        (),
        (),
        "",
    )
    assert (view.uid, view.resource_version, view.generation) == ("u1", 7, 1)


@pytest.mark.parametrize(
    ("sentence", "status", "offers"),
    [
        ("nothing was built yet", {}, ()),
        ("the source build", built_on(OLD), (Offer(SOURCE, None),)),
        (
            "a build, and those before it",
            built_on(NEWER, image=image(f"{REPOSITORY}:1.4.0-2", SECOND, 2), builds=BUILDS),
            (Offer(SECOND, 2), Offer(FIRST, 1)),
        ),
        (
            "an earlier build that was promoted again comes first",
            built_on(NEW, image=image(f"{REPOSITORY}:1.4.0-1", FIRST, 1), builds=BUILDS),
            (Offer(FIRST, 1), Offer(SECOND, 2)),
        ),
        (
            "the source build after the base went back to its own",
            built_on(OLD, builds=BUILDS),
            (Offer(SOURCE, None), Offer(SECOND, 2), Offer(FIRST, 1)),
        ),
        (
            "what was built into another repository is no offer",
            built_on(OLD, image=image("registry.example.com/new/api:1", SOURCE), builds=BUILDS),
            (Offer(SOURCE, None),),
        ),
        (
            "builds that do not say what they yielded are no offers",
            built_on(OLD, builds=[{"phase": "Succeeded", "reference": f"{REPOSITORY}:1.4.0-1"}]),
            (Offer(SOURCE, None),),
        ),
    ],
)
def test_it_offers_what_can_run(sentence: str, status: dict[str, Any], offers: tuple[Offer, ...]) -> None:
    """The newest image first, then the builds before it that succeeded."""
    view = view_of(status)
    assert view.offers == offers, sentence
    assert view.offered == tuple(offer.digest for offer in offers)


@pytest.mark.parametrize(
    ("sentence", "spec", "tags"),
    [
        (
            "its template and its floating tags",
            {"image": {"tag": "1-{build}", "floatingTags": ["1", "latest"]}},
            ("1-{build}", "1", "latest"),
        ),
        ("the tag that it tracks", {"role": "Base", "image": {"tag": "1"}}, ("1",)),
        (
            "the floating tag of what it built before",
            {"role": "External", "image": {"tag": "1-{build}", "floatingTags": ["1"]}},
            ("1",),
        ),
    ],
)
def test_others_find_it_by_its_tags(sentence: str, spec: dict[str, Any], tags: tuple[str, ...]) -> None:
    """Those that stand on it, and those that build the same."""
    view = view_of(**{**spec, "image": {"repository": REPOSITORY, **spec["image"]}})
    assert view.topics == tuple(claim_topic(f"{REPOSITORY}:{tag}") for tag in tags), sentence
    assert view.builds is (spec.get("role") is None)


@pytest.mark.parametrize(
    ("status", "proven"),
    [
        ({}, False),
        (built_on(OLD), False),
        (built_on(NEW, image=image(f"{REPOSITORY}:1.4.0-1", FIRST, 1)), True),
    ],
)
def test_who_has_built_is_proven(status: dict[str, Any], proven: bool) -> None:
    """The registry took a build under this name; the source build is somebody else's."""
    assert view_of(status).is_proven is proven


@pytest.mark.parametrize(
    ("builds", "building"),
    [
        ([], False),
        (BUILDS, False),
        ([build(4, "Building", NEW, method="Build"), *BUILDS], True),
        ([build(4, "Building", NEW), *BUILDS], False),
    ],
    ids=["none", "all have ended", "from source", "a rebase"],
)
def test_it_tells_that_a_build_from_source_is_under_way(builds: list[dict[str, Any]], building: bool) -> None:
    """Whatever else the list holds: only those take turns."""
    assert view_of({"builds": builds}).building is building


@pytest.mark.parametrize(
    ("sentence", "spec", "status", "listens"),
    [
        (
            "the Warehouse of the base, and the Registries of both hosts",
            {"bases": [{"reference": "base.example.com/python:3.12"}]},
            {},
            {
                image_topic("shop", "base.example.com", "python", "3.12"),
                claim_topic("base.example.com/python:3.12"),
                host_topic("shop", "base.example.com"),
                host_topic("shop", HOST),
            },
        ),
        (
            "a base without a tag is the latest",
            {"bases": [{"reference": "alpine"}]},
            {},
            {
                image_topic("shop", "docker.io", "library/alpine", "latest"),
                claim_topic("alpine"),
                host_topic("shop", "docker.io"),
                host_topic("shop", HOST),
            },
        ),
        (
            "a Warehouse that is named, and the host of what it has found",
            {"bases": [BY_NAME]},
            {"bases": [{"reference": "base.example.com/python:3.12"}]},
            {
                Key("warehouses.slipway.dev", "shop", "python"),
                image_topic("shop", "base.example.com", "python", "3.12"),
                claim_topic("base.example.com/python:3.12"),
                host_topic("shop", "base.example.com"),
                host_topic("shop", HOST),
            },
        ),
        (
            "a Registry that is named, instead of those of the image's host",
            {
                "bases": [BY_NAME],
                "image": {"repository": REPOSITORY, "tag": "{build}", "registryRef": {"name": "acme"}},
            },
            {},
            {Key("warehouses.slipway.dev", "shop", "python"), Key("registries.slipway.dev", "shop", "acme")},
        ),
        (
            "the tag that it tracks, and nothing of its bases",
            {
                "role": "External",
                "bases": [{"reference": "base.example.com/python:3.12"}],
                "image": {"repository": REPOSITORY, "tag": "3"},
            },
            {},
            {image_topic("shop", HOST, "shop/api", "3"), host_topic("shop", HOST)},
        ),
    ],
)
def test_it_listens_to_all_that_it_hangs_on(
    sentence: str, spec: dict[str, Any], status: dict[str, Any], listens: set[object]
) -> None:
    """Each of these can end a wait, and nothing else tells of it."""
    view = view_of(status, **spec)
    found = view.listens
    assert set(found) == listens | set(view.topics), sentence
    assert len(found) == len(set(found))


def registry(name: str, url: str) -> RegistryView:
    return RegistryView.from_body({"metadata": {"name": name, "namespace": "shop"}, "spec": {"url": url}})


def warehouse(name: str, repository: str, tag: str) -> WarehouseView:
    policy = {"type": "Digest", "digest": {"tag": tag}}
    subscription = {"name": "base", "type": "Image", "image": {"repository": repository, "policy": policy}}
    metadata = {"name": name, "namespace": "shop"}
    return WarehouseView.from_body({"metadata": metadata, "spec": {"subscriptions": [subscription]}})


@pytest.mark.parametrize(
    ("sentence", "news", "woken"),
    [
        ("a Registry for the host of the base", registry("r", "https://base.example.com"), True),
        ("a Registry for the host of the image", registry("r", f"https://{HOST}"), True),
        ("a Registry for another host", registry("r", "https://other.example.com"), False),
        ("a Warehouse for the base", warehouse("w", "base.example.com/python", "3.12"), True),
        ("a Warehouse for another tag", warehouse("w", "base.example.com/python", "3.13"), False),
    ],
)
def test_it_is_woken_by_what_concerns_it(
    sentence: str, news: RegistryView | WarehouseView, woken: bool
) -> None:
    """The topics of the others and what it listens to are the same words."""
    store = Store()
    store.put(view_of(bases=[{"reference": "base.example.com/python:3.12"}]))
    listeners = {key for topic in (news.key, *news.topics) for key in store.listeners(topic)}
    assert (managed_image_key("shop", "api") in listeners) is woken, sentence


def test_objects_of_other_namespaces_do_not_wake_it() -> None:
    """Registries and Warehouses are used within their namespace only."""
    elsewhere = RegistryView.from_body(
        {"metadata": {"name": "r", "namespace": "other"}, "spec": {"url": f"https://{HOST}"}}
    )
    assert not set(view_of().listens) & {elsewhere.key, *elsewhere.topics}


def test_status_and_wish_are_told_apart() -> None:
    """A new status changes one hash, a new spec the other."""
    plain, built, suspended = view_of(), view_of(built_on(OLD)), view_of(suspend=True)
    assert (plain.wish, plain.status_hash) == (built.wish, view_of().status_hash)
    assert plain.status_hash != built.status_hash
    assert plain.wish != suspended.wish
    assert (plain.suspended, suspended.suspended) == (False, True)


JSON = st.recursive(st.none() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=2), max_leaves=3)
PARTS = st.dictionaries(st.sampled_from(["reference", "digest", "phase", "number"]), st.text(max_size=30))


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "bases": st.lists(PARTS, max_size=2),
            "builds": st.lists(PARTS, max_size=3),
            "image": PARTS,
            "phase": JSON,
        },
    ),
    st.text(max_size=30),
    st.text(max_size=30),
)
def test_any_body_becomes_a_view(status: dict[str, Any], repository: str, base: str) -> None:
    """What the schema would refuse disturbs nobody, and offers name no empty digest."""
    spec = {"image": {"repository": repository}, "bases": [{"reference": base}]}
    metadata = {"name": "api", "namespace": "shop", "resourceVersion": "1"}
    view = ManagedImageView.from_body({"metadata": metadata, "spec": spec, "status": status})
    assert all(view.offered)


def test_an_object_without_spec_becomes_a_view() -> None:
    """As the API server may show it before the schema was there."""
    view = ManagedImageView.from_body({"metadata": {"name": "api", "resourceVersion": "1"}, "spec": None})
    assert (view.offers, view.listens, view.suspended, view.building) == ((), (), False, False)


def test_the_base_is_named_as_in_the_manifest() -> None:
    """The world of these tests names its base by reference."""
    assert image_topic("shop", HOST, "base/python", "3.12") in view_of(bases=[{"reference": BASE}]).listens


LISTENED: dict[str, tuple[dict[str, Any], dict[str, Any], bool]] = {
    "a build begins": ({"phase": "Current"}, {"phase": "Building"}, False),
    "it waits for its turn": ({"phase": "Building"}, {"phase": "Queued"}, False),
    "a build ends without an image": ({"phase": "Building"}, {"phase": "Current"}, True),
    "a build fails": ({"phase": "Building"}, {"phase": "Failed"}, True),
    "only words change": (
        {"phase": "Current", "rebuild": {"blockedBy": "a"}},
        {"phase": "Current", "rebuild": {"blockedBy": "b"}},
        False,
    ),
    "an image is offered": (
        {"phase": "Current"},
        {"phase": "Current", "image": {"reference": "r.example.com/a:1-1", "digest": f"sha256:{1:064}"}},
        True,
    ),
}


@pytest.mark.parametrize(("before", "after", "wanted"), LISTENED.values(), ids=LISTENED)
def test_who_stands_on_it_looks_when_there_is_something_for_them(
    before: dict[str, Any], after: dict[str, Any], wanted: bool
) -> None:
    """Not when a build begins: nobody can do anything before its end."""
    views = [
        ManagedImageView.from_body(
            {"metadata": {"namespace": "shop", "name": "a"}, "spec": {}, "status": one}
        )
        for one in (before, after)
    ]
    assert views[1].concerns_listeners(views[0]) is wanted
