"""Who asked is written down by the API server, whatever a client writes there and however."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dev.api import ApiError
from tests.cluster.policies.people import REASON, TIME, WAYS, Person, Way, asked, manifest, stamp

pytestmark = [pytest.mark.usefixtures("policies"), pytest.mark.test_bed]

LATER = "2026-11-21T10:00:00Z"

ways = pytest.mark.parametrize("way", [pytest.param(way, id=name) for name, way in WAYS.items()])


@ways
def test_whoever_asks_is_written_down(way: Way, dev: Person) -> None:
    """However it is asked."""
    dev.make()
    way(dev, {asked(): TIME})
    assert dev.annotations() == {asked(): TIME, stamp(): "dev"}


@ways
def test_nobody_asks_in_another_name(way: Way, dev: Person) -> None:
    """What a client says about itself does not count."""
    dev.make()
    way(dev, {asked(): TIME, stamp(): "admin"})
    assert dev.annotations() == {asked(): TIME, stamp(): "dev"}


@ways
def test_the_name_alone_cannot_be_written(way: Way, admin: Person, dev: Person) -> None:
    """The request stays as it was, and so does who made it."""
    admin.make({asked(): TIME})
    way(dev, {asked(): TIME, stamp(): "dev"})
    assert dev.annotations() == {asked(): TIME, stamp(): "admin"}


@ways
def test_a_name_without_a_request_goes(way: Way, dev: Person) -> None:
    """It would be believed for the next request."""
    dev.make()
    way(dev, {stamp(): "admin", "note": "x"})
    assert dev.annotations() == {"note": "x"}


@pytest.mark.parametrize("way", [pytest.param(WAYS[name], id=name) for name in WAYS if "apply" not in name])
def test_the_name_cannot_be_taken_away(way: Way, admin: Person, dev: Person) -> None:
    """As long as the request is there; an apply takes away only what it has put there."""
    admin.make({asked(): TIME})
    way(dev, {stamp(): None})
    assert dev.annotations() == {asked(): TIME, stamp(): "admin"}


@pytest.mark.parametrize("way", [pytest.param(WAYS[name], id=name) for name in WAYS if "apply" in name])
def test_an_apply_that_leaves_the_name_out_does_not_take_it_away(way: Way, dev: Person) -> None:
    """Not even when the manifest had it before."""
    dev.make()
    way(dev, {asked(): TIME, stamp(): "dev"})
    way(dev, {asked(): TIME})
    assert dev.annotations() == {asked(): TIME, stamp(): "dev"}


@ways
def test_the_name_goes_with_the_request(way: Way, dev: Person) -> None:
    """Nothing is left behind."""
    dev.make()
    way(dev, {asked(): TIME, "note": "x"})
    way(dev, {asked(): None, "note": "x"})
    assert dev.annotations() == {"note": "x"}


@ways
def test_whoever_asks_last_is_written_down(way: Way, admin: Person, dev: Person) -> None:
    """A new value is a new request."""
    admin.make({asked(): TIME})
    way(dev, {asked(): LATER})
    assert dev.annotations() == {asked(): LATER, stamp(): "dev"}


def test_every_verb_has_its_own_name(admin: Person, dev: Person) -> None:
    """One is changed, one is taken away, the others are as they were."""
    verbs = ("reconcile", "rebuild", "cancel-build")
    emergency = {asked("emergency-rebuild"): f"{TIME} reason={REASON}"}
    admin.make({**{asked(verb): TIME for verb in verbs}, **emergency})

    dev.merge({asked("rebuild"): LATER, asked("cancel-build"): None})

    stamps = {name: value for name, value in dev.annotations().items() if name.startswith("requested-by")}
    assert stamps == {
        stamp("reconcile"): "admin",
        stamp("rebuild"): "dev",
        stamp("emergency-rebuild"): "admin",
    }


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"metadata": {"labels": {"team": "shop"}}}, id="a label"),
        pytest.param({"metadata": {"annotations": {"note": "x"}}}, id="another annotation"),
        pytest.param({"metadata": {"finalizers": ["example.com/mine"]}}, id="a finalizer"),
        pytest.param({"spec": {"suspend": True}}, id="the spec"),
    ],
)
def test_other_writes_leave_the_name_alone(change: dict[str, Any], admin: Person, dev: Person) -> None:
    """Whoever makes them did not ask."""
    admin.make({asked(): TIME})
    dev.api.patch(dev.image, change)
    assert dev.annotations()[stamp()] == "admin"
    admin.api.patch(admin.image, {"metadata": {"finalizers": None}})


def test_a_write_of_all_annotations_keeps_what_it_must(admin: Person, dev: Person) -> None:
    """A PUT from an old copy, which has no name in it."""
    admin.make({asked(): TIME})
    body = admin.api.get(admin.image)
    body["metadata"]["annotations"] = {asked(): TIME}

    dev.api.replace(dev.image, body)

    assert dev.annotations() == {asked(): TIME, stamp(): "admin"}


def test_without_any_annotation_nothing_is_left(admin: Person, dev: Person) -> None:
    """A PUT that drops the whole map."""
    admin.make({asked(): TIME})
    body = admin.api.get(admin.image)
    del body["metadata"]["annotations"]

    dev.api.replace(dev.image, body)

    assert dev.annotations() == {}


# --- making objects


def test_a_new_object_has_the_name_of_its_maker(dev: Person) -> None:
    """A manifest that was exported has the name of somebody else in it."""
    assert dev.make({asked(): TIME, stamp(): "admin"}) == {asked(): TIME, stamp(): "dev"}


def test_a_new_object_without_a_request_has_no_name(dev: Person) -> None:
    """Nothing is prepared for a request that comes later."""
    assert dev.make({stamp(): "admin"}) == {}
    assert dev.merge({asked(): TIME})[stamp()] == "dev"


def test_a_name_that_the_server_chooses_makes_no_difference(dev: Person) -> None:
    """`generateName`."""
    body = manifest({asked(): TIME})
    body["metadata"] = {"generateName": "api-", "annotations": body["metadata"]["annotations"]}

    made = dev.api.create(dev.images, body)

    assert made["metadata"]["annotations"][stamp()] == "dev"


@pytest.mark.parametrize("flags", [(), ("--server-side",)], ids=["client-side", "server-side"])
def test_an_apply_may_make_the_object(flags: tuple[str, ...], dev: Person) -> None:
    """The first apply of a manifest with a request."""
    dev.kubectl("apply", *flags, "-f", "-", stdin=json.dumps(manifest({asked(): TIME})))
    assert dev.annotations() == {asked(): TIME, stamp(): "dev"}


# --- server-side apply and who owns the fields


def test_the_name_is_in_nobodys_way(admin: Person, dev: Person) -> None:
    """Two that apply their parts again and again, while a third one asks: no conflicts."""
    spec = json.dumps(manifest())
    apply = ("apply", "--server-side", "-f", "-")
    admin.kubectl(*apply, "--field-manager=gitops", stdin=spec)
    for moment in (TIME, LATER):
        request = {name: value for name, value in manifest({asked(): moment}).items() if name != "spec"}
        dev.kubectl(*apply, "--field-manager=slipway-cli", stdin=json.dumps(request))
        assert dev.annotations() == {asked(): moment, stamp(): "dev"}
        admin.kubectl(*apply, "--field-manager=gitops", stdin=spec)
        assert dev.annotations() == {asked(): moment, stamp(): "dev"}


def test_a_manifest_with_a_name_in_it_can_be_applied_again(admin: Person, dev: Person) -> None:
    """An export that went into git never gets its way, and never into a conflict; nor does anybody else."""
    exported = json.dumps(manifest({asked(): TIME, stamp(): "mallory"}))
    apply = ("apply", "--server-side", "--field-manager=gitops", "-f", "-")
    for _ in range(3):
        admin.kubectl(*apply, stdin=exported)
        assert admin.annotations() == {asked(): TIME, stamp(): "admin"}

    dev.merge({asked(): LATER})

    assert dev.annotations() == {asked(): LATER, stamp(): "dev"}
    dev.kubectl("apply", "--server-side", "--field-manager=mine", "-f", "-", stdin=json.dumps(manifest()))


def test_an_apply_that_changes_nothing_writes_nothing(dev: Person) -> None:
    """Else every sync of a GitOps tool would wake the operator."""
    apply = ("apply", "--server-side", "--field-manager=gitops", "-f", "-")
    for body in (manifest({asked(): TIME}), manifest({asked(): TIME, stamp(): "mallory"})):
        for _ in range(2):  # the second one writes once more, with and without policies
            dev.kubectl(*apply, stdin=json.dumps(body))
        before = dev.api.get(dev.image)["metadata"]["resourceVersion"]
        dev.kubectl(*apply, stdin=json.dumps(body))
        assert dev.api.get(dev.image)["metadata"]["resourceVersion"] == before


# --- others


def test_a_write_of_the_status_changes_no_annotation(admin: Person) -> None:
    """Neither by the operator's way nor by another one: the policies do not even see it."""
    admin.make({asked(): TIME})
    status = f"{admin.image}/status"
    forged = {"metadata": {"annotations": {stamp(): "mallory", asked(): LATER}}}

    admin.api.patch(status, {**forged, "status": {"phase": "Current"}})
    admin.api.apply(status, {**manifest(), "status": {"phase": "Building"}}, manager="slipway")

    assert admin.api.get(admin.image)["status"]["phase"] == "Building"
    assert admin.annotations() == {asked(): TIME, stamp(): "admin"}


def test_whoever_acts_for_another_is_that_other(admin: Person) -> None:
    """Impersonation is granted by the administrator, and the audit log shows both."""
    admin.make()
    admin.kubectl(
        "annotate", "mimg", "api", f"{asked()}={TIME}", "--as=anna@example.com", "--as-group=system:masters"
    )
    assert admin.annotations()[stamp()] == "anna@example.com"


def test_a_service_account_has_its_whole_name(admin: Person) -> None:
    """As it stands in RBAC rules."""
    admin.make()
    name = f"system:serviceaccount:{admin.namespace}:argo"
    admin.kubectl("annotate", "mimg", "api", f"{asked()}={TIME}", f"--as={name}", "--as-group=system:masters")
    assert admin.annotations()[stamp()] == name


def test_an_object_with_a_request_can_be_deleted(dev: Person) -> None:
    """Deletions are nobody's concern here."""
    dev.make({asked(): TIME})
    dev.api.delete(dev.image)
    with pytest.raises(ApiError, match="404"):
        dev.annotations()
