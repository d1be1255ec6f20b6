from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.egress import EndpointClass, Headers, Limits, Response
from slipway.oci.quota import Quota, QuotaKind, Quotas, QuotaState, is_pull_limit, read_quota

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
UNIX = int(NOW.timestamp())
HUB = {
    "RateLimit-Limit": "100;w=21600",
    "RateLimit-Remaining": "20;w=21600",
    "Docker-RateLimit-Source": "192.0.2.7",
}


def _headers(fields: dict[str, str]) -> Headers:
    return Headers(fields.items())


def _response(fields: dict[str, str], status: int = 200, body: bytes = b"") -> Response:
    return Response(status, _headers(fields), body, "https://r.io")


@pytest.mark.parametrize(
    ("fields", "want"),
    [
        (HUB, Quota(20, 100, NOW + timedelta(hours=6), "192.0.2.7")),
        (
            {"X-RateLimit-Limit": "180", "X-RateLimit-Remaining": "179", "X-RateLimit-Reset": str(UNIX + 60)},
            Quota(179, 180, NOW + timedelta(minutes=1)),
        ),
        (
            {"RateLimit-Limit": "600", "RateLimit-Remaining": "7", "RateLimit-Reset": "30"},
            Quota(7, 600, NOW + timedelta(seconds=30)),
        ),
        (
            {"RateLimit-Limit": "100, 100;w=60", "RateLimit-Remaining": "50"},
            Quota(50, 100, NOW + timedelta(seconds=60)),
        ),
        (
            {"RateLimit": '"default";r=50;t=30', "RateLimit-Policy": '"default";q=100;w=60'},
            Quota(50, 100, NOW + timedelta(seconds=30)),
        ),
        (
            {"RateLimit": '"default";r=50', "RateLimit-Policy": '"default";q=100;w=60'},
            Quota(50, 100, NOW + timedelta(seconds=60)),
        ),
        ({"RateLimit": "limit=100, remaining=5, reset=5"}, Quota(5, 100, NOW + timedelta(seconds=5))),
        ({"X-RateLimit-Remaining": "5"}, Quota(5, None, NOW + timedelta(hours=1))),
        (
            {"X-RateLimit-Remaining": "5", "X-RateLimit-Reset": "1"},
            Quota(5, None, NOW + timedelta(seconds=1)),
        ),
        ({"X-RateLimit-Remaining": "5", "X-RateLimit-Reset": str(UNIX - 9)}, Quota(5, None, NOW)),
        ({"RateLimit-Remaining": "many"}, None),
        ({"RateLimit": "nonsense"}, None),
        ({"RateLimit-Limit": "100;w=21600"}, None),
        ({}, None),
    ],
)
def test_quotas_are_read_in_every_form(fields: dict[str, str], want: Quota | None) -> None:
    """Docker Hub's, those of its API and of GitHub, and three drafts of the IETF."""
    assert read_quota(_headers(fields), NOW) == want


@given(
    st.dictionaries(
        st.sampled_from(
            [
                *("RateLimit", "RateLimit-Policy", "RateLimit-Limit", "RateLimit-Remaining"),
                *("RateLimit-Reset", "X-RateLimit-Remaining", "X-RateLimit-Reset"),
            ]
        ),
        st.text(max_size=20) | st.from_regex(r"\A[a-z]{0,2}=?[0-9]{1,30}(;[wrtq]=[0-9]{1,30})?\Z"),
    )
)
@settings(max_examples=50)
def test_no_header_crashes_the_reading(fields: dict[str, str]) -> None:
    """Whatever comes, there is a quota that resets within a week, or none."""
    quota = read_quota(_headers(fields), NOW)

    assert quota is None or (quota.remaining >= 0 and NOW <= quota.resets_at <= NOW + timedelta(days=7))


@pytest.mark.parametrize(
    ("remaining", "limit", "percent", "state", "allowed"),
    [
        (100, 100, 80, QuotaState.OK, True),
        (21, 100, 80, QuotaState.OK, True),
        (20, 100, 80, QuotaState.LOW, False),
        (20, 100, 100, QuotaState.LOW, True),
        (1, 100, 100, QuotaState.LOW, True),
        (0, 100, 100, QuotaState.EXHAUSTED, False),
        (60, 100, 40, QuotaState.LOW, False),
        (61, 100, 40, QuotaState.OK, True),
        (5, None, 50, QuotaState.OK, True),
        (0, None, 100, QuotaState.EXHAUSTED, False),
    ],
)
def test_low_is_a_fifth_or_what_belongs_to_others(
    remaining: int, limit: int | None, percent: int, state: QuotaState, allowed: bool
) -> None:
    """`pullBudgetPercent` of the limit may be used, and not one more."""
    quota = Quota(remaining, limit, NOW + timedelta(hours=1))

    assert quota.state(NOW, percent) == state
    assert quota.allows(NOW, percent) == allowed
    assert quota.state(NOW + timedelta(hours=1), percent) == QuotaState.OK
    assert quota.allows(NOW + timedelta(hours=1), percent)


