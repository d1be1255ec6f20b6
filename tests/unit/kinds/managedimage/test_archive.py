from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.api.managedimage import ManagedImage
from slipway.kinds.managedimage.archive import (
    CONTENT_LIMIT,
    Archive,
    Unusable,
    highest_number,
    is_archive_of,
    manifest_of,
    read_archive,
)
from slipway.kinds.managedimage.situation import as_json
from tests.unit.kinds.managedimage.world import BASE, NEW, OLD, REPOSITORY, body, build, built_on, digest

DELETED = "2026-11-21T10:00:00Z"
KEY = "record.json.gz"
DIGEST = "slipway.dev/record-digest"

numbers = st.lists(st.integers(1, 10**18 - 1), unique=True, max_size=6)
phases = st.sampled_from(["Building", "Succeeded", "Unchanged", "Failed", "Cancelled"])
names = st.sampled_from(["image", "builds", "bases", "number", "digest", "key"])
json_values = st.recursive(
    st.sampled_from([None, True, 1, -1, 10**30, "", "api", "\ud800"]),
    lambda children: st.lists(children, max_size=2) | st.dictionaries(names, children, max_size=2),
    max_leaves=5,
)


def deleted(status: dict[str, Any] | None = None) -> dict[str, Any]:
    """A live image whose deletion was asked for."""
    live = body(status)
    live["metadata"]["deletionTimestamp"] = DELETED
    return live


def packed(content: bytes, **annotations: str) -> dict[str, Any]:
    """A ConfigMap with this content, whose digest fits."""
    told = {DIGEST: f"sha256:{hashlib.sha256(content).hexdigest()}", **annotations}
    return {
        "metadata": {"name": "api-archive", "annotations": told},
        "binaryData": {KEY: base64.b64encode(gzip.compress(content)).decode()},
    }


def document(**changes: Any) -> dict[str, Any]:
    """What an archive says, with changes."""
    return {
        "version": 1,
        "uid": "u1",
        "repository": REPOSITORY,
        "tag": "1.4.0-{build}",
        "archivedAt": DELETED,
        "status": {},
        **changes,
    }


def changed(**changes: Any) -> dict[str, Any]:
    return packed(json.dumps(document(**changes)).encode())


def archived(status: dict[str, Any] | None = None) -> Archive:
    found = read_archive(manifest_of(deleted(status), "api-archive", "api"))
    assert isinstance(found, Archive), found
    return found


@given(numbers, st.data())
def test_what_is_written_is_read(found: list[int], data: st.DataObject) -> None:
    """Builds, image, bases, source and tried keys come back as they were; a build under way has ended."""
    builds = [build(number, data.draw(phases), OLD, digest=digest("built")) for number in found]
    status = built_on(OLD, builds=builds, rebuild={"tried": ["k1", "k2"]}, numbersAbove=5)
    before = ManagedImage.model_validate(body(status)).status
    after = archived(status).status
    assert (after.image, after.bases, after.source) == (before.image, before.bases, before.source)
    assert (after.rebuild, after.numbers_above) == (before.rebuild, 5)
    for old, new in zip(before.builds, after.builds, strict=True):
        if old.phase == "Building":
            assert (new.phase, new.reason, new.number) == ("Failed", "Superseded", old.number)
            assert new.finished_at == datetime(2026, 11, 21, 10, tzinfo=UTC)
        else:
            assert new == old
    assert highest_number(after) == max([5, *found])


def test_archive_says_whose_it_is() -> None:
    """Where the builds went, under which template, of which object, since when."""
    found = archived(built_on(OLD))
    assert (found.repository, found.tag, found.uid) == (REPOSITORY, "1.4.0-{build}", "u1")
    assert found.archived_at == datetime(2026, 11, 21, 10, tzinfo=UTC)


def test_archive_is_the_same_each_time() -> None:
    """So that writing it again after a crash changes nothing."""
    live = deleted(built_on(OLD, builds=[build(1, "Building", OLD)]))
    assert manifest_of(live, "api-archive", "api") == manifest_of(live, "api-archive", "api")


def test_archive_has_no_owner_and_can_be_found() -> None:
    """It outlives the image, and labels tell it from the ConfigMaps of people."""
    metadata = manifest_of(deleted(), "api-archive", "api")["metadata"]
    assert "ownerReferences" not in metadata
    assert metadata["labels"] == {"slipway.dev/archive": "true", "slipway.dev/owner-name": "api"}
    assert metadata["annotations"]["slipway.dev/repository"] == REPOSITORY


