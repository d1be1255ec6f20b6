from __future__ import annotations

from typing import Any

import pytest

from slipway.build.rebase.image import HistoryEntry, same_platform
from slipway.oci.platform import Platform


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"architecture": "arm64"}, {"architecture": "arm64", "variant": "v8"}, True),
        ({"architecture": "x86_64"}, {"architecture": "amd64"}, True),
        ({"architecture": "arm", "variant": "v6"}, {"architecture": "arm", "variant": "v7"}, False),
        (
            {"architecture": "amd64", "os.version": "10.0.1"},
            {"architecture": "amd64", "os.version": "10.0.2"},
            False,
        ),
        ({"architecture": "amd64", "os.version": ""}, {"architecture": "amd64"}, True),
    ],
)
def test_platforms_are_compared_by_meaning(one: dict[str, Any], other: dict[str, Any], same: bool) -> None:
    """Spellings differ, versions of Windows are platforms of their own, an older ARM is another platform."""
    left, right = (Platform.model_validate({"os": "linux", **document}) for document in (one, other))
    assert same_platform(left, right) is same


def test_history_is_written_as_it_was_read() -> None:
    """Nothing is added, and what is empty is left out."""
    written = {
        "created": "2026-11-01T00:00:00Z",
        "created_by": "ENV A=b",
        "empty_layer": True,
        "comment": "x",
    }
    assert HistoryEntry.from_json(written).to_json() == written
    layered = HistoryEntry.from_json({"created_by": "COPY a b", "empty_layer": False, "author": None})
    assert layered.to_json() == {"created_by": "COPY a b"}
