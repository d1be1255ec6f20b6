"""What refusals of Amazon's APIs mean: by their code, for the status is 400 for nearly all of them.

Codes: "Common error types", https://docs.aws.amazon.com/AmazonECR/latest/APIReference/CommonErrors.html,
and the Errors section of each action.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from slipway.egress import Origin, Response
from slipway.http import origin_of
from slipway.oci.errors import (
    AccessDenied,
    AuthenticationFailed,
    InvalidResponse,
    RateLimited,
    RegistryError,
    RegistryFailing,
    RepositoryNotFound,
)
from slipway.oci.exchange.calls import json_object, words
from slipway.oci.waits import retry_after

__all__ = ["AwsRefusal", "aws_error", "read_json_refusal", "read_xml_refusal", "xml_text"]

_KEYS: Final = "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the Secret"
_ENDED: Final = (
    "put new keys into the Secret, or the keys of a user, which have no AWS_SESSION_TOKEN and no end"
)
_ROLE: Final = (
    "let the trust policy of the role that AWS_ROLE_ARN names accept the operator's service account"
)
_STALE: Final = "restart the operator if the token in its pod is not renewed"
_IDENTITY: Final = "check the identity provider of the cluster in IAM, and the audience sts.amazonaws.com"
_ERRORS: Final[tuple[tuple[type[RegistryError], str, frozenset[str]], ...]] = (
    (
        AuthenticationFailed,
        _KEYS,
        frozenset(
            {
                "UnrecognizedClientException",
                "InvalidClientTokenId",
                "InvalidSignatureException",
                "SignatureDoesNotMatch",
                "IncompleteSignature",
                "IncompleteSignatureException",
                "MissingAuthenticationToken",
                "MissingAuthenticationTokenException",
            }
        ),
    ),
    (AuthenticationFailed, _ENDED, frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})),
    (AuthenticationFailed, _IDENTITY, frozenset({"InvalidIdentityToken", "InvalidIdentityTokenException"})),
    (AuthenticationFailed, _ROLE, frozenset({"IDPRejectedClaim", "IDPRejectedClaimException"})),
    (
        RepositoryNotFound,
        "push an image to it, or correct the name",
        frozenset({"RepositoryNotFoundException"}),
    ),
    (
        RateLimited,
        "fewer Registries and Warehouses with a longer interval ask less",
        frozenset(
            {
                "ThrottlingException",
                "Throttling",
                "TooManyRequestsException",
                "RequestLimitExceeded",
                "LimitExceededException",
            }
        ),
    ),
    (
        RegistryFailing,
        "it will be asked again",
        frozenset(
            {
                "ServerException",
                "InternalFailure",
                "ServiceUnavailable",
                "ServiceUnavailableException",
                "IDPCommunicationError",
                "IDPCommunicationErrorException",
            }
        ),
    ),
)
_DENIED: Final = frozenset(
    {"AccessDenied", "AccessDeniedException", "NotAuthorized", "OptInRequired", "RegionDisabledException"}
)


@dataclass(frozen=True, slots=True)
class AwsRefusal:
    """Code and words of a refusal; both may be empty."""

    code: str
    message: str


def read_json_refusal(response: Response) -> AwsRefusal:
    """`{"__type": "namespace#Code", "message": …}`, as APIs with JSON 1.1 answer; some write `Message`.

    Both are empty for a success.
    """
    if response.status < 300:
        return AwsRefusal("", "")
    body = json_object(response)
    code = str(body.get("__type") or response.headers.get("x-amzn-errortype") or "")
    message = body.get("message") or body.get("Message")
    return AwsRefusal(code.rpartition("#")[2].partition(":")[0], message if isinstance(message, str) else "")


def read_xml_refusal(response: Response) -> AwsRefusal:
    """`<ErrorResponse><Error><Code>…`, as APIs with the Query protocol answer."""
    return AwsRefusal(xml_text(response.body, "Code") or "", xml_text(response.body, "Message") or "")


def xml_text(body: bytes, name: str) -> str | None:
    """The text of the first element of this name.

    A few texts out of one small document: not reason enough for a parser that knows entities and DTDs.
    """
    found = re.search(rf"<{name}>([^<]*)</{name}>", body.decode("utf-8", "replace"))
    return html.unescape(found[1]).strip() if found else None


def aws_error(
    refusal: AwsRefusal, response: Response, action: str, secrets: tuple[str, ...], subject: str = ""
) -> RegistryError:
    """The error that a refusal stands for.

    Args:
        refusal: As it was read.
        response: What it was read from.
        action: What was asked, as policies name it: `ecr:DescribeImages`.
        secrets: Values that must not come back in the message.
        subject: What it was asked about.
    """
    where = origin_of(response.url)
    # Below the first line AWS shows what it would have signed, with the time: new in each answer.
    first_line = refusal.message.strip().partition("\n")[0]
    said = words(f"{refusal.code}: {first_line}".strip(": "), secrets)
    asked = f"{action} of {subject}" if subject else action
    if refusal.code in _DENIED:
        return AccessDenied(f"{where} denies {asked}{said}: {_allowance(action)}")
    for kind, advice, codes in _ERRORS:
        if refusal.code in codes:
            is_of_pod = advice is _ENDED and action.startswith("sts:")
            return kind(f"{where} refuses {asked}{said}: {_STALE if is_of_pod else advice}")
    return _unknown(response, where, asked, said)


def _allowance(action: str) -> str:
    return _ROLE if action.startswith("sts:") else f"allow {action} in a policy of the user or role"


def _unknown(response: Response, where: Origin, asked: str, said: str) -> RegistryError:
    if response.status == 429:
        return RateLimited(
            f"{where} wants fewer requests{said}", retry_after(response.headers, datetime.now(UTC))
        )
    if response.status >= 500:
        return RegistryFailing(f"{where} failed with status {response.status}{said}")
    if response.status in {401, 403}:
        advice = _ROLE if asked.startswith("sts:") else _KEYS
        return AuthenticationFailed(f"{where} refuses {asked}{said}: {advice}")
    if 300 <= response.status < 400:
        # A signature holds for one region and host: it is not repeated elsewhere.
        advice = "check account and region in the host of the Registry"
        return InvalidResponse(f"{where} sends {asked} elsewhere: {advice}")
    return InvalidResponse(f"{where} answered with status {response.status} to {asked}{said}")
