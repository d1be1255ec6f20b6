"""In-toto statements, bare or in an envelope, as they come from a registry: hostile until read. Pure.

Bare they are the layers of BuildKit's attestations. In an envelope (DSSE,
https://github.com/secure-systems-lab/dsse), and that in a bundle of sigstore's, they come as referrers.
Signatures are not verified here.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import from_json

__all__ = [
    "SLSA_V02",
    "SLSA_V1",
    "Statement",
    "Unreadable",
    "as_list",
    "as_object",
    "as_text",
    "parse_statement",
]

SLSA_V02: Final = "https://slsa.dev/provenance/v0.2"
SLSA_V1: Final = "https://slsa.dev/provenance/v1"

_PAYLOAD: Final = "application/vnd.in-toto+json"


class Unreadable(ValueError):  # noqa: N818 - says what a document is
    """What was read is no statement; the message says why."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What somebody says about some artifacts (https://github.com/in-toto/attestation, statement)."""

    predicate_type: str
    predicate: Mapping[str, Any]
    subjects: frozenset[str]
    """Digests of what it speaks of; those by other algorithms than SHA-256 are left out."""


def parse_statement(content: bytes) -> Statement:
    """The statement in these bytes.

    Raises:
        Unreadable: when there is none.
    """
    document = _document(content)
    envelope = as_object(document.get("dsseEnvelope")) or document
    if "payload" in envelope:
        document = _document(_payload(envelope))
    predicate_type = as_text(document.get("predicateType"))
    if not predicate_type:
        msg = "it has no predicateType"
        raise Unreadable(msg)
    subjects = (as_object(subject) for subject in as_list(document.get("subject")))
    digests = (as_text(as_object(subject.get("digest")).get("sha256")) for subject in subjects)
    return Statement(
        predicate_type=predicate_type,
        predicate=as_object(document.get("predicate")),
        subjects=frozenset(f"sha256:{digest}" for digest in digests if digest),
    )


def as_object(value: object) -> Mapping[str, Any]:
    """The value if it is an object; else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """The value if it is a list; else an empty one."""
    return value if isinstance(value, list) else []


def as_text(value: object) -> str:
    """The value if it is text; else an empty one."""
    return value if isinstance(value, str) else ""


def _document(content: bytes) -> Mapping[str, Any]:
    try:
        document = from_json(content, allow_inf_nan=False)
    except ValueError as error:
        msg = "it is not JSON, or nested too deeply"
        raise Unreadable(msg) from error
    if not isinstance(document, dict):
        msg = "it is no JSON object"
        raise Unreadable(msg)
    return document


def _payload(envelope: Mapping[str, Any]) -> bytes:
    if envelope.get("payloadType") != _PAYLOAD:
        msg = f"its envelope holds {as_text(envelope.get('payloadType'))[:64]!r} and no statement"
        raise Unreadable(msg)
    try:
        return base64.b64decode(as_text(envelope.get("payload")), validate=True)
    except (binascii.Error, ValueError) as error:
        msg = "the payload of its envelope is not base64"
        raise Unreadable(msg) from error
