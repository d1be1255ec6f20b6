from __future__ import annotations

from datetime import timedelta

import pytest

from slipway.api.conditions import Reason
from slipway.charts import InvalidChartUrl
from slipway.charts import errors as charts
from slipway.engine.outcome import Stalled, Waiting
from slipway.git import errors as git
from slipway.kinds.registry.access import AccessProblem
from slipway.kinds.registry.credentials import SecretForbidden, SecretMissing
from slipway.kinds.warehouse.filters import InvalidPattern
from slipway.kinds.warehouse.policies.ranges import InvalidRange
from slipway.kinds.warehouse.subscriptions.trouble import FORESEEN, Foreseen, trouble_of
from slipway.oci import errors as oci

PERSON = [
    (InvalidRange("'>>1' is no range"), Reason.INVALID_RANGE),
    (InvalidPattern("'(' is no pattern"), Reason.INVALID_PATTERN),
    (InvalidChartUrl("no address"), Reason.INVALID_URL),
    (oci.CredentialNotBound("the Secret does not name the host"), Reason.CREDENTIAL_NOT_BOUND),
    (oci.InvalidReference("no image"), Reason.INVALID_REFERENCE),
    (git.CredentialNotBound("the Secret does not name the host"), Reason.CREDENTIAL_NOT_BOUND),
    (git.InvalidUrl("no URL"), Reason.INVALID_URL),
    (git.InvalidPattern("no pattern"), Reason.INVALID_PATTERN),
]
TIME = [
    (oci.RegistryUnreachable("no connection"), Reason.REGISTRY_UNREACHABLE),
    (oci.AuthenticationFailed("check the password"), Reason.AUTHENTICATION_FAILED),
    (oci.CredentialInvalid("not what its type promises"), Reason.CREDENTIAL_INVALID),
    (git.RefNotFound("no such branch"), git.RefNotFound.reason),
    (git.HostFailing("status 503"), git.HostFailing.reason),
    (charts.ChartMissing("no such chart"), Reason.CHART_NOT_FOUND),
    (charts.CredentialRefused("check the password"), Reason.AUTHENTICATION_FAILED),
    (SecretMissing("Secret git does not exist"), Reason.SECRET_NOT_FOUND),
    (SecretForbidden("Secret git may not be read"), Reason.SECRET_FORBIDDEN),
]


def named(case: tuple[Exception, str]) -> str:
    """The module and name of an error."""
    return f"{type(case[0]).__module__.rpartition('.')[0]} {type(case[0]).__name__}"


@pytest.mark.parametrize(("error", "reason"), PERSON, ids=map(named, PERSON))
def test_what_only_a_person_can_mend_stalls(error: Foreseen, reason: str) -> None:
    """Under the reason and in the words of the error."""
    trouble = trouble_of("app", error)

    assert isinstance(error, FORESEEN)
    assert isinstance(trouble.outcome, Stalled)
    assert (trouble.name, trouble.outcome.reason, trouble.outcome.message) == ("app", reason, str(error))


@pytest.mark.parametrize(("error", "reason"), TIME, ids=map(named, TIME))
def test_what_mends_itself_waits(error: Foreseen, reason: str) -> None:
    """Or what somebody else mends, without touching the Warehouse."""
    trouble = trouble_of("app", error)

    assert isinstance(error, FORESEEN)
    assert isinstance(trouble.outcome, Waiting)
    assert (trouble.outcome.reason, trouble.outcome.message) == (reason, str(error))
    assert trouble.refused_for is None


@pytest.mark.parametrize(
    "error",
    [
        oci.RateLimited("fewer requests", 40.0),
        charts.RepositoryBusy("fewer requests", 40.0),
        charts.RepositoryUnreachable("left alone for a while", 40.0),
    ],
    ids=lambda error: type(error).__name__,
)
def test_how_long_a_host_wants_to_be_left_alone_is_kept(error: Foreseen) -> None:
    """Nobody asks before."""
    assert trouble_of("app", error).refused_for == timedelta(seconds=40)


def test_who_has_no_access_says_so_in_the_words_of_access() -> None:
    """It knows who can help."""
    outcome = Stalled(Reason.AMBIGUOUS_REGISTRY, "two Registries match equally well")

    assert trouble_of("app", AccessProblem(outcome)).outcome is outcome


def test_errors_of_ours_are_none_of_these() -> None:
    """They must be seen as what they are."""
    assert not issubclass(ValueError, FORESEEN)
    assert not issubclass(AssertionError, FORESEEN)
