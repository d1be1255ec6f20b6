from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest

from slipway.api.conditions import Reason
from slipway.api.managedimage import ManagedImage
from slipway.kinds.context import Context
from slipway.kinds.managedimage.archive import manifest_of
from slipway.kinds.managedimage.restoring import Enrolment, enrol
from slipway.kube.client import KubeClient
from slipway.oci.errors import RegistryError
from slipway.oci.manifest import OCI_MANIFEST
from tests.support.scripted_registry import Answer, ScriptedRegistry
from tests.unit.kinds.managedimage.world import OLD, SOURCE, body, build, digest

BUILT = digest("built")
LOST = Answer(404, {"Content-Type": "application/json"}, b'{"errors": [{"code": "MANIFEST_UNKNOWN"}]}')
THERE = Answer(
    200, {"Content-Type": OCI_MANIFEST, "Docker-Content-Digest": BUILT, "Content-Length": "2"}, b"{}"
)
DOWN = Answer(503)


class Registry:
    """Answers each question in the same way."""

    def __init__(self) -> None:
        self.answer = THERE
        self.server = ScriptedRegistry(lambda _method, _path: self.answer)


class Cluster:
    """Has one ConfigMap, or none."""

    def __init__(self, configmap: dict[str, Any] | None) -> None:
        self.configmap = configmap
        self.asked: list[str] = []

    async def get(self, _resource: Any, _namespace: str, name: str) -> dict[str, Any] | None:
        self.asked.append(name)
        return self.configmap


@pytest.fixture
def registry() -> Iterator[Registry]:
    """It has the image."""
    registry = Registry()
    with registry.server:
        yield registry


def target(registry: Registry, path: str = "shop/api", tag: str = "1.4.0-{build}") -> dict[str, Any]:
    return {"repository": f"{registry.server.host}/{path}", "tag": tag}


def record(registry: Registry) -> dict[str, Any]:
    """An image that had builds 1 to 3, of which the second is the newest image."""
    host = registry.server.host
    return {
        "phase": "Building",
        "image": {"reference": f"{host}/shop/api:1.4.0-2", "digest": BUILT, "build": 2},
        "source": {"digest": SOURCE, "baseDigest": OLD, "builtCommit": "ab"},
        "bases": [
            {
                "reference": f"{host}/base:1",
                "builtDigest": OLD,
                "latestDigest": OLD,
                "changedAt": "2026-11-20T08:00:00Z",
            }
        ],
        "builds": [
            build(3, "Building", OLD),
            build(2, "Succeeded", OLD, requestedBy="eve"),
            build(1, "Failed", OLD),
        ],
        "rebuild": {"message": "build 3 is under way", "tried": ["k"]},
    }


def archive(registry: Registry, **image: str) -> dict[str, Any]:
    live = body(record(registry), image=target(registry, **image))
    live["metadata"]["deletionTimestamp"] = "2026-11-21T10:00:00Z"
    return manifest_of(live, "api-archive", "api")


async def enrolled(
    context: Context, registry: Registry, configmap: dict[str, Any] | None, status: Any = None
) -> tuple[Enrolment, Cluster]:
    """An image that is new, or has this status."""
    document = body(image=target(registry))
    document["status"] = {"observedGeneration": -1} if status is None else status
    cluster = Cluster(configmap)
    context = replace(context, kube=cast("KubeClient", cluster))
    return await enrol(context, ManagedImage.model_validate(document)), cluster


async def test_record_becomes_the_first_status(context: Context, registry: Registry) -> None:
    """What was built and of what, with its times; what was due is decided anew."""
    found, cluster = await enrolled(context, registry, archive(registry))
    status = found.image.status
    assert found.is_restored
    assert cluster.asked == ["api-archive"]
    assert [(one.number, one.phase) for one in status.builds] == [
        (3, "Failed"),
        (2, "Succeeded"),
        (1, "Failed"),
    ]
    assert {one.requested_by for one in status.builds} == {None}
    assert status.image is not None
    assert (status.image.digest, status.bases[0].built_digest) == (BUILT, OLD)
    assert status.bases[0].changed_at is not None
    assert status.source is not None
    assert status.rebuild is not None
    assert (status.rebuild.tried, status.rebuild.message) == (("k",), None)
    assert (status.phase, status.observed_generation) == (None, None)
    assert [note.reason for note in found.notes] == [Reason.RESTORED]


async def test_image_with_a_status_is_left_alone(context: Context, registry: Registry) -> None:
    """Nobody even looks for an archive: its own status is newer."""
    found, cluster = await enrolled(context, registry, archive(registry), {"observedGeneration": 1})
    assert (found.is_restored, found.notes, found.image.status.builds) == (False, (), ())
    assert cluster.asked == []


@pytest.mark.parametrize(
    "configmap",
    [
        pytest.param(None, id="none"),
        pytest.param({"metadata": {"name": "api-archive"}, "data": {}}, id="one of somebody else"),
    ],
)
async def test_without_an_archive_nothing_is_told(
    context: Context, registry: Registry, configmap: dict[str, Any] | None
) -> None:
    """It is the common case."""
    found, _ = await enrolled(context, registry, configmap)
    assert (found.is_restored, found.notes, found.image.status.numbers_above) == (False, (), None)


@pytest.mark.parametrize(
    ("image", "told"),
    [
        pytest.param({"path": "shop/other"}, "another repository", id="other repository"),
        pytest.param({"tag": "2.0-{build}"}, "another template", id="other template"),
    ],
)
async def test_record_of_another_image_is_not_restored(
    context: Context, registry: Registry, image: dict[str, str], told: str
) -> None:
    """It is told why, and the new numbers do not meet the old ones."""
    found, _ = await enrolled(context, registry, archive(registry, **image))
    (note,) = found.notes
    assert (note.reason, note.type) == (Reason.ARCHIVE_NOT_RESTORED, "Warning")
    assert told in note.message
    assert (found.is_restored, found.image.status.builds) == (False, ())
    assert found.image.status.numbers_above == 3
    assert found.image.status.bases == ()


async def test_damaged_record_is_not_restored(context: Context, registry: Registry) -> None:
    """Nothing of it is believed."""
    damaged = archive(registry)
    damaged["binaryData"] = {"record.json.gz": "aGVsbG8="}
    found, _ = await enrolled(context, registry, damaged)
    (note,) = found.notes
    assert "api-archive was not restored: it is damaged" in note.message
    assert found.image.status.numbers_above is None


async def test_record_of_a_lost_image_is_not_restored(context: Context, registry: Registry) -> None:
    """What its source build stands on is known still: where its base has moved, nothing else may tell."""
    registry.answer = LOST
    found, _ = await enrolled(context, registry, archive(registry))
    (note,) = found.notes
    assert "which the registry has lost" in note.message
    status = found.image.status
    assert (status.image, status.builds, status.numbers_above) == (None, (), 3)
    assert status.source is not None
    assert (status.source.base_digest, status.source.built_commit) == (OLD, None)
    assert (status.bases[0].latest_digest, status.bases[0].built_digest) == (OLD, None)


async def test_silent_registry_decides_nothing(context: Context, registry: Registry) -> None:
    """Neither is the record believed unproven, nor thrown away: it is tried again."""
    registry.answer = DOWN
    with pytest.raises(RegistryError):
        await enrolled(context, registry, archive(registry))
