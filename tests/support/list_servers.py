"""Registries as they list tags and repositories, each with the oddities of its product; without a network.

What they do is from `reference/registries.md` §1.5.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from typing_extensions import override

from slipway.egress import Headers
from slipway.oci.listing import ListKind
from slipway.oci.pages import Page, PageRefused

__all__ = ["STYLES", "ListServer"]


class ListServer:
    """distribution 3: sorted, pages by `n` and `last`, a relative Link while there is more.

    Args:
        names: What it has, in the order they were pushed.
        kind: What they are.
        url: Where they are listed, without a query.
        most: The largest page it gives.
    """

    def __init__(self, names: Sequence[str], kind: ListKind, url: str, most: int) -> None:
        self._kind = kind
        self._url = url
        self._path = urlsplit(url).path
        self._most = most
        self._names = self.ordered(names)

    def ordered(self, names: Sequence[str]) -> list[str]:
        """The names as they are listed."""
        return sorted(names)

    def answer(self, url: str) -> Page | PageRefused:
        """The answer to one request."""
        query = {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}
        start, size = self.start(query), self.size(query)
        if start is None or size is None:
            return PageRefused(404 if start is None else 405)
        end = start + size
        rest = end < len(self._names)
        link = self.link(self._names[end - 1], end) if rest else None
        return self.page(self._names[start:end], link)

    def start(self, query: dict[str, str]) -> int | None:
        """The position a page begins at; None when it is refused."""
        return sum(1 for name in self._names if name <= query["last"]) if "last" in query else 0

    def size(self, query: dict[str, str]) -> int | None:
        """How many entries a page has; None when so many are refused."""
        return min(int(query.get("n", self._most)), self._most)

    def link(self, last: str, end: int) -> str | None:
        """The target of the Link to the next page."""
        return f"{self._path}?{urlencode({'n': self._most, 'last': last})}"

    def page(self, names: Iterable[str], link: str | None) -> Page:
        """A page with these entries."""
        return self.written({self._kind.key: list(names)}, link)

    @staticmethod
    def written(body: object, link: str | None) -> Page:
        """A page with this body."""
        return Page(json.dumps(body).encode(), Headers([("Link", f'<{link}>; rel="next"')] if link else []))


class Unpaged(ListServer):
    """distribution 2.8: everything at once, in the order of a directory, whatever is asked for."""

    @override
    def ordered(self, names: Sequence[str]) -> list[str]:
        return list(names)

    @override
    def start(self, query: dict[str, str]) -> int | None:
        return 0

    @override
    def size(self, query: dict[str, str]) -> int | None:
        return len(self._names) + 1


class Truncating(ListServer):
    """go-containerregistry's registry: cuts the list as asked, and names no next page."""

    @override
    def size(self, query: dict[str, str]) -> int | None:
        return int(query.get("n", len(self._names) + 1))

    @override
    def link(self, last: str, end: int) -> str | None:
        return None


class Stingy(Truncating):
    """The same with a limit of its own, whatever is asked for."""

    @override
    def size(self, query: dict[str, str]) -> int | None:
        return self._most


class Opaque(ListServer):
    """Quay: positions that say nothing, in an absolute Link."""

    @override
    def start(self, query: dict[str, str]) -> int | None:
        return int(query.get("next_page", "gAAA0").removeprefix("gAAA"))

    @override
    def link(self, last: str, end: int) -> str | None:
        return f"{self._url}?n={self._most}&next_page=gAAA{end}"


class OldestFirst(ListServer):
    """GHCR: in the order of the pushes, with a Link that asks for pages of nothing."""

    @override
    def ordered(self, names: Sequence[str]) -> list[str]:
        return list(names)

    @override
    def start(self, query: dict[str, str]) -> int | None:
        return self._names.index(query["last"]) + 1 if "last" in query else 0

    @override
    def link(self, last: str, end: int) -> str | None:
        return f"{self._path}?last={quote(last)}&n=0"


class Limited(ListServer):
    """ECR, with a limit below what is asked for: refuses too large a page, and pages on by its own size."""

    @override
    def size(self, query: dict[str, str]) -> int | None:
        wanted = int(query.get("n", self._most))
        return wanted if wanted <= self._most else None


class Prefixless(ListServer):
    """Artifactory: a Link without the prefix of the virtual repository, and digests among the names."""

    @override
    def answer(self, url: str) -> Page | PageRefused:
        return super().answer(url) if urlsplit(url).path == self._path else PageRefused(404)

    @override
    def link(self, last: str, end: int) -> str | None:
        return f"/v2/{self._path.rpartition('/v2/')[2].partition('/')[2]}?last={quote(last)}&n={self._most}"

    @override
    def page(self, names: Iterable[str], link: str | None) -> Page:
        digest = f"sha256:{hashlib.sha256(str(link).encode()).hexdigest()}"
        return super().page([digest, *names], link)


class WithNull(Unpaged):
    """Nexus: null among the entries, and null for no entries."""

    @override
    def page(self, names: Iterable[str], link: str | None) -> Page:
        entries = [entry for name in names for entry in (name, None)]
        return self.written({"name": "any", self._kind.key: entries or None}, link)


class Google(Unpaged):
    """Google's registries: a map of manifests by digest beside the names."""

    @override
    def page(self, names: Iterable[str], link: str | None) -> Page:
        listed = list(names)
        manifests = {
            f"sha256:{hashlib.sha256(name.encode()).hexdigest()}": {
                "tag": [name],
                "timeUploadedMs": "1795251600000",
            }
            for name in listed
        }
        return self.written({"child": [], "manifest": manifests, self._kind.key: listed}, link)


STYLES: dict[str, type[ListServer]] = {
    "distribution 3, ACR, Harbor, zot": ListServer,
    "distribution 2.8": Unpaged,
    "go-containerregistry": Truncating,
    "go-containerregistry with a limit": Stingy,
    "Quay": Opaque,
    "GHCR": OldestFirst,
    "ECR": Limited,
    "Artifactory": Prefixless,
    "Nexus": WithNull,
    "Google": Google,
}
"""The kinds of servers by the products that are so."""
