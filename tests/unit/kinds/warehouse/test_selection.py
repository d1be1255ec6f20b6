from __future__ import annotations

from slipway.api.warehouse import ImageSubscription
from slipway.kinds.warehouse.selection import Selector

SIGNATURE = "sha256-" + "0" * 64 + ".sig"


def selector(**image: object) -> Selector:
    """The selector of a subscription to the highest version below 2."""
    policy = {"type": "Semver", "semver": {"range": "<2"}}
    return Selector.of(
        ImageSubscription.model_validate({"repository": "r.example.com/a", "policy": policy, **image})
    )


def test_every_tag_is_accounted_for() -> None:
    """Signatures first, then the patterns, then the policy: each tag falls for one reason."""
    tags = [SIGNATURE, "1.0.0", "1.1.0", "1.1.0-rc.1", "2.0.0", "latest", "1.2.0-slim"]
    choice = selector(tags={"exclude": [".*-slim"]}).choose(tags)

    assert choice.tag == "1.1.0"
    assert choice.candidates == ("1.1.0", "1.0.0")
    assert choice.rejected == {
        "Signature": 1,
        "NotMatching": 1,
        "PreRelease": 1,
        "OutOfRange": 1,
        "NotSemver": 1,
    }
    assert choice.tags == 7


def test_reasons_that_did_not_occur_are_left_out() -> None:
    """What is zero is not worth a line."""
    assert selector().choose(["1.0.0"]).rejected == {}
    assert selector().choose([]).tag is None


def test_the_account_names_the_most_frequent_reason_first() -> None:
    """For the sentence that says why nothing was chosen."""
    assert selector().choose(["2.0.0", "3.0.0", "latest"]).account == "2 OutOfRange, 1 NotSemver"
