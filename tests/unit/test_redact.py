from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.redact import redact

JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"

CLEANED = {
    "user info of a URL goes": ("at https://robot:hunter2@h.io/v2/", "at https://***@h.io/v2/"),
    "a lone user name, too": ("at https://robot@h.io", "at https://***@h.io"),
    "a password of an ssh url, too": ("at ssh://git:hunter2@h.io/a", "at ssh://***@h.io/a"),
    "a token in place of the user": (
        "at ssh://ghp_0123456789abcdefABCD@h.io/a",
        "at ssh://***@h.io/a",
    ),
    "a query goes, for it may be signed": (
        "GET https://cdn.io/b?X-Amz=1&s=2 failed",
        "GET https://cdn.io/b?*** failed",
    ),
    "a query without a name, too": ("https://cdn.io/b?secret", "https://cdn.io/b?***"),
    "the query of a path": ("Location: /v2/a/uploads/1?_state=abc.", "Location: /v2/a/uploads/1?***"),
    "an Authorization header": (
        "Authorization: Basic dXNlcjpwYXNz\r\nHost: h",
        "Authorization: ***\r\nHost: h",
    ),
    "the same as JSON": ('{"Authorization":["Bearer abcDEF"]}', '{"Authorization":["***"]}'),
    "vendors' own headers": ("PRIVATE-TOKEN: abc, X-Api-Key: def", "PRIVATE-TOKEN: ***"),
    "a bearer token in a sentence": ("refused Bearer aB3dE6 twice", "refused Bearer *** twice"),
    "a basic pair in a sentence": ("refused Basic dXNlcjpwYXNz", "refused Basic ***"),
    "a JSON Web Token anywhere": (f"token was {JWT}!", "token was ***!"),
    "a GitHub token": ("got ghp_0123456789abcdefABCD now", "got *** now"),
    "a GitLab token": ("got glpat-0123456789abcdefABCD now", "got *** now"),
    "JSON fields with telling names": ('{"access_token": "abc def"}', '{"access_token": "***"}'),
    "form fields with telling names": ("grant_type=x&password=hunter2&a=b", "grant_type=x&password=***&a=b"),
    "variables with a prefix": (
        "DB_PASSWORD=hunter2 NPM_TOKEN=abc GITHUB_PAT=def SECRET_KEY='g h' MYSQL_PWD=i",
        "DB_PASSWORD=*** NPM_TOKEN=*** GITHUB_PAT=*** SECRET_KEY='*** h' MYSQL_PWD=***",
    ),
    "variables whose prefix is grown on": ("PGPASSWORD=hunter2 failed", "PGPASSWORD=*** failed"),
    "longer names": ("AWS_SECRET_ACCESS_KEY=abc, ok", "AWS_SECRET_ACCESS_KEY=***, ok"),
    "JSON fields with a prefix": ('{"db_password": "a b"}', '{"db_password": "***"}'),
    "options of a command line": (
        "login --username u --password hunter2 --registry-token 'abc' h.io",
        "login --username u --password *** --registry-token '***' h.io",
    ),
    "a private key": ("-----BEGIN EC PRIVATE KEY-----\nabc\n-----END EC PRIVATE KEY-----.", "***."),
    "a private key that was cut": ("-----BEGIN PRIVATE KEY-----\nabc", "***"),
}

UNTOUCHED = [
    "Basic authentication is what registry.example.com wants; check the password in Secret acme",
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"',
    "https://h.io:5000/shop/api@sha256:0123456789abcdef",
    "ssh://git@git.example.com:2222/shop/api.git is where everybody is git",
    "the content of sha256:aaaa has the digest sha256:bbbb",
    "GET /v2/shop/api/tags/list answered 404",
    "sha256:" + "0a" * 32,
    "registry.test/shop/api:1.4.0-2@sha256:" + "0a" * 32,
    "pods with slipway.dev/revision=5f3c9a and pod-template-hash=7b9d4c are not ready, bypass=1",
    "'x' is no argument: write key=value, without blanks",
    "use --password-stdin; the option --token is missing",
    "2026-11-21T09:00:00Z",
]


@pytest.mark.parametrize("case", CLEANED)
def test_secrets_are_removed(case: str) -> None:
    """What the case names does not survive, and the words around it do."""
    given_text, want = CLEANED[case]

    assert redact(given_text) == want


@pytest.mark.parametrize(
    "start",
    [
        *("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        *("glpat-", "gldt-", "glrt-", "glptt-", "glcbt-", "gloas-"),
        *("dckr_pat_", "hf_", "xoxb-", "AKIA", "ASIA"),
    ],
)
def test_tokens_that_vendors_mark_are_removed(start: str) -> None:
    """They are known by how they begin, with no word around them that tells."""
    assert redact(f"got {start}0123456789ABCDEF now") == "got *** now"


@pytest.mark.parametrize("text", UNTOUCHED)
def test_our_own_sentences_stay(text: str) -> None:
    """Words about authentication, references and digests are no secrets."""
    assert redact(text) == text


def test_known_secrets_are_removed_wherever_they_stand() -> None:
    """A password that a server repeats in its own words is taken out, the longest first."""
    assert redact("no user tre5or, tre5or-2!", ["tre5or", "tre5or-2"]) == "no user ***, ***!"


def test_very_short_secrets_do_not_tear_words_apart() -> None:
    """A password of a few letters stays: it would be found in ordinary words."""
    assert redact("a cat sat", ["at"]) == "a cat sat"


@given(st.text(max_size=200))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    """Messages pass the cleaner more than once on their way."""
    once = redact(text)

    assert redact(once) == once


@given(
    st.text(st.characters(codec="ascii", exclude_categories=["C"]), min_size=6, max_size=40),
    st.sampled_from(["Authorization: Basic {}", "got Basic {} from", '{{"Authorization": "Basic {}"}}']),
)
def test_no_basic_credential_survives(password: str, frame: str) -> None:
    """Whatever the password, its encoded form is gone from every frame it is echoed in."""
    encoded = base64.b64encode(f"Robot:{password}".encode()).decode()

    assert encoded not in redact(frame.format(encoded))
