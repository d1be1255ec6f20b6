from __future__ import annotations

import time

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


def test_a_shortlist_is_as_long_as_asked_for() -> None:
    """What is told as candidates is cut at ten; what is examined may be more."""
    tags = [f"1.0.{patch}" for patch in range(40)]
    shortlist = selector().shortlist(tags, limit=30)

    assert len(shortlist.ranking.places) == 30
    assert len(shortlist.choice().candidates) == 10
    assert shortlist.choice({"1.0.39": "TooYoung"}).tag == "1.0.38"
    assert shortlist.choice({"1.0.39": "TooYoung"}).rejected == {"TooYoung": 1}


def test_a_place_can_be_asked_for_a_tag_that_is_gone() -> None:
    """It is compared with what is left."""
    gone, left = selector().place("1.5.0"), selector().place("1.4.0")

    assert gone is not None
    assert left is not None
    assert left < gone
    assert selector().place("2.0.0") is None
    assert selector(tags={"exclude": ["1.5.*"]}).place("1.5.0") is None


def test_twenty_thousand_tags_are_chosen_from_in_milliseconds() -> None:
    """All in: signatures, three patterns and a range. The bench holds it to 150 ms; here others run too."""
    tags = [f"v{n % 40}.{n // 40 % 60}.{n % 97}{'-rc.1' if n % 5 else ''}" for n in range(20_000)]
    chooser = selector(tags={"include": ["v.*"], "exclude": [".*-beta.*", ".*-arm"]})
    taken = []
    for _ in range(3):
        started = time.process_time()
        chooser.choose(tags)
        taken.append(time.process_time() - started)

    assert min(taken) < 0.45
