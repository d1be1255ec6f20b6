"""The second make of registry, asked with plain HTTP; `tests/cluster/oci` knows its answers."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from dev.referrers import ReferrersRegistry
from tests.support.images import push_image


def _json(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=5) as response:
        return json.load(response)


def test_referrers_are_served_unless_they_are_turned_off() -> None:
    """Both kinds of registry can be had."""
    with ReferrersRegistry() as registry:
        digest = push_image(registry.url, "shop/api", "1")
        assert _json(f"{registry.url}/v2/shop/api/referrers/{digest}")["manifests"] == []
    with ReferrersRegistry(referrers=False) as registry:
        push_image(registry.url, "shop/api", "1")
        with pytest.raises(urllib.error.HTTPError, match="404") as caught:
            _json(f"{registry.url}/v2/shop/api/referrers/{digest}")
        caught.value.close()


@pytest.mark.parametrize(
    ("query", "want"), [("", ["a", "b"]), ("?n=1", ["a"]), ("?n=9", ["a", "b"]), ("?n=9&last=b", ["c"])]
)
def test_lists_are_cut_at_what_was_asked_or_set(query: str, want: list[str]) -> None:
    """Whichever is less; a position is kept."""
    with ReferrersRegistry(truncate=2) as registry:
        for tag in "abc":
            push_image(registry.url, "shop/api", tag)

        assert _json(f"{registry.url}/v2/shop/api/tags/list{query}")["tags"] == want


def test_a_stop_empties_it() -> None:
    """The address stays, the images were in memory."""
    with ReferrersRegistry() as registry:
        push_image(registry.url, "shop/api", "1")
        registry.stop()
        registry.start()

        assert _json(f"{registry.url}/v2/_catalog")["repositories"] is None
