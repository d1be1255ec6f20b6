from __future__ import annotations

from slipway.api.warehouse import HistoryEntry, Warehouse
from slipway.clock import parse_time

BODY = {
    "metadata": {"name": "base"},
    "spec": {
        "subscriptions": [
            {
                "name": "image",
                "type": "Image",
                "image": {
                    "repository": "registry.example.com/base/runtime",
                    "policy": {"type": "Semver", "semver": {"range": "~1.4"}},
                    "tags": {"exclude": ["-rc"]},
                },
            }
        ]
    },
}


def test_a_subscription_and_its_policy_are_enough() -> None:
    """The rest is the default: every five minutes, no pre-releases, all tags but those excluded."""
    spec = Warehouse.model_validate(BODY).spec
    image = spec.subscriptions[0].image
    assert (spec.interval, spec.suspend) == ("5m", False)
    assert image is not None
    assert image.policy.semver is not None
    assert image.policy.semver.prereleases is False
    assert image.tags is not None
    assert (image.tags.include, image.tags.exclude) == ((), ("-rc",))


def test_history_says_from_what_to_what() -> None:
    """The first entry of a subscription has no `from`, and the Python keyword stays out of the way."""
    entry = HistoryEntry(name="image", to="1.4.1", at=parse_time("2026-11-21T09:00:00Z"), cause="Poll")
    later = entry.model_copy(update={"from_": "1.4.0"})
    assert "from" not in entry.model_dump(by_alias=True, exclude_none=True)
    assert later.model_dump(by_alias=True)["from"] == "1.4.0"
    assert HistoryEntry.model_validate(later.model_dump(by_alias=True)) == later
