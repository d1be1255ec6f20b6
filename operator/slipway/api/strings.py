"""The kinds of text that specs and statuses hold, each with its length, its pattern and words about it.

Patterns are plain RE2 (no look-around), so that the API server, CEL and pydantic read them alike. Grammars of
images follow `reference/regexp.go` of the distribution project and the OCI distribution specification.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import AwareDatetime, BeforeValidator, Field, PlainSerializer
from pydantic.json_schema import WithJsonSchema

from slipway.api.conditions import MESSAGE_LIMIT
from slipway.api.durations import DURATION_LENGTH, DURATION_PATTERN
from slipway.api.lengths import shortened
from slipway.api.markers import Advice, Rule
from slipway.clock import format_time

__all__ = [
    "DIGEST_LENGTH",
    "REFERENCE_LENGTH",
    "REPOSITORY_LENGTH",
    "Digest",
    "Duration",
    "Foreign",
    "FoundDigest",
    "ImageReference",
    "IntOrPercent",
    "Message",
    "Name",
    "PositiveDuration",
    "Quantity",
    "Reference",
    "RegularExpression",
    "Repository",
    "ShortName",
    "ShortText",
    "StatusText",
    "Tag",
    "Time",
    "Word",
]

DIGEST_LENGTH: Final = 135
"""`sha512:` and 128 hexadecimal digits."""

REPOSITORY_LENGTH: Final = 255
"""Host and path together, the limit of the reference grammar."""

REFERENCE_LENGTH: Final = REPOSITORY_LENGTH + len(":") + 128 + len("@") + DIGEST_LENGTH

_HOST = r"([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?"
_COMPONENT = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"
_PATH = rf"({_HOST}/)?{_COMPONENT}(/{_COMPONENT})*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"
_DIGEST = r"(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})"
_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_PERCENT = r"^(100|[1-9]?[0-9])%$"
_QUANTITY = r"^[0-9]+(\.[0-9]*)?([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$"


def _int_or_string(pattern: str, length: int) -> dict[str, Any]:
    return {
        "x-kubernetes-int-or-string": True,
        "anyOf": [{"type": "integer"}, {"type": "string"}],
        "pattern": pattern,
        "maxLength": length,
        "minimum": 0,
    }


Name = Annotated[
    str,
    Field(min_length=1, max_length=253, pattern=rf"^{_LABEL}(\.{_LABEL})*$"),
    Advice("write the name of an object: lower-case letters, digits, dashes and dots"),
]
"""The name of an object in the same namespace."""

ShortName = Annotated[
    str,
    Field(min_length=1, max_length=63, pattern=rf"^{_LABEL}$"),
    Advice(
        "write at most 63 lower-case letters, digits and dashes, starting and ending with a letter or digit"
    ),
]
"""A name inside an object, such as that of a subscription."""

Duration = Annotated[
    str,
    Field(min_length=2, max_length=DURATION_LENGTH, pattern=DURATION_PATTERN),
    Advice("write a duration as numbers with the units ms, s, m or h, such as 90s, 5m or 1h30m"),
]
"""A Go-style duration; `parse_duration` reads it."""

PositiveDuration = Annotated[
    Duration,
    Rule(
        f"!self.matches(r'{DURATION_PATTERN}') || "
        "(duration(self) >= duration('1s') && duration(self) <= duration('8760h'))",
        "write a duration from 1s to 8760h, such as 90s, 5m or 1h30m",
    ),
]
"""A Go-style duration from a second to a year, which fits every field of Kubernetes that takes seconds."""

Repository = Annotated[
    str,
    Field(min_length=1, max_length=REPOSITORY_LENGTH, pattern=rf"^{_PATH}$"),
    Advice(
        "write host and path in lower case, without scheme, tag and digest, "
        "such as registry.example.com/shop/api"
    ),
]
"""A repository with the host of its registry."""

Tag = Annotated[
    str,
    Field(min_length=1, max_length=128, pattern=rf"^{_TAG}$"),
    Advice(
        "write a tag: at most 128 letters, digits, dots, underscores and dashes, not starting with . or -"
    ),
]
"""The tag of an image."""

Digest = Annotated[
    str,
    Field(min_length=1, max_length=DIGEST_LENGTH, pattern=rf"^{_DIGEST}$"),
    Advice("write a whole digest: sha256: and 64 lower-case hexadecimal digits"),
]
"""The digest of a manifest."""

ImageReference = Annotated[
    str,
    Field(min_length=1, max_length=REFERENCE_LENGTH, pattern=rf"^{_PATH}(:{_TAG})?(@{_DIGEST})?$"),
    Advice(
        "write repository:tag or repository@digest without a scheme, "
        "such as registry.example.com/shop/api:1.4.0"
    ),
]
"""An image, with a tag, a digest or both; without either the tag `latest` is meant."""

RegularExpression = Annotated[
    str,
    Field(min_length=1, max_length=256),
    # The API server compiles it to answer, and its answer carries the compiler's own complaint.
    Rule(
        "''.matches(self) in [true, false]",
        "write a regular expression in RE2 syntax, without look-around or back-references, such as ^v[0-9]+$",
    ),
]
"""A regular expression in RE2 syntax."""

IntOrPercent = Annotated[
    int | str,
    WithJsonSchema(_int_or_string(_PERCENT, length=4)),
    Rule(
        f"type(self) == int || string(self).matches(r'{_PERCENT}')",
        'write a number of pods without quotes, or a percentage from "0%" to "100%"',
    ),
]
"""A number of pods, or a percentage of the wanted ones from `0%` to `100%`."""

Quantity = Annotated[
    int | str,
    WithJsonSchema(_int_or_string(_QUANTITY, length=32)),
    Rule(
        f"type(self) == int || string(self).matches(r'{_QUANTITY}')",
        "write an amount with at most a unit behind it, such as 2, 500m or 128Mi",
    ),
]
"""An amount as Kubernetes writes it: `2`, `500m`, `128Mi`."""

Time = Annotated[
    AwareDatetime,
    PlainSerializer(format_time, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "maxLength": 64}),
]
"""A moment, written in RFC 3339 with whole seconds."""

Word = Annotated[str, Field(max_length=63, pattern="^[A-Za-z][A-Za-z0-9]*$")]
"""One CamelCase word of a status. An open set: an older operator must be able to read a newer one's."""


def _cut_at(length: int) -> BeforeValidator:
    """Cuts what quotes the answers of others: a talkative host must not make a status unwritable."""

    def cut(value: Any) -> Any:
        return shortened(value, length) if isinstance(value, str) else value

    return BeforeValidator(cut)


Foreign = Annotated[str, Field(max_length=128), _cut_at(128)]
"""A word of a stranger's, such as what a chart says that it installs; longer ones are cut."""

ShortText = Annotated[str, Field(max_length=63)]
"""A key, a verb or the name of somebody."""

StatusText = Annotated[str, Field(max_length=256), _cut_at(256)]
"""A sentence in a history; longer ones are cut."""

Message = Annotated[str, Field(max_length=MESSAGE_LIMIT), _cut_at(MESSAGE_LIMIT)]
"""The full explanation of a state; longer ones are cut."""

FoundDigest = Annotated[str, Field(max_length=DIGEST_LENGTH, pattern=rf"^{_DIGEST}$")]
"""A digest as the operator found it."""

Reference = Annotated[str, Field(max_length=REFERENCE_LENGTH)]
"""An image as the operator found it."""
