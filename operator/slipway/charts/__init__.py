"""Helm charts: where they are, and which versions of one there are.

`oci://` charts are tags in a registry and read by `slipway.oci`; here is what is common to both, and the
chart repositories that are an `index.yaml` on a web server (https://helm.sh/docs/topics/chart_repository/).
"""

from __future__ import annotations

from slipway.charts.address import HttpChart, InvalidChartUrl, OciChart, parse_address
from slipway.charts.errors import ChartError
from slipway.charts.index import ChartVersion
from slipway.charts.repository import ChartRepository, Listing

__all__ = [
    "ChartError",
    "ChartRepository",
    "ChartVersion",
    "HttpChart",
    "InvalidChartUrl",
    "Listing",
    "OciChart",
    "parse_address",
]