def test_a_registry_that_says_nothing_has_no_limit() -> None:
    """Unknown is not exhausted."""
    quotas = Quotas(Limits())

    assert quotas.latest == {}
    assert quotas.state(NOW) == QuotaState.OK
    assert quotas.may_pull(NOW)


def test_pulls_and_requests_to_the_api_are_counted_apart() -> None:
    """The latest word about each counts; an answer without one changes nothing, nor does a token server's."""
    quotas = Quotas(Limits(pull_budget_percent=80))
    used_up = {**HUB, "RateLimit-Remaining": "0;w=21600"}

    quotas.note(EndpointClass.API, _response(used_up), NOW)
    assert quotas.may_pull(NOW)
    quotas.note(EndpointClass.TOKEN, _response(used_up), NOW)
    assert quotas.may_pull(NOW)
    quotas.note(EndpointClass.MANIFESTS, _response(used_up), NOW)
    quotas.note(EndpointClass.MANIFESTS, _response({}), NOW)
    assert quotas.state(NOW) == QuotaState.EXHAUSTED
    assert not quotas.may_pull(NOW)
    assert set(quotas.latest) == {QuotaKind.PULL, QuotaKind.API}
    quotas.note(EndpointClass.MANIFESTS, _response({**HUB, "RateLimit-Remaining": "90"}), NOW)
    assert quotas.may_pull(NOW)


@pytest.mark.parametrize(
    ("pulls", "requests", "state"),
    [
        pytest.param(None, "0", QuotaState.EXHAUSTED, id="only the API counts, and nothing is left"),
        pytest.param(None, "1000", QuotaState.LOW, id="a fifth of the requests is left"),
        pytest.param(None, "1001", QuotaState.OK, id="more than a fifth of the requests is left"),
        pytest.param("100", "0", QuotaState.EXHAUSTED, id="there are pulls and no requests"),
        pytest.param("0", "5000", QuotaState.EXHAUSTED, id="there are requests and no pulls"),
        pytest.param("15", "0", QuotaState.EXHAUSTED, id="few pulls and no requests"),
        pytest.param("40", "5000", QuotaState.LOW, id="the budget of pulls is used up"),
        pytest.param("90", "5000", QuotaState.OK, id="enough of both"),
    ],
)
def test_the_state_is_that_of_which_least_is_left(
    pulls: str | None, requests: str, state: QuotaState
) -> None:
    """Half of the pulls may be used here, and all requests to the API; pulls go on without these."""
    quotas = Quotas(Limits(pull_budget_percent=50))
    api = {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": requests, "X-RateLimit-Reset": "3000"}
    if pulls is not None:
        left = {**HUB, "RateLimit-Remaining": f"{pulls};w=21600"}
        quotas.note(EndpointClass.MANIFESTS, _response(left), NOW)
    quotas.note(EndpointClass.API, _response(api), NOW)

    assert quotas.state(NOW) == state
    assert quotas.may_pull(NOW) == (pulls in {None, "100", "90"})
    assert quotas.state(NOW + timedelta(hours=6)) == QuotaState.OK


@pytest.mark.parametrize(
    ("status", "body", "fields", "want"),
    [
        (429, b'{"message":"You have reached your pull rate limit. See https://docs"}', {}, True),
        (429, b"You have reached your unauthenticated PULL RATE LIMIT.", {}, True),
        (429, b"", {"RateLimit-Remaining": "0;w=21600"}, True),
        (429, b"", {"RateLimit-Remaining": "20;w=21600"}, False),
        (429, b"", {}, False),
        (429, b"Too Many Requests (HTTP 429)", {}, False),
        (200, b"", {"RateLimit-Remaining": "0;w=21600"}, False),
        (503, b"pull rate limit", {}, False),
    ],
)
def test_used_up_pulls_are_told_from_too_many_requests(
    status: int, body: bytes, fields: dict[str, str], want: bool
) -> None:
    """Docker Hub's limit of pulls has words or a count of none left; its limit of abuse is a bare 429."""
    assert is_pull_limit(_response(fields, status, body)) == want


def test_a_refused_pull_counts_as_none_left() -> None:
    """Also where no header says so; HEADs go on, and in an hour a pull is tried again."""
    quotas = Quotas()

    quotas.note(EndpointClass.MANIFESTS, _response({}, 429, b"You have reached your pull rate limit."), NOW)

    assert quotas.state(NOW) == QuotaState.EXHAUSTED
    assert not quotas.may_pull(NOW)
    assert quotas.may_pull(NOW + timedelta(hours=1))
