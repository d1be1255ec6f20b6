from __future__ import annotations

import pytest

from slipway import egress
from slipway.charts import errors
from slipway.charts.answers import from_http

MEANINGS: dict[type[egress.HttpError], type[errors.ChartError]] = {
    egress.CertificateRejected: errors.RepositoryUntrusted,
    egress.ClientClosed: errors.RepositoryUnreachable,
    egress.CircuitOpen: errors.RepositoryFailing,
    egress.ConnectFailed: errors.RepositoryUnreachable,
    egress.ConnectTimedOut: errors.RepositoryTimeout,
    egress.ConnectionBroken: errors.RepositoryUnreachable,
    egress.EgressDenied: errors.RepositoryForbidden,
    egress.HttpError: errors.RepositoryUnreachable,
    egress.InvalidUrl: errors.RepositoryUnreachable,
    egress.NameNotResolved: errors.RepositoryUnreachable,
    egress.NotTls: errors.RepositoryUnreachable,
    egress.QueuedTooLong: errors.RepositoryTimeout,
    egress.RedirectRefused: errors.IndexInvalid,
    egress.ResponseTooLarge: errors.IndexTooLarge,
    egress.TimedOut: errors.RepositoryTimeout,
    egress.TlsFailed: errors.RepositoryUnreachable,
}


def test_every_way_to_have_no_response_has_a_meaning() -> None:
    """None is forgotten when another one comes."""
    known = {
        kind
        for kind in vars(egress).values()
        if isinstance(kind, type) and issubclass(kind, egress.HttpError)
    }

    assert set(MEANINGS) == known


@pytest.mark.parametrize("kind", MEANINGS, ids=lambda kind: kind.__name__)
def test_each_keeps_its_words(kind: type[egress.HttpError]) -> None:
    """What went wrong stands first, what to do about it behind."""
    error = from_http(kind("https://charts.example.com did something"))

    assert type(error) is MEANINGS[kind]
    assert str(error).startswith("https://charts.example.com did something")


@pytest.mark.parametrize(
    ("last", "kind"),
    [
        (None, errors.RepositoryFailing),
        (egress.TimedOut, errors.RepositoryTimeout),
        (egress.NameNotResolved, errors.RepositoryUnreachable),
    ],
)
def test_a_host_that_is_left_alone_keeps_the_reason_of_its_last_failure(
    last: type[egress.HttpError] | None, kind: type[errors.ChartError]
) -> None:
    """And says when it is asked again."""
    error = from_http(egress.CircuitOpen("it failed", 12.0, last))

    assert type(error) is kind
    assert getattr(error, "retry_after", None) == 12.0
