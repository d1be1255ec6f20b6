from __future__ import annotations

import pytest
from pydantic import ValidationError

from slipway.api.registry import Registry, RegistrySpec


def test_a_url_is_enough() -> None:
    """Everything else has a default, and it is the one of the CRD."""
    spec = Registry.model_validate(
        {"metadata": {"name": "acme"}, "spec": {"url": "https://r.example.com"}}
    ).spec
    assert (spec.type, spec.interval, spec.timeout, spec.tls.verify) == ("Generic", "10m", "30s", "Full")
    assert (spec.project, spec.secret_ref, spec.cert_secret_ref, spec.suspend) == (None, None, None, False)


@pytest.mark.parametrize(
    "url", ["https://r.example.com", "http://127.0.0.1:5000", "https://[::1]:5000/", "https://R.example.com"]
)
def test_urls_have_scheme_host_and_port(url: str) -> None:
    """Names, addresses and a closing slash are fine."""
    assert RegistrySpec(url=url).url == url


@pytest.mark.parametrize(
    "url",
    [
        "r.example.com",
        "ftp://r.example.com",
        "file:///etc/passwd",
        "gopher://r.example.com",
        "unix:///run/registry.sock",
        "https://r.example.com\r\nX-Evil: 1",
        "https://r.example.com@evil.example",
        "https://u:p@r.example.com",
        "https://r.example.com/v2",
        "https://r.example.com?x=y",
        "https://",
        "https://r.example.com:port",
    ],
)
def test_other_urls_are_refused(url: str) -> None:
    """Abuse 19, 20: other schemes, passwords, paths and queries have no place in an address."""
    with pytest.raises(ValidationError, match="url"):
        RegistrySpec(url=url)
