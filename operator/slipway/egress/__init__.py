"""What `slipway.http` stands on: the egress policy, TLS, connections, errors and messages."""

from __future__ import annotations

from slipway.egress.errors import (
    CertificateRejected,
    ConnectFailed,
    ConnectionBroken,
    EgressDenied,
    HttpError,
    InvalidUrl,
    NameNotResolved,
    NotTls,
    RedirectRefused,
    ResponseTooLarge,
    TimedOut,
    TlsFailed,
)
from slipway.egress.messages import Headers, Origin, Response
from slipway.egress.policy import LIBRARY_POLICY, EgressPolicy
from slipway.egress.tls import ClientCertificate, InvalidCertificate, Verify

__all__ = [
    "LIBRARY_POLICY",
    "CertificateRejected",
    "ClientCertificate",
    "ConnectFailed",
    "ConnectionBroken",
    "EgressDenied",
    "EgressPolicy",
    "Headers",
    "HttpError",
    "InvalidCertificate",
    "InvalidUrl",
    "NameNotResolved",
    "NotTls",
    "Origin",
    "RedirectRefused",
    "Response",
    "ResponseTooLarge",
    "TimedOut",
    "TlsFailed",
    "Verify",
]
