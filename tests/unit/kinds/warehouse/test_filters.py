from __future__ import annotations

import pytest

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
    """The classic catastrophic pattern is an ordinary one for RE2."""
    assert TagFilter.of(["(a+)+b"], []).sift(["a" * 128]).passed == []
