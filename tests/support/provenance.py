"""Provenance as BuildKit and GitHub write it, about images that tests make."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from dev.image_composer import MadePlatform

__all__ = ["V02", "V1", "bundle", "commit_material", "envelope", "image_material", "slsa_v02", "slsa_v1"]

V02 = "https://slsa.dev/provenance/v0.2"
V1 = "https://slsa.dev/provenance/v1"

Json = dict[str, Any]


def image_material(url: str, digest: str = "sha256:" + "d" * 64) -> Json:
    """An image that was loaded."""
    return {"uri": url, "digest": {"sha256": digest.removeprefix("sha256:")}}


def commit_material(url: str, commit: str) -> Json:
    """A repository that was read."""
    return {"uri": url, "digest": {"sha1": commit}}


def slsa_v02(part: MadePlatform | None, materials: Sequence[Any], config_source: Json | None = None) -> Json:
    """A statement as BuildKit makes it when asked for version v0.2."""
    return _statement(
        part,
        V02,
        {
            "builder": {"id": ""},
            "buildType": "https://mobyproject.org/buildkit@v1",
            "materials": list(materials),
            "invocation": {
                "configSource": config_source or {"entryPoint": "Dockerfile"},
                "parameters": {"frontend": "dockerfile.v0", "locals": [{"name": "context"}]},
                "environment": {"platform": "linux/amd64"},
            },
        },
    )


def slsa_v1(
    part: MadePlatform | None, dependencies: Sequence[Any], config_source: Json | None = None
) -> Json:
    """A statement as BuildKit makes it when asked for version v1."""
    return _statement(
        part,
        V1,
        {
            "buildDefinition": {
                "buildType": "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md",
                "externalParameters": {"configSource": config_source or {"path": "Dockerfile"}},
                "resolvedDependencies": list(dependencies),
            },
            "runDetails": {"builder": {"id": ""}, "metadata": {"invocationId": "x"}},
        },
    )


def envelope(statement: Json) -> Json:
    """The statement in a signed envelope."""
    payload = base64.b64encode(json.dumps(statement).encode()).decode()
    return {"payloadType": "application/vnd.in-toto+json", "payload": payload, "signatures": [{"sig": "x"}]}


def bundle(statement: Json) -> Json:
    """That envelope in a bundle of sigstore's, as GitHub attaches it."""
    media_type = "application/vnd.dev.sigstore.bundle.v0.3+json"
    return {"mediaType": media_type, "verificationMaterial": {}, "dsseEnvelope": envelope(statement)}


def _statement(part: MadePlatform | None, predicate_type: str, predicate: Json) -> Json:
    subjects = [] if part is None else [{"name": "x", "digest": {"sha256": part.manifest.digest[7:]}}]
    return {
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicateType": predicate_type,
        "subject": subjects,
        "predicate": predicate,
    }
