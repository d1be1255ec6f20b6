"""What provenance says that an image was made from: images and commits. Pure.

Read are https://slsa.dev/provenance/v0.2 (`materials`) and v1 (`buildDefinition.resolvedDependencies`), as
BuildKit writes them (https://docs.docker.com/build/metadata/attestations/slsa-definitions/): images as
package URLs with their digests, git repositories as `https://HOST/PATH.git#REF` with the commit as digest.
GitHub and others write `git+https://HOST/PATH@REF`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from slipway.build.evidence.claims import Claim, Kind, Source, SourceCommit
from slipway.build.evidence.packageurl import IMAGES, image_of
from slipway.build.evidence.references import meant
from slipway.build.evidence.statement import (
    SLSA_V02,
    SLSA_V1,
    Statement,
    Unreadable,
    as_list,
    as_object,
    as_text,
    parse_statement,
)
from slipway.git.reference import is_object_id
from slipway.oci.digest import is_digest
from slipway.redact import redact

__all__ = ["PROVENANCE", "Provenance", "read_provenance"]

PROVENANCE: Final = frozenset({SLSA_V02, SLSA_V1})
"""The types of predicates that are read."""

_SPEAKER: Final = "the provenance of the image"
_LONGEST: Final = 2048
"""Characters of a URL."""

_CREDENTIALS: Final = re.compile(r"(?<=^http://)[^/@]*@|(?<=^https://)[^/@]*@")
_MOST: Final = 1000
"""Materials that are looked at; a large build has dozens."""

_FRONTENDS: Final = frozenset({"docker.io/docker/dockerfile", "docker.io/docker/dockerfile-upstream"})
"""Images that read Dockerfiles, see https://docs.docker.com/build/buildkit/frontend/."""

_SCANNERS: Final = frozenset(
    {"docker.io/docker/buildkit-syft-scanner", "docker.io/docker/scout-sbom-indexer"}
)
"""Images that BuildKit has look at the result for an SBOM; nothing of them gets into it."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """What one statement says."""

    claims: tuple[Claim, ...] = ()
    commits: tuple[SourceCommit, ...] = ()
    """Of the repositories that were read, that of the Dockerfile first where it is told."""

    notes: tuple[str, ...] = ()
    """Sentences on what could not be read."""


def read_provenance(content: bytes, about: Collection[str]) -> Provenance:
    """What the statement in these bytes says of an image.

    Args:
        content: As the registry has it; anything may be in it.
        about: Digests of the image: a statement about others says nothing of it.
    """
    try:
        statement = parse_statement(content)
    except Unreadable as error:
        return Provenance(notes=(f"{_SPEAKER} cannot be read: {error}",))
    if statement.predicate_type not in PROVENANCE:
        return Provenance()
    if statement.subjects and statement.subjects.isdisjoint(about):
        return Provenance(notes=(f"{_SPEAKER} speaks of another image: nothing of it counts",))
    return _read(list(_materials(statement)), _config_source(statement))


def _materials(statement: Statement) -> Iterator[Mapping[str, Any]]:
    predicate = statement.predicate
    if statement.predicate_type == SLSA_V02:
        materials = predicate.get("materials")
    else:
        materials = as_object(predicate.get("buildDefinition")).get("resolvedDependencies")
    return (as_object(material) for material in as_list(materials)[: _MOST + 1])


def _config_source(statement: Statement) -> Mapping[str, Any]:
    """Where the Dockerfile came from."""
    if statement.predicate_type == SLSA_V02:
        return as_object(as_object(statement.predicate.get("invocation")).get("configSource"))
    definition = as_object(statement.predicate.get("buildDefinition"))
    return as_object(as_object(definition.get("externalParameters")).get("configSource"))


def _read(materials: list[Mapping[str, Any]], config_source: Mapping[str, Any]) -> Provenance:
    images = [_image(material) for material in materials[:_MOST] if _uri(material).startswith(IMAGES)]
    notes = [found for found in images if isinstance(found, str)]
    if len(materials) > _MOST:
        notes.append(f"{_SPEAKER} names more than {_MOST} materials: the rest is not looked at")
    return Provenance(
        claims=tuple(dict.fromkeys(found for found in images if isinstance(found, Claim))),
        commits=tuple(dict.fromkeys(_commits((config_source, *materials[:_MOST])))),
        notes=tuple(dict.fromkeys(notes)),
    )


def _image(material: Mapping[str, Any]) -> Claim | str | None:
    """The claim in a material; a note where it cannot be read, and None where it is no part of the image."""
    uri = _uri(material)
    named = image_of(uri)
    image = meant(*named) if named is not None else None
    if named is None or image is None:
        return f"{_SPEAKER} names {redact(uri)[:128]!r}, which is no image reference"
    if image.reference.name in _SCANNERS:
        return None
    kind = Kind.SYNTAX if image.reference.name in _FRONTENDS else Kind.UNKNOWN
    return Claim(Source.PROVENANCE, named[0], _resolved(material) or named[1], kind, _SPEAKER)


def _resolved(material: Mapping[str, Any]) -> str | None:
    """The digest that a reference led to."""
    digest = f"sha256:{as_text(as_object(material.get('digest')).get('sha256'))}"
    return digest if is_digest(digest) else None


def _commits(materials: Iterable[Mapping[str, Any]]) -> Iterator[SourceCommit]:
    for material in materials:
        digest, uri = as_object(material.get("digest")), _uri(material)
        commit = as_text(digest.get("gitCommit")) or as_text(digest.get("sha1"))
        if is_object_id(commit) and uri and len(uri) <= _LONGEST and not uri.startswith("pkg:"):
            yield SourceCommit(*_repository(uri), commit)


def _repository(uri: str) -> tuple[str, str]:
    """The URL of a repository, and the ref that was asked for."""
    address, mark, fragment = uri.partition("#")
    ref = fragment.partition(":")[0]  # what follows is the directory within it
    bare = _CREDENTIALS.sub("", address.removeprefix("git+"))
    path, at, version = bare.rpartition("@")
    if address.startswith("git+") and not mark and at and "/" in path.partition("://")[2]:
        return path, version
    return bare, ref


def _uri(material: Mapping[str, Any]) -> str:
    return as_text(material.get("uri"))
