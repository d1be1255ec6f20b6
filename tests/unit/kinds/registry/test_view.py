from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from slipway.engine.key import Key
from slipway.kinds.registry.view import RegistryView, host_topic


def body(spec: dict[str, Any], status: dict[str, Any] | None = None) -> dict[str, Any]:
    """A live Registry."""
    metadata = {"name": "acme", "namespace": "shop", "uid": "u1", "resourceVersion": "42", "generation": 3}
    return {"metadata": metadata, "spec": spec, "status": status}


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://registry.example.com", "registry.example.com"),
        ("https://Registry.Example.com/", "registry.example.com"),
        ("https://registry.example.com:443", "registry.example.com"),
        ("https://registry.example.com:5000", "registry.example.com:5000"),
        ("http://127.0.0.1:80", "127.0.0.1"),
        ("http://127.0.0.1:443", "127.0.0.1:443"),
        ("https://[::1]:5000", "[::1]:5000"),
        ("https://registry-1.docker.io", "docker.io"),
        ("https://index.docker.io", "docker.io"),
    ],
)
def test_the_host_is_the_one_that_references_name(url: str, host: str) -> None:
    """Case, a trailing slash, the implied port and the aliases of Docker Hub make no difference."""
    view = RegistryView.from_body(body({"url": url}))

    assert view.host == host
    assert view.topics == (host_topic("shop", host),)


def test_all_that_clients_need_is_in_it() -> None:
    """Names of Secrets, never their content."""
    view = RegistryView.from_body(
        body(
            {
                "url": "https://registry.example.com",
                "project": "shop",
                "secretRef": {"name": "password"},
                "certSecretRef": {"name": "authority"},
                "tls": {"verify": "None"},
                "timeout": "5s",
                "suspend": True,
            },
            {"phase": "Connected", "observedGeneration": 3},
        )
    )

    assert view.key == Key("registries.slipway.dev", "shop", "acme")
    assert (view.uid, view.resource_version, view.generation) == ("u1", 42, 3)
    assert (view.project, view.secret, view.cert_secret) == ("shop", "password", "authority")
    assert (view.verify, view.timeout, view.suspended) == (False, timedelta(seconds=5), True)
    assert (view.owner, view.listens) == (None, ())


def test_what_is_left_out_has_its_default() -> None:
    """A view is made of any body, also of one from before the schema."""
    view = RegistryView.from_body(body({}))

    assert (view.url, view.host, view.project, view.secret, view.verify) == ("", "", "", None, True)
    assert (view.timeout, view.suspended, view.status_hash) == (timedelta(seconds=30), False, b"")


@pytest.mark.parametrize(
    ("phase", "connected"), [(None, None), ("Pending", None), ("Connected", True), ("Error", False)]
)
def test_connected_is_what_the_phase_says(phase: str | None, connected: bool | None) -> None:
    """Before the first test nobody knows."""
    assert RegistryView.from_body(body({}, {"phase": phase} if phase else {})).connected is connected
