"""A chart repository on a web server: its index, asked for only when it changed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

from slipway.charts.address import HttpChart
from slipway.charts.answers import from_http, refusal
from slipway.charts.index import MAX_BYTES, ChartVersion, read_versions
from slipway.egress import HttpError, Response
from slipway.http import HttpClient

__all__ = ["ChartRepository", "Listing"]

_SMALL: Final = 64 * 1024
"""Bytes of an index that is read in less time than a thread takes to start."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The versions of a chart, and what the server needs to tell whether its index changed since."""

    versions: tuple[ChartVersion, ...]
    """In the order of the index."""

    etag: str | None = None
    last_modified: str | None = None

    @property
    def conditions(self) -> dict[str, str]:
        """The header fields of a request for a newer one; of both conditions a server looks at the ETag."""
        fields = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in fields.items() if value}


@dataclass(frozen=True, slots=True)
class ChartRepository:
    """Reads charts from web servers with one credential.

    Args:
        http: the way out.
        authorization: the field of that name; sent to the repository's own origin alone.
    """

    http: HttpClient
    authorization: str | None = field(default=None, repr=False)

    async def list_versions(self, chart: HttpChart, before: Listing | None = None) -> Listing:
        """All versions of a chart.

        Args:
            chart: which one, and where.
            before: what an earlier call gave for the same chart; given back itself when nothing changed.

        Raises:
            ChartError: whatever is in the way, drawn in `slipway.charts.errors`.
        """
        response = await self._get(chart, before)
        if response.status == 304 and before is not None:
            return before
        if response.status != 200:
            raise refusal(response, chart.index_url)
        if len(response.body) <= _SMALL:
            versions = read_versions(response.body, chart.name)
        else:
            versions = await asyncio.to_thread(read_versions, response.body, chart.name)
        return Listing(versions, response.headers.get("etag"), response.headers.get("last-modified"))

    async def _get(self, chart: HttpChart, before: Listing | None) -> Response:
        fields = {"Accept": "application/yaml, */*;q=0.5", "Accept-Encoding": "gzip"}
        if before is not None:
            fields |= before.conditions
        if self.authorization:
            fields["Authorization"] = self.authorization
        try:
            return await self.http.request(
                "GET",
                chart.index_url,
                headers=fields,
                max_bytes=MAX_BYTES,
                party=(chart.index_url, hash(self.authorization)),
            )
        except HttpError as error:
            raise from_http(error) from error
