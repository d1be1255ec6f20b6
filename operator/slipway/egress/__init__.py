"""What `slipway.http` stands on: the egress policy, TLS, connections, errors and messages."""

from __future__ import annotations

from slipway.egress.errors import (
    CertificateRejected,
    CircuitOpen,
    ClientClosed,
    ConnectFailed,
    ConnectionBroken,
    ConnectTimedOut,
    EgressDenied,
    HttpError,
    InvalidUrl,
    NameNotResolved,
    NotTls,
    QueuedTooLong,
    RedirectRefused,
    ResponseTooLarge,
    TimedOut,
    TlsFailed,
)
from slipway.egress.limits import Limits
from slipway.egress.messages import EndpointClass, Headers, Origin, Response
from slipway.egress.policy import LIBRARY_POLICY, EgressPolicy
from slipway.egress.tls import ClientCertificate, InvalidCertificate, Verify

__all__ = [
    "LIBRARY_POLICY",
    "CertificateRejected",
    "CircuitOpen",
    "ClientCertificate",
    "ClientClosed",
    "ConnectFailed",
    "ConnectTimedOut",
    "ConnectionBroken",
    "EgressDenied",
    "EgressPolicy",
    "EndpointClass",
    "Headers",
    "HttpError",
    "InvalidCertificate",
    "InvalidUrl",
    "Limits",
    "NameNotResolved",
    "NotTls",
    "Origin",
    "QueuedTooLong",
    "RedirectRefused",
    "Response",
    "ResponseTooLarge",
    "TimedOut",
    "TlsFailed",
    "Verify",
]
