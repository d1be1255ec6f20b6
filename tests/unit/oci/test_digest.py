from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.oci.digest import Verifier, digest_of, is_digest, require_digest
from slipway.oci.errors import DigestMismatch, InvalidReference


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("sha256:" + "a" * 64, True),
        ("sha512:" + "0" * 128, True),
        ("sha384:" + "9" * 96, True),
        ("sha256:" + "a" * 63, False),
        ("sha256:" + "A" * 64, False),
        ("sha256:" + "g" * 64, False),
        ("sha256:" + "a" * 64 + "\n", False),
        ("md5:" + "a" * 32, False),
        ("sha256:", False),
        ("", False),
    ],
)
def test_only_canonical_digests_are_digests(text: str, want: bool) -> None:
    """Registered algorithms with as many lower-case digits as they have."""
    assert is_digest(text) == want


def test_what_is_no_digest_is_refused_with_an_example() -> None:
    """The message shows what was given and how a digest looks."""
    with pytest.raises(InvalidReference, match="sha256:<64 hexadecimal digits>"):
        require_digest("latest")


@given(st.lists(st.binary(max_size=50), max_size=8), st.sampled_from(["sha256", "sha384", "sha512"]))
def test_content_is_verified_however_it_is_cut(pieces: list[bytes], algorithm: str) -> None:
    """The same bytes in any pieces pass, in every algorithm."""
    whole = b"".join(pieces)
    verifier = Verifier(digest_of(whole, algorithm), len(whole))

    for piece in pieces:
        verifier.update(piece)
    verifier.finish()

    assert digest_of(whole, algorithm) == f"{algorithm}:{hashlib.new(algorithm, whole).hexdigest()}"


@given(st.binary(min_size=1, max_size=50), st.binary(max_size=50))
def test_other_content_is_found_out(right: bytes, other: bytes) -> None:
    """Content that is not what the digest names fails, with or without a size."""
    for size in (len(right), None):
        verifier = Verifier(digest_of(right), size)
        if other == right:
            continue
        with pytest.raises(DigestMismatch):
            _feed(verifier, other)


def _feed(verifier: Verifier, content: bytes) -> None:
    verifier.update(content)
    verifier.finish()


def test_too_many_bytes_are_noticed_at_once() -> None:
    """An endless body is not read to an end that never comes."""
    verifier = Verifier(digest_of(b"ab"), 2)

    with pytest.raises(DigestMismatch, match="more than the 2 bytes"):
        verifier.update(b"abc")


def test_too_few_bytes_are_named() -> None:
    """A short body says how short it was."""
    verifier = Verifier(digest_of(b"ab"), 2)
    verifier.update(b"a")

    with pytest.raises(DigestMismatch, match="1 bytes"):
        verifier.finish()
