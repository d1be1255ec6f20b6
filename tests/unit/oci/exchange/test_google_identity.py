from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.oci.errors import CredentialInvalid
from slipway.oci.exchange.google_identity import FederatedAccount, ServiceAccountKey, parse_google_identity

KEY = {
    "type": "service_account",
    "project_id": "shop",
    "private_key_id": "k1",
    "private_key": "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n",
    "client_email": "slipway@shop.iam.gserviceaccount.com",
    "client_id": "1",
    "auth_uri": "https://accounts.google.com/o/oauth2/auth",
    "token_uri": "https://oauth2.googleapis.com/token",
    "universe_domain": "googleapis.com",
}
AUDIENCE = "//iam.googleapis.com/projects/42/locations/global/workloadIdentityPools/pool/providers/cluster"
IMPERSONATION = (
    "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
    "slipway@shop.iam.gserviceaccount.com:generateAccessToken"
)
FEDERATION = {
    "type": "external_account",
    "universe_domain": "googleapis.com",
    "audience": AUDIENCE,
    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
    "token_url": "https://sts.googleapis.com/v1/token",
    "credential_source": {"file": "/var/run/service-account/token", "format": {"type": "text"}},
}


def _parsed(fields: Any, **changes: Any) -> ServiceAccountKey | FederatedAccount:
    return parse_google_identity(json.dumps({**fields, **changes}).encode(), "key.json in Secret gar")


def test_the_key_of_a_service_account_is_read() -> None:
    """As Google writes it."""
    key = _parsed(KEY)

    assert isinstance(key, ServiceAccountKey)
    assert (key.email, key.key_id) == ("slipway@shop.iam.gserviceaccount.com", "k1")
    assert "hunter2" in key.private_key
    assert "hunter2" not in repr(key)


@pytest.mark.parametrize(
    "uri", ["https://oauth2.googleapis.com/token", "https://accounts.google.com/o/oauth2/token"]
)
def test_keys_of_all_ages_are_read(uri: str) -> None:
    """Old ones name another URL of Google's."""
    assert isinstance(_parsed(KEY, token_uri=uri), ServiceAccountKey)


def test_a_configuration_of_federation_is_read() -> None:
    """With and without a service account, from a text and from JSON."""
    token_file = "/var/run/service-account/token"
    token_type = "urn:ietf:params:oauth:token-type:jwt"

    assert _parsed(FEDERATION) == FederatedAccount(AUDIENCE, token_type, token_file)
    assert _parsed(
        FEDERATION,
        service_account_impersonation_url=IMPERSONATION,
        credential_source={
            "file": token_file,
            "format": {"type": "json", "subject_token_field_name": "access_token"},
        },
    ) == FederatedAccount(
        AUDIENCE, token_type, token_file, "access_token", "slipway@shop.iam.gserviceaccount.com"
    )


@pytest.mark.parametrize(
    ("fields", "changes", "named"),
    [
        (KEY, {"token_uri": "https://evil.example/token"}, "token_uri"),
        (KEY, {"token_uri": "http://oauth2.googleapis.com/token"}, "token_uri"),
        (KEY, {"token_uri": "https://oauth2.googleapis.com.evil.example/token"}, "token_uri"),
        (KEY, {"token_uri": ["https://oauth2.googleapis.com/token"]}, "token_uri"),
        (KEY, {"universe_domain": "evil.example"}, "universe_domain"),
        (FEDERATION, {"universe_domain": "evil.example"}, "universe_domain"),
        (FEDERATION, {"token_url": "https://evil.example/v1/token"}, "token_url"),
        (FEDERATION, {"token_url": None}, "token_url"),
        (FEDERATION, {"audience": "//evil.example/projects/1"}, "audience"),
        (FEDERATION, {"audience": AUDIENCE + "\n"}, "audience"),
        (
            FEDERATION,
            {"service_account_impersonation_url": IMPERSONATION.replace("googleapis.com", "evil.example")},
            "service_account_impersonation_url",
        ),
        (
            FEDERATION,
            {"service_account_impersonation_url": IMPERSONATION.replace("slipway@", "../x?a=")},
            "service_account_impersonation_url",
        ),
    ],
    ids=lambda value: json.dumps(value)[:90] if isinstance(value, dict) and len(value) < 3 else "",
)
def test_a_url_that_is_not_googles_own_is_refused(
    fields: dict[str, Any], changes: dict[str, Any], named: str
) -> None:
    """Whoever put it there would get the token."""
    with pytest.raises(CredentialInvalid, match=f"has a {named} that is not Google's own"):
        _parsed(fields, **changes)


@pytest.mark.parametrize(
    "source",
    [
        {"url": "http://169.254.169.254/token"},
        {"file": "/token", "url": "http://169.254.169.254/token"},
        {"executable": {"command": "/bin/sh -c id"}},
        {"environment_id": "aws1", "regional_cred_verification_url": "https://sts.amazonaws.com"},
        {"certificate": {"use_default_certificate_config": True}},
        {"file": ""},
        {"file": 3},
        None,
        "file",
        ["file"],
    ],
    ids=repr,
)
def test_a_token_comes_from_a_file_or_not_at_all(source: Any) -> None:
    """No command is run, and no URL is asked, because a file says so."""
    with pytest.raises(CredentialInvalid, match="credential-source-file"):
        _parsed(FEDERATION, credential_source=source)


@pytest.mark.parametrize("missing", ["client_email", "private_key_id", "private_key"])
def test_a_key_that_is_not_whole_is_refused(missing: str) -> None:
    """The error names what there must be."""
    with pytest.raises(CredentialInvalid, match=missing):
        _parsed(KEY, **{missing: None})


@pytest.mark.parametrize(
    "kind", ["authorized_user", "impersonated_service_account", "gdch_service_account", None]
)
def test_credentials_of_other_kinds_are_refused(kind: str | None) -> None:
    """A person's own is none for an operator."""
    with pytest.raises(CredentialInvalid, match=r"key\.json in Secret gar is neither"):
        _parsed(KEY, type=kind)


@settings(max_examples=25, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=60),
        st.dictionaries(
            st.sampled_from(sorted({*KEY, *FEDERATION})), st.one_of(st.none(), st.text(), st.integers())
        )
        .map(lambda fields: {"type": "external_account", **fields})
        .map(lambda fields: json.dumps(fields).encode()),
    )
)
def test_whatever_it_says_it_is_read_or_refused(document: bytes) -> None:
    """Nothing else comes out."""
    with contextlib.suppress(CredentialInvalid):
        parse_google_identity(document, "it")
