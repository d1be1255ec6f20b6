from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.kinds.warehouse.filters import InvalidPattern, TagFilter, is_signature_tag

HEX = "0123456789abcdef" * 4


@pytest.mark.parametrize("suffix", ["", ".sig", ".att", ".sbom"])
def test_signature_tags_are_always_dropped(suffix: str) -> None:
    """They name digests, and a signed repository has as many of them as images."""
    tag = f"sha256-{HEX}{suffix}"

    assert is_signature_tag(tag)
    assert TagFilter.of([".*"], []).sift([tag, "1.0.0"]).passed == ["1.0.0"]
    assert TagFilter.of([".*"], []).sift([tag, "1.0.0"]).signatures == 1


@pytest.mark.parametrize("tag", ["sha256-abc", f"sha256-{HEX}0", f"sha256-{HEX}.txt", f"x-sha256-{HEX}"])
def test_what_only_looks_like_a_signature_stays(tag: str) -> None:
    """A person may name a tag so."""
    assert not is_signature_tag(tag)


def test_patterns_match_whole_tags() -> None:
    """`1` includes the tag 1 and not 1.4.0; `-rc` excludes nothing, `.*-rc.*` does."""
    tags = ["1", "1.4.0", "1.4.0-rc.1"]

    assert TagFilter.of(["1"], []).sift(tags).passed == ["1"]
    assert TagFilter.of([], ["-rc"]).sift(tags).passed == tags
    assert TagFilter.of([], [".*-rc.*"]).sift(tags).passed == ["1", "1.4.0"]


def test_any_include_pattern_suffices_and_any_exclude_pattern_refuses() -> None:
    """Patterns of one list are alternatives, and exclude wins."""
    sifted = TagFilter.of(["1.*", "2.*"], ["2.1.*", ".*-rc"]).sift(["1.0", "2.0", "2.1.0", "3.0", "1.1-rc"])

    assert sifted.passed == ["1.0", "2.0"]
    assert sifted.not_matching == 3


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("(", "missing )"),
        ("(?=a)", "invalid perl operator"),
        (r"(a)\1", "invalid escape sequence"),
        ("a{9999}", "invalid repetition size"),
    ],
)
def test_a_pattern_that_re2_refuses_is_named_with_the_error(pattern: str, problem: str) -> None:
    """What backtracking engines allow and RE2 does not, is refused as plainly as a typing error."""
    with pytest.raises(InvalidPattern, match="is not valid RE2") as refused:
        TagFilter.of([pattern], [])

    assert repr(pattern) in str(refused.value)
    assert problem in str(refused.value)


def test_a_hostile_pattern_runs_in_linear_time() -> None:
    """Abuse 32: the classic catastrophic pattern is an ordinary one for RE2."""
    assert TagFilter.of(["(a+)+b"], []).sift(["a" * 128]).passed == []


HOSTILE = [
    "$(id)",
    "--flag",
    "../up",
    "1.0\n2.0",
    "\x1b[31m1.0",
    "\u202e0.1",
    "a" * 129,
    "",
    "1 0",
    "1.0+b",
    "é",
]


def test_hostile_tags_never_pass() -> None:
    """Abuse 34: what is no tag by the specification is counted, and used for nothing."""
    sifted = TagFilter.of(["(?s).*"], []).sift([*HOSTILE, "1.0"])

    assert sifted.passed == ["1.0"]
    assert sifted.invalid == len(HOSTILE)
    assert sifted.rejected == {"InvalidTag": len(HOSTILE)}
    assert all(TagFilter.of([], []).text(tag) is None for tag in HOSTILE)


OBJECTIONS = {
    f"sha256-{HEX}.sig": ("Signature", "signatures"),
    "--flag": ("InvalidTag", "no tag that a registry can have"),
    "2.0": ("NotMatching", "matches none of the include patterns: `1.*`, `v1.*`"),
    "1.0-rc": ("NotMatching", "matches the exclude pattern `.*-rc`"),
    "1": ("NotMatching", "gives no text"),
}


@pytest.mark.parametrize("tag", OBJECTIONS)
def test_an_objection_names_the_pattern_that_is_to_blame(tag: str) -> None:
    """So that a person knows which line to change."""
    objection = TagFilter.of(["1(.*)", "v1(.*)"], [".*-rc"], "$1").objection(tag)
    reason, words = OBJECTIONS[tag]

    assert objection is not None
    assert objection.rejection == reason
    assert words.replace(".*`", "(.*)`", 2 if "none" in words else 0) in objection.words


tags = st.text(alphabet="av1.-", min_size=1, max_size=6)


@given(st.lists(tags, max_size=20))
@settings(max_examples=40)
def test_sifting_many_is_asking_one_by_one(listed: list[str]) -> None:
    """The same tags pass, with the same texts, and each of the others is counted once."""
    tag_filter = TagFilter.of(["v(.*)", "1.*(a?)"], [".*-", "a"], "$1")
    sifted = tag_filter.sift(listed)

    assert sifted.passed == [tag for tag in listed if tag_filter.objection(tag) is None]
    assert sifted.texts == [tag_filter.text(tag) for tag in sifted.passed]
    assert len(sifted.passed) + sum(sifted.rejected.values()) == len(listed)
