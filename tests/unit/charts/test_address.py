from __future__ import annotations

import pytest

from slipway.charts.address import HttpChart, InvalidChartUrl, OciChart, parse_address

INDEXES = {
    "https://charts.example.com": "https://charts.example.com/index.yaml",
    "https://charts.example.com/": "https://charts.example.com/index.yaml",
    "http://charts.example.com:8080/stable/": "http://charts.example.com:8080/stable/index.yaml",
    "https://charts.example.com/a?branch=main#top": "https://charts.example.com/a/index.yaml?branch=main",
}


@pytest.mark.parametrize("url", INDEXES)
def test_an_index_is_below_the_address_of_its_repository(url: str) -> None:
    """As Helm has it, a query stays behind the path."""
    address = parse_address(url, "api")

    assert address == HttpChart(url, "api")
    assert isinstance(address, HttpChart)
    assert address.index_url == INDEXES[url]


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("https://charts.example.com/a", ("charts.example.com", "charts.example.com:443")),
        ("https://Charts.Example.com:443", ("charts.example.com", "charts.example.com:443")),
        ("http://charts.example.com:80", ("charts.example.com", "charts.example.com:80")),
        ("https://charts.example.com:80", ("charts.example.com:80",)),
        ("http://charts.example.com:8080/a", ("charts.example.com:8080",)),
        ("https://[2001:db8::1]", ("[2001:db8::1]", "[2001:db8::1]:443")),
    ],
)
def test_the_port_of_the_scheme_may_be_left_out(url: str, hosts: tuple[str, ...]) -> None:
    """No other port is ever the same host."""
    assert HttpChart(url, "api").hosts == hosts


def test_a_chart_in_a_registry_is_named_by_its_path() -> None:
    """What is left is host and repository."""
    assert parse_address("oci://registry.example.com/charts/api") == OciChart(
        "registry.example.com/charts/api"
    )


@pytest.mark.parametrize(
    ("url", "name", "problem"),
    [
        ("oci://registry.example.com/charts/api", "api", "must name the chart by its path"),
        ("oci://registry.example.com", None, "must name the chart by its path"),
        ("https://charts.example.com", None, "set name"),
        ("charts.example.com", "api", "is no address of charts"),
        ("file:///charts", "api", "is no address of charts"),
    ],
)
def test_what_is_no_address_says_how_one_is_written(url: str, name: str | None, problem: str) -> None:
    """Before anything is asked."""
    with pytest.raises(InvalidChartUrl, match=problem):
        parse_address(url, name)
