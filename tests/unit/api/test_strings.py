from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from slipway.api import strings

SHA256 = "sha256:" + "0123456789abcdef" * 4


def accepts(kind: Any, value: object) -> bool:
    """Whether the model takes the value; the API server goes by the same pattern."""
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    "text",
    [
        "registry.example.com/shop/api",
        "127.0.0.1:5000/base",
        "[::1]:5000/base/runtime",
        "localhost/api",
        "python",
        "library/python",
        "Registry.Example.COM/shop/api",
        "r.example.com/a__b/c-d/e.f",
    ],
)
def test_repositories_follow_the_reference_grammar(text: str) -> None:
    """Hosts with ports, addresses and names without a host are repositories."""
    assert accepts(strings.Repository, text)
    assert accepts(strings.ImageReference, f"{text}:1.4.0@{SHA256}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://registry.example.com/shop/api",
        "registry.example.com/Shop/API",
        "registry.example.com/shop/api:1.4.0",
        f"registry.example.com/shop/api@{SHA256}",
        "registry.example.com/",
        "/shop/api",
        "registry.example.com//api",
        "user@registry.example.com/shop/api",
        "registry.example.com/a..b",
        "registry.example.com/api\n",
        "r.example.com/" + "a" * 255,
    ],
)
def test_what_is_no_repository_is_refused(text: str) -> None:
    """Schemes, tags, digests, capitals in the path and user names do not belong into a repository."""
    assert not accepts(strings.Repository, text)


@pytest.mark.parametrize(
    ("text", "good"), [("1.4.0", True), ("_x", True), ("a" * 128, True), ("a" * 129, False)]
)
def test_tags_have_at_most_128_characters(text: str, good: bool) -> None:
    """The limit is that of the OCI distribution specification."""
    assert accepts(strings.Tag, text) is good


@pytest.mark.parametrize("text", ["", ".a", "-a", "a/b", "a:b", "a b"])
def test_what_is_no_tag_is_refused(text: str) -> None:
    """A tag begins with a letter, a digit or an underscore, and has no separators."""
    assert not accepts(strings.Tag, text)


@pytest.mark.parametrize(
    "text", ["sha256:abc", "sha256:" + "A" * 64, "0" * 64, SHA256 + "0", "md5:" + "0" * 32]
)
def test_a_digest_is_whole_or_refused(text: str) -> None:
    """Short digests and capitals are not digests of a registry."""
    assert accepts(strings.Digest, SHA256)
    assert not accepts(strings.Digest, text)


@pytest.mark.parametrize(
    ("text", "good"), [("acme-registry", True), ("a.b", True), ("Acme", False), ("a_b", False), ("a.", False)]
)
def test_names_are_those_of_objects(text: str, good: bool) -> None:
    """A reference is a DNS subdomain, as metadata.name is."""
    assert accepts(strings.Name, text) is good


def test_times_are_written_in_utc_with_whole_seconds() -> None:
    """Whatever the zone of a moment, a status has one way to write it."""
    adapter = TypeAdapter[datetime](strings.Time)
    moment = datetime(2026, 11, 21, 10, 0, 0, 999, tzinfo=timezone(timedelta(hours=1)))
    assert adapter.dump_python(moment, mode="json") == "2026-11-21T09:00:00Z"
    assert adapter.validate_python("2026-11-21T09:00:00Z") == datetime(2026, 11, 21, 9, tzinfo=UTC)


def test_a_time_without_a_zone_is_refused() -> None:
    """Nobody can say what moment it means."""
    assert not accepts(strings.Time, "2026-11-21T09:00:00")


def test_long_explanations_are_cut_and_short_ones_kept() -> None:
    """A host that answers with a novel does not make the status unwritable."""
    adapter = TypeAdapter[str](strings.StatusText)
    cut = adapter.validate_python("x" * 1000)
    assert len(cut) == 256
    assert cut.endswith("…")
    assert adapter.validate_python("x" * 256) == "x" * 256


@pytest.mark.parametrize("text", ["two words", "", "1st", "with-dash"])
def test_words_of_a_status_are_words(text: str) -> None:
    """Programs compare them, so they are CamelCase words; which ones is open."""
    assert accepts(strings.Word, "SomethingNew")
    assert not accepts(strings.Word, text)
