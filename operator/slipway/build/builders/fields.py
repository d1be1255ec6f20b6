"""Reads what CI servers answer: what a run cannot be without must be there, of the rest what makes sense."""

from __future__ import annotations

from typing import Any, Final

from slipway.build.builders.contract import Run
from slipway.build.builders.errors import AnswerInvalid
from slipway.egress import InvalidUrl
from slipway.http import origin_of
from slipway.oci.providers.fields import digest_in, moment_in, number_in, text_in
from slipway.redact import redact

__all__ = [
    "digest_in",
    "id_in",
    "link_in",
    "moment_in",
    "number_in",
    "object_in",
    "objects_in",
    "run_in",
    "sentence_in",
    "started_run",
    "text_in",
]

_LONGEST_LINK: Final = 512
"""The status of an image keeps no longer ones."""

_LONGEST_SENTENCE: Final = 300


def object_in(body: Any) -> dict[str, Any]:
    """The object that an answer is.

    Raises:
        AnswerInvalid: when it is something else.
    """
    if not isinstance(body, dict):
        msg = "an answer that is no object: check that the address is that of the API"
        raise AnswerInvalid(msg)
    return body


def objects_in(body: Any, name: str | None = None) -> list[dict[str, Any]]:
    """The entries of the list that the body is, or has under a name.

    Raises:
        AnswerInvalid: when there is no list, or one of its entries is no object.
    """
    listed = body if name is None else body.get(name) if isinstance(body, dict) else None
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        msg = "an answer that is no list of objects: check that the address is that of the API"
        raise AnswerInvalid(msg)
    return listed


def id_in(entry: dict[str, Any], key: str = "id") -> str:
    """The number that a run is known by, as text.

    Raises:
        AnswerInvalid: when there is none.
    """
    number = number_in(entry, key)
    if not number:
        msg = f"an answer whose run has no {key}"
        raise AnswerInvalid(msg)
    return str(number)


def run_in(entry: dict[str, Any], url: str, key: str = "id") -> Run:
    """The run that an entry of a list tells of.

    Raises:
        AnswerInvalid: when it has no id.
    """
    return Run(id_in(entry, key), link_in(entry, url))


def started_run(body: Any, url: str, key: str = "id") -> Run | None:
    """The run that was started by the answer that it was; None when it does not say which.

    Then it was taken all the same, so this is no error: `find` tells which it is.
    """
    try:
        return run_in(object_in(body), url, key)
    except AnswerInvalid:
        return None


def link_in(entry: dict[str, Any], key: str) -> str | None:
    """An address that people may be sent to, where there is one: http or https, without user info."""
    link = text_in(entry, key)
    if link is None or len(link) > _LONGEST_LINK:
        return None
    try:
        origin_of(link)
    except InvalidUrl:
        return None
    return link


def sentence_in(entry: dict[str, Any], *keys: str) -> str:
    """The first of these fields that says something, on one line and without secrets; else empty."""
    for key in keys:
        words = _said(entry.get(key))
        if words:
            return redact(words)[:_LONGEST_SENTENCE]
    return ""


def _said(value: Any) -> str:
    """GitLab says what is wrong in lists by field: `{"base": ["Reference not found"]}`."""
    match value:
        case str():
            return " ".join("".join(c if c.isprintable() else " " for c in value[:4096]).split())
        case list():
            return "; ".join(filter(None, map(_said, value[:8])))
        case dict():
            return "; ".join(filter(None, map(_said, list(value.values())[:8])))
        case _:
            return ""
