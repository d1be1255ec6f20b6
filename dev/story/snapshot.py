"""What a telling of the story leaves behind, with all that differs between two tellings by nature masked."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from dev.api import resource_path
from dev.story.building import BuildStory
from dev.story.scene import Scene
from dev.story.story import Story

__all__ = ["Mask", "Snapshot", "differences", "snapshot"]

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
_REPLICA_SET = re.compile(r"\"api-[0-9a-z]+\"")
_DIGEST = re.compile(r"sha256:([0-9a-f]{7,64})")
_VOLATILE = {
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "managedFields",
    "clusterIP",
    "clusterIPs",
    "generation",
    "observedGeneration",
    "lastTransitionTime",
    "lastUpdateTime",
    "key",
    "release",
    "repositories",
    "configuration",
    "builtConfiguration",
    "controller-uid",
    "batch.kubernetes.io/controller-uid",
    "slipway.dev/build-key",
    "slipway.dev/record-digest",
}
"""Fields that say when and as which object, not what; hashes over repositories, which differ as well; and how
many repositories the registry has, in which earlier tellings left theirs."""

_KINDS = (
    ("slipway.dev/v1alpha1", "registries"),
    ("slipway.dev/v1alpha1", "warehouses"),
    ("slipway.dev/v1alpha1", "managedimages"),
    ("slipway.dev/v1alpha1", "deployments"),
    ("apps/v1", "deployments"),
    ("apps/v1", "controllerrevisions"),
    ("apps/v1", "statefulsets"),
    ("batch/v1", "jobs"),
    ("v1", "services"),
    ("v1", "secrets"),
    ("v1", "configmaps"),
    ("v1", "persistentvolumeclaims"),
)
"""All that Slipway makes or could have made by mistake; pods and ReplicaSets belong to Kubernetes."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Objects by kind and name, and the tags of the repositories with their digests."""

    objects: Mapping[str, Json]
    tags: Mapping[str, str]


def snapshot(scene: Scene, mask: Mask) -> Snapshot:
    """The end state of a telling."""
    return Snapshot(dict(_objects(scene, mask)), dict(_tags(scene, mask)))


class Mask:
    """Gives everything that has a name of its own in each telling the same name in all of them."""

    def __init__(self, digests: Mapping[str, str], texts: Mapping[str, str]) -> None:
        """Use `of` instead, which finds both: the masks of whole digests, and of parts of texts."""
        self._digests = digests
        self._texts = texts

    @classmethod
    def of(cls, story: Story) -> Self:
        """The mask for what a telling left behind."""
        scene = story.scene
        digests = {base.digest: f"BASE-{number}" for number, base in enumerate(story.bases)}
        digests |= {digest: f"IMAGE-{number}" for number, digest in enumerate(story.images)}
        return cls(digests, {**_places(scene), **_revisions(scene)})

    @classmethod
    def of_builds(cls, story: BuildStory) -> Self:
        """The mask for what a telling of the story of builds left behind."""
        digests = {base.digest: f"BASE-{number}" for number, base in enumerate(story.bases)}
        texts = {**_places(story.scene), **_revisions(story.scene)}
        texts |= {story.commit: "COMMIT", story.commit[:7]: "COMMIT"}
        for build in story.builds():
            key, number = build["key"], build["number"]
            texts |= {key: f"KEY-{number}", key[:8]: f"KEY-{number}"}
            if "digest" in build:
                digests[build["digest"]] = f"IMAGE-{number}"
        texts[story.source_warehouse()] = "AUTOMATIC"
        return cls(digests, texts)

    def text(self, text: str) -> str:
        """A text with all of these names in it masked."""
        for name, masked in self._texts.items():
            text = text.replace(name, masked)
        text = _REPLICA_SET.sub("REPLICASET", _TIME.sub("TIME", text))
        return _DIGEST.sub(self._digest, text)

    def value(self, value: Any) -> Any:
        """A JSON value without volatile fields and others' annotations, with all texts masked."""
        if isinstance(value, Mapping):
            kept = {name: item for name, item in value.items() if name not in _VOLATILE}
            if isinstance(kept.get("annotations"), Mapping):
                kept["annotations"] = _own(kept["annotations"])
            return {self.text(name): self.value(item) for name, item in kept.items()}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        return self.text(value) if isinstance(value, str) else value

    def _digest(self, match: re.Match[str]) -> str:
        known = (name for digest, name in self._digests.items() if digest.startswith(match[0]))
        return next(known, match[0])


def differences(wanted: Snapshot, found: Snapshot) -> list[str]:
    """One line for everything that is missing, left over or other than wanted."""
    lines = list(_mapping_differences("", dict(wanted.objects), dict(found.objects)))
    lines += _mapping_differences("tag ", dict(wanted.tags), dict(found.tags))
    return lines


def _objects(scene: Scene, mask: Mask) -> Iterator[tuple[str, Json]]:
    for api_version, plural in _KINDS:
        for item in scene.cluster.api.get(resource_path(api_version, plural, scene.namespace))["items"]:
            group = f"{plural}.{api_version.partition('/')[0]}" if "/" in api_version else plural
            yield mask.text(f"{group}/{item['metadata']['name']}"), mask.value(_unpacked(item))


def _places(scene: Scene) -> dict[str, str]:
    """Where this telling plays."""
    corner = {f"/{scene.corner}{end}": f"/CORNER{end}" for end in ("/", ".git")}
    return {scene.namespace: "NAMESPACE", **corner}


def _revisions(scene: Scene) -> dict[str, str]:
    """The names of revisions are hashes of their content, in which other digests are."""
    path = resource_path("apps/v1", "controllerrevisions", scene.namespace)
    found = scene.cluster.api.get(path)["items"]
    return {one["metadata"]["name"].rpartition("-")[2]: f"REVISION-{one['revision']}" for one in found}


def _unpacked(item: Json) -> Json:
    """An object with the records in it that are packed."""
    packed: dict[str, str] = item.get("binaryData", {})
    records = {name: json.loads(gzip.decompress(base64.b64decode(one))) for name, one in packed.items()}
    return {**item, "binaryData": records} if records else item


def _own(annotations: Json) -> Json:
    """Slipway's annotations; those of kubectl and of Kubernetes' controllers differ between tellings."""
    return {name: text for name, text in annotations.items() if name.startswith("slipway.dev/")}


def _tags(scene: Scene, mask: Mask) -> Iterator[tuple[str, str]]:
    for repository in (scene.base_repository, scene.app_repository):
        for tag in scene.tags_of(repository):
            name = repository.removeprefix(f"{scene.corner}/")
            yield f"{name}:{tag}", mask.text(scene.digest_of(repository, tag))


def _mapping_differences(path: str, wanted: Any, found: Any) -> Iterator[str]:
    if isinstance(wanted, dict) and isinstance(found, dict):
        for name in sorted({*wanted, *found}):
            if name not in wanted or name not in found:
                side = "left over" if name not in wanted else "missing"
                yield f"{side}: {path}{name} = {json.dumps(wanted.get(name, found.get(name)))[:300]}"
            else:
                yield from _mapping_differences(f"{path}{name} ", wanted[name], found[name])
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for index, (one, other) in enumerate(zip(wanted, found, strict=True)):
            yield from _mapping_differences(f"{path}[{index}] ", one, other)
    elif wanted != found:
        yield f"differs: {path}: wanted {json.dumps(wanted)[:300]}, found {json.dumps(found)[:300]}"