def test_conditions_and_requests_are_not_kept() -> None:
    """They speak of the object that was deleted: requests of a new one begin with it."""
    condition = {"type": "Ready", "status": "True", "reason": "Current", "message": "x"}
    status = built_on(
        OLD,
        conditions=[{**condition, "lastTransitionTime": DELETED}],
        handledRequests=[{"verb": "rebuild", "at": DELETED, "result": "Started"}],
    )
    kept = as_json(archived(status).status)
    assert not kept.get("handledRequests")
    assert archived(status).status.conditions is None
    assert archived(status).status.observed_generation is None


@pytest.mark.parametrize(
    ("labels", "want"),
    [
        pytest.param({"slipway.dev/archive": "true", "slipway.dev/owner-name": "api"}, True, id="ours"),
        pytest.param(
            {"slipway.dev/archive": "true", "slipway.dev/owner-name": "web"}, False, id="of another"
        ),
        pytest.param({"slipway.dev/owner-name": "api"}, False, id="not called an archive"),
        pytest.param(None, False, id="no labels"),
    ],
)
def test_only_labels_make_an_archive(labels: dict[str, str] | None, want: bool) -> None:
    """A name alone may be a coincidence."""
    assert is_archive_of({"metadata": {"name": "api-archive", "labels": labels}}, "api") is want


def bomb() -> dict[str, Any]:
    return packed(b" " * (CONTENT_LIMIT + 1))


def cut() -> dict[str, Any]:
    found = changed()
    whole = base64.b64decode(found["binaryData"][KEY])
    found["binaryData"][KEY] = base64.b64encode(whole[:-9]).decode()
    return found


def followed() -> dict[str, Any]:
    found = changed()
    found["binaryData"][KEY] = base64.b64encode(base64.b64decode(found["binaryData"][KEY]) + b"x").decode()
    return found


def raw(text: str) -> dict[str, Any]:
    return {"metadata": {"name": "api-archive"}, "binaryData": {KEY: text}}


def with_builds(*builds: dict[str, Any]) -> dict[str, Any]:
    return changed(status={"builds": list(builds)})


TWICE = [{"reference": BASE, "digest": OLD}, {"reference": BASE, "digest": NEW}]

DAMAGED: dict[str, tuple[Callable[[], dict[str, Any]], str]] = {
    "no content": (lambda: {"metadata": {"name": "api-archive"}}, "has no record.json.gz"),
    "no base64": (lambda: raw("???"), "not packed by gzip"),
    "letters outside of ASCII": (lambda: raw("ü"), "not packed by gzip"),
    "no gzip": (lambda: raw("aGVsbG8="), "not packed by gzip"),
    "nothing": (lambda: raw(""), "cut off"),
    "cut off": (cut, "cut off"),
    "more behind it": (followed, "follows it"),
    "a bomb": (bomb, "more than 524288 bytes"),
    "changed by hand": (lambda: packed(b"{}", **{DIGEST: "sha256:0"}), "the annotation"),
    "no JSON": (lambda: packed(b"{"), "no JSON"),
    "no text": (lambda: packed(b"\xff\xfe\xfd"), "no JSON"),
    "nested without end": (lambda: packed(b"[" * 100_000), "no JSON"),
    "a list": (lambda: packed(b"[]"), "no JSON object"),
    "a later version": (lambda: changed(version=2), "another version"),
    "no version": (lambda: changed(version=None), "another version"),
    "no status": (lambda: changed(status=None), "status"),
    "a repository that is none": (lambda: changed(repository="../x y"), "repository"),
    "a build of number 0": (lambda: with_builds(build(0, "Failed", OLD)), "status.builds.0.number"),
    "a number without end": (lambda: with_builds(build(10**18, "Failed", OLD)), "18 digits"),
    "two builds of a number": (
        lambda: with_builds(build(1, "Failed", OLD), build(1, "Failed", NEW)),
        "the same number",
    ),
    "a build under way": (lambda: with_builds(build(1, "Building", OLD)), "no end"),
    "a base twice": (lambda: with_builds(build(1, "Failed", OLD, bases=TWICE)), "the same reference"),
    "half a character": (
        lambda: packed(json.dumps(document(uid="\ud800")).encode()),
        "uid",
    ),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_damage_is_told_in_a_sentence(case: str) -> None:
    """Whoever may write ConfigMaps may have written this one."""
    make, want = DAMAGED[case]
    found = read_archive(make())
    assert isinstance(found, Unusable)
    assert want in found.message
    assert len(found.message) <= 256


@settings(max_examples=50)
@given(json_values)
def test_no_content_is_an_error(value: Any) -> None:
    """Whatever stands where a status should."""
    assert isinstance(read_archive(changed(status=value)), Archive | Unusable)


@given(st.binary(max_size=64))
def test_no_bytes_are_an_error(content: bytes) -> None:
    """Neither packed nor as they are."""
    assert isinstance(read_archive(packed(content)), Unusable)
    assert isinstance(read_archive(raw(base64.b64encode(content).decode())), Unusable)
