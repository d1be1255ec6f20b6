"""The two ways to say where a chart is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import urlsplit, urlunsplit

from slipway.http import origin_of

__all__ = ["ChartAddress", "HttpChart", "InvalidChartUrl", "OciChart", "parse_address"]

_OCI: Final = "oci://"


class InvalidChartUrl(ValueError):  # noqa: N818 - named like the errors of other addresses
    """An address that is none; the message says how it is written."""


@dataclass(frozen=True, slots=True)
class HttpChart:
    """A chart in the index of a chart repository."""

    url: str
    """Of the repository, as the user wrote it."""

    name: str
    """Of the chart in the index."""

    @property
    def index_url(self) -> str:
        """Where the index is: a query stays behind it, as in Helm."""
        parts = urlsplit(self.url)
        return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/index.yaml", fragment=""))

    @property
    def hosts(self) -> tuple[str, ...]:
        """What a Secret may call the host, the usual way first: with the port of the scheme, or without it.

        Raises:
            InvalidUrl: when the URL is none.
        """
        origin = origin_of(self.url)
        usual = str(origin).partition("://")[2]
        name = usual.removesuffix(f":{origin.port}")
        return tuple(dict.fromkeys((usual, f"{name}:{origin.port}")))


@dataclass(frozen=True, slots=True)
class OciChart:
    """A chart in a container registry."""

    repository: str
    """Host and path, such as `registry.example.com/charts/api`; the path ends with the chart's name."""


ChartAddress: TypeAlias = HttpChart | OciChart


def parse_address(url: str, name: str | None = None) -> ChartAddress:
    """Read where a chart is.

    Args:
        url: `https://charts.example.com` or `oci://registry.example.com/charts/api`.
        name: of the chart; needed with the former, and part of the latter.

    Raises:
        InvalidChartUrl: when it is neither, or the name is missing or one too many.
    """
    if url.startswith(_OCI):
        repository = url.removeprefix(_OCI).rstrip("/")
        if name is not None or "/" not in repository:
            msg = f"{url[:200]!r} must name the chart by its path, like oci://registry.example.com/charts/api"
            raise InvalidChartUrl(msg)
        host = repository.partition("/")[0]
        if not any(mark in host for mark in ".:") and host != "localhost":
            # References of images take such a host for a path on Docker Hub.
            msg = f"{url[:200]!r} has no whole host: write it with its domain or port, like {host}:443"
            raise InvalidChartUrl(msg)
        return OciChart(repository)
    if not url.startswith(("https://", "http://")):
        msg = f"{url[:200]!r} is no address of charts: write https://charts.example.com or oci://host/path/chart"
        raise InvalidChartUrl(msg)
    if not name:
        msg = f"{url[:200]!r} has many charts: set name to the one that is meant"
        raise InvalidChartUrl(msg)
    return HttpChart(url, name)
