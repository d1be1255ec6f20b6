"""Link headers (RFC 8288), as far as pages need them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

__all__ = ["next_link"]

_LINK: Final = re.compile(r"<([^<>]*)>((?:[^,\"<]|\"(?:[^\"\\]|\\.)*\")*)")
_REL: Final = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))", re.IGNORECASE)


def next_link(headers: Iterable[str]) -> str | None:
    """The target whose relation is `next`, as it was written; None when there is none.

    Raises:
        ValueError: when a header is there but holds no link: what it would have led to is then unknown.
    """
    for header in headers:
        links = list(_LINK.finditer(header))
        if not links:
            msg = "the Link header is malformed"
            raise ValueError(msg)
        for link in links:
            relations = _REL.search(link[2])
            if relations and "next" in (relations[1] or relations[2]).lower().split():
                return link[1].strip()
    return None
