"""Secrets of builders: which may be sent where, and what must be in them."""

from __future__ import annotations

import pytest

from slipway.api.conditions import Reason
from slipway.build.builders.credentials import BuilderSecret
from slipway.build.builders.errors import SecretNotBound, SecretUnusable
from slipway.oci.credentials import Secret

URL = "https://git.example.com/api/v3"
TOKEN = "fake-token-of-a-test"


def secret(
    *, kind: str = "Opaque", hosts: str = "git.example.com", data: dict[str, bytes] | None = None
) -> Secret:
    content = {"token": TOKEN.encode()} if data is None else data
    return Secret("ci", kind, content, {"slipway.dev/allowed-hosts": hosts})


@pytest.mark.parametrize(
    ("hosts", "url"),
    [
        ("git.example.com", URL),
        ("other.example.com, git.example.com", URL),
        ("*.example.com", URL),
        ("GIT.example.com", "https://Git.Example.com"),
        ("git.example.com:8443", "https://git.example.com:8443/x"),
        ("git.example.com", "https://git.example.com:443/x"),
    ],
)
def test_a_secret_may_be_sent_to_the_hosts_that_it_names(hosts: str, url: str) -> None:
    """Whatever lies behind the host."""
    assert BuilderSecret(secret(hosts=hosts), url).token("token") == TOKEN


@pytest.mark.parametrize(
    ("hosts", "url"),
    [
        ("", URL),
        ("other.example.com", URL),
        ("example.com", URL),
        ("git.example.com", "https://git.example.com:8443"),
        ("git.example.com:8443", URL),
        ("git.example.com", "https://git.example.com.evil.example"),
    ],
)
def test_a_secret_is_sent_nowhere_else(hosts: str, url: str) -> None:
    """And the message says how it would be."""
    with pytest.raises(
        SecretNotBound, match=r"annotate it with slipway\.dev/allowed-hosts: git\.example\.com"
    ) as no:
        BuilderSecret(secret(hosts=hosts), url)
    assert no.value.reason == Reason.CREDENTIAL_NOT_BOUND


@pytest.mark.parametrize(
    "kind",
    [
        "kubernetes.io/service-account-token",
        "helm.sh/release.v1",
        "kubernetes.io/basic-auth",
        "example.com/x",
    ],
)
def test_secrets_of_other_types_are_refused(kind: str) -> None:
    """They were made for something else."""
    with pytest.raises(SecretUnusable, match="use one of type Opaque"):
        BuilderSecret(secret(kind=kind), URL)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"token": b""},
        {"token": b" \n"},
        {"token": b"two words"},
        {"token": b"\xff"},
        {"token": "tökén".encode()},
    ],
    ids=["missing", "empty", "blank", "two words", "bytes", "letters that no header takes"],
)
def test_what_is_no_token_is_refused(data: dict[str, bytes]) -> None:
    """With the key, and without the content."""
    with pytest.raises(SecretUnusable, match="`token`") as no:
        BuilderSecret(secret(data=data), URL).token("token")
    assert "words" not in str(no.value)


def test_a_line_break_at_the_end_of_a_token_is_no_part_of_it() -> None:
    """Files end with one."""
    assert BuilderSecret(secret(data={"token": b"abc\n"}), URL).token("token") == "abc"


def test_a_token_may_be_left_out_where_there_is_another() -> None:
    """Of GitLab's two tokens one is enough."""
    assert BuilderSecret(secret(), URL).optional_token("triggerToken") is None


def test_a_shared_secret_is_any_text() -> None:
    """Both sides take it as it is."""
    opened = BuilderSecret(secret(data={"secret": b"any words at all"}), URL)
    assert opened.shared("secret") == "any words at all"
    with pytest.raises(SecretUnusable, match="lacks the key `other`"):
        opened.shared("other")


def test_another_content_is_another_identity() -> None:
    """By which a server's limits are told apart."""
    first, again = BuilderSecret(secret(), URL), BuilderSecret(secret(), URL)
    assert first.identity == again.identity
    assert first.identity != BuilderSecret(secret(data={"token": b"new"}), URL).identity
