"""Image references: `registry/repository:tag@digest`, read as github.com/distribution/reference reads them.

Beyond it, `registry-1.docker.io` (the host that Docker Hub is served from) is folded to `docker.io`, and host
names that are recognisable as such are lower-cased, so that one image has one name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from typing_extensions import override

from slipway.oci.digest import is_digest
from slipway.oci.errors import InvalidReference

__all__ = [
    "DOCKER_HUB",
    "DOCKER_HUB_HOST",
    "DOCKER_HUB_NAMES",
    "ImageReference",
    "is_repository",
    "is_tag",
    "require_repository",
]

DOCKER_HUB: Final = "docker.io"
DOCKER_HUB_NAMES: Final = frozenset({DOCKER_HUB, "index.docker.io", "registry-1.docker.io"})
DOCKER_HUB_HOST: Final = "registry-1.docker.io"
_LONGEST_PATH: Final = 255

_COMPONENT: Final = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_PATH: Final = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_LABEL: Final = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST: Final = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?")
_TAG: Final = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_HEX_NAME: Final = re.compile(r"[a-f0-9]{64}")


def is_tag(text: str) -> bool:
    """Whether this can be a tag."""
    return _TAG.fullmatch(text) is not None


def is_repository(text: str) -> bool:
    """Whether this can be the name of a repository within a registry."""
    return len(text) <= _LONGEST_PATH and _PATH.fullmatch(text) is not None


def require_repository(text: str) -> str:
    """The text, when it can be the name of a repository.

    Raises:
        InvalidReference: when it cannot; some registries answer such a name with a server error.
    """
    if not is_repository(text):
        msg = f"{text[:300]!r} is not a repository: write it like shop/api, lower-case and without the host"
        raise InvalidReference(msg)
    return text


@dataclass(frozen=True, slots=True)
class ImageReference:
    """One image, or one repository when it has neither tag nor digest.

    Example:
        >>> str(ImageReference.parse("ubuntu:24.04"))
        'docker.io/library/ubuntu:24.04'
    """

    registry: str
    """Host and, unless it is the standard one, port: `docker.io`, `registry.example.com:5000`."""

    repository: str
    """The path within the registry, without leading slash: `library/ubuntu`."""

    tag: str | None = None
    digest: str | None = None

    @classmethod
    def parse(cls, text: str) -> ImageReference:
        """The reference that a person or a manifest wrote.

        Raises:
            InvalidReference: with a sentence that names the part that is wrong.
        """
        if _HEX_NAME.fullmatch(text):
            raise _refused(text, "a bare image ID names no repository")
        rest, at, digest = text.partition("@")
        if at and not is_digest(digest):
            raise _refused(text, "what follows @ is not a digest like sha256:<64 hexadecimal digits>")
        name, tag = _split_tag(rest)
        if tag is not None and not is_tag(tag):
            raise _refused(text, "the tag may hold letters, digits, '_', '.' and '-', at most 128 of them")
        registry, repository = _split_registry(name)
        if _HOST.fullmatch(registry) is None:
            raise _refused(text, "the registry is not a host name, with or without a port")
        if repository != repository.lower():
            raise _refused(text, "the repository must be lower-case")
        if not is_repository(repository):
            raise _refused(
                text, "the repository must be words of a-z and 0-9 joined by '.', '_', '-' and '/'"
            )
        return cls(registry=registry, repository=repository, tag=tag, digest=digest or None)

    @override
    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.name}{tag}{digest}"

    @property
    def name(self) -> str:
        """Registry and repository: what all tags of an image share."""
        return f"{self.registry}/{self.repository}"

    @property
    def api_host(self) -> str:
        """The host to call; Docker Hub is served from another one than it is named after."""
        return DOCKER_HUB_HOST if self.registry == DOCKER_HUB else self.registry

    @property
    def version(self) -> str:
        """What to ask the registry for: the digest, which wins, else the tag, else `latest`."""
        return self.digest or self.tag or "latest"

    def with_tag(self, tag: str) -> ImageReference:
        """Another tag of the same repository, without a digest.

        Raises:
            InvalidReference: when it cannot be a tag.
        """
        if not is_tag(tag):
            raise _refused(tag, "the tag may hold letters, digits, '_', '.' and '-', at most 128 of them")
        return replace(self, tag=tag, digest=None)

    def with_digest(self, digest: str) -> ImageReference:
        """The same image, pinned; the tag stays for people to read.

        Raises:
            InvalidReference: when it is not a digest.
        """
        if not is_digest(digest):
            raise _refused(digest, "it is not a digest like sha256:<64 hexadecimal digits>")
        return replace(self, digest=digest)


def _split_tag(text: str) -> tuple[str, str | None]:
    """A colon after the last slash starts a tag; before it, a port."""
    head, colon, tail = text.rpartition(":")
    if colon and "/" not in tail:
        return head, tail
    return text, None


def _split_registry(name: str) -> tuple[str, str]:
    """The first part is a host if it cannot be a part of a Docker Hub name."""
    first, slash, rest = name.partition("/")
    if not slash or not _is_host(first):
        registry, repository = DOCKER_HUB, name
    else:
        registry, repository = _canonical(first), rest
    if registry == DOCKER_HUB and "/" not in repository:
        repository = f"library/{repository}"
    return registry, repository


def _is_host(part: str) -> bool:
    return "." in part or ":" in part or part == "localhost" or part.lower() != part


def _canonical(host: str) -> str:
    lowered = host.lower()
    if lowered in DOCKER_HUB_NAMES:
        return DOCKER_HUB
    # `Foo/bar` is read as host Foo, but `foo/bar` would be an image of Docker Hub.
    return lowered if _is_host(lowered) else host


def _refused(text: str, why: str) -> InvalidReference:
    return InvalidReference(f"{text[:300]!r} is not an image reference: {why}")
