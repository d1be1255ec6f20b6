"""What Google knows us by: the key of a service account, or a configuration of workload identity federation.

Both are JSON files that Google writes and everybody hands around, and both name URLs. Whoever may edit one
could have tokens sent to a host of their own, so nothing but Google's own hosts is accepted in them
(https://cloud.google.com/docs/authentication/external/externally-sourced-credentials). For the same reason,
a configuration that has a command run, a metadata server asked, or a URL called for the token is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic_core import from_json

from slipway.oci.errors import CredentialInvalid

__all__ = ["FederatedAccount", "GoogleIdentity", "ServiceAccountKey", "parse_google_identity"]

_UNIVERSE: Final = "googleapis.com"
_TOKEN_URL: Final = "https://oauth2.googleapis.com/token"  # noqa: S105
_OLD_TOKEN_URL: Final = "https://accounts.google.com/o/oauth2/token"  # noqa: S105 - in keys of some age
_STS_URL: Final = "https://sts.googleapis.com/v1/token"
_AUDIENCE: Final = re.compile(
    r"//iam\.googleapis\.com/projects/[0-9]+/locations/global/workloadIdentityPools/[a-z0-9-]+/providers/[a-z0-9-]+"
)
_IMPERSONATION: Final = re.compile(
    r"https://iamcredentials\.googleapis\.com/v1/projects/-/serviceAccounts/"
    r"(?P<account>[a-z0-9.@-]{6,254}):generateAccessToken"
)


@dataclass(frozen=True, slots=True)
class ServiceAccountKey:
    """A service account with a private key (https://cloud.google.com/iam/docs/keys-create-delete)."""

    email: str
    key_id: str
    private_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class FederatedAccount:
    """An identity of our pod that a workload identity pool accepts (https://google.aip.dev/auth/4117)."""

    audience: str
    token_type: str
    token_file: str
    token_field: str = ""
    """The field of the JSON in the file that has the token; empty when the file is the token."""

    impersonates: str = ""
    """The service account that is taken on; empty when the identity itself has the rights."""


GoogleIdentity = ServiceAccountKey | FederatedAccount


def parse_google_identity(document: bytes, source: str) -> GoogleIdentity:
    """What the file says.

    Args:
        document: JSON.
        source: Where it came from, for the words of errors.

    Raises:
        CredentialInvalid: when it is neither, or names hosts or ways that are refused.
    """
    try:
        fields = from_json(document)
    except ValueError:
        fields = None
    kind = fields.get("type") if isinstance(fields, dict) else None
    if kind == "service_account":
        return _service_account(fields, source)
    if kind == "external_account":
        return _external_account(fields, source)
    msg = f"{source} is neither a service account's key nor a configuration of workload identity federation"
    raise CredentialInvalid(msg)


def _service_account(fields: dict[str, Any], source: str) -> ServiceAccountKey:
    _require_google(fields, source)
    _require(fields.get("token_uri", _TOKEN_URL) in (_TOKEN_URL, _OLD_TOKEN_URL), source, "token_uri")
    email, key_id, key = (fields.get(name) for name in ("client_email", "private_key_id", "private_key"))
    if not all(isinstance(value, str) and value for value in (email, key_id, key)):
        msg = f"{source} lacks client_email, private_key_id or private_key: make a new key"
        raise CredentialInvalid(msg)
    return ServiceAccountKey(str(email), str(key_id), str(key))


def _external_account(fields: dict[str, Any], source: str) -> FederatedAccount:
    _require_google(fields, source)
    _require(fields.get("token_url") == _STS_URL, source, "token_url")
    audience = str(fields.get("audience") or "")
    _require(_AUDIENCE.fullmatch(audience) is not None, source, "audience")
    impersonation = str(fields.get("service_account_impersonation_url") or "")
    account = _IMPERSONATION.fullmatch(impersonation)
    _require(not impersonation or account is not None, source, "service_account_impersonation_url")
    file, token_field = _token_source(fields.get("credential_source"), source)
    token_type = str(fields.get("subject_token_type") or "")
    return FederatedAccount(audience, token_type, file, token_field, account["account"] if account else "")


def _token_source(described: Any, source: str) -> tuple[str, str]:
    """The file that has the token, and the field in it."""
    file = described.get("file") if isinstance(described, dict) else None
    others = {"url", "executable", "environment_id", "certificate"} & set(described or {})
    if not isinstance(file, str) or not file or others:
        msg = (
            f"{source} takes its token from elsewhere than a file: make the configuration with"
            " --credential-source-file, and mount a projected service account token"
        )
        raise CredentialInvalid(msg)
    form = described.get("format")
    if not isinstance(form, dict) or form.get("type", "text") == "text":
        return file, ""
    return file, str(form.get("subject_token_field_name") or "")


def _require_google(fields: dict[str, Any], source: str) -> None:
    _require(fields.get("universe_domain", _UNIVERSE) == _UNIVERSE, source, "universe_domain")


def _require(holds: bool, source: str, name: str) -> None:
    if not holds:
        msg = f"{source} has a {name} that is not Google's own, and is refused: get the file from Google anew"
        raise CredentialInvalid(msg)
