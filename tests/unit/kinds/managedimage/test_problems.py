"""What trouble with a builder or a registry comes to."""

from __future__ import annotations

from datetime import timedelta

import pytest

from slipway.api.conditions import Reason
from slipway.build.builders.errors import (
    BuilderBusy,
    BuilderFailing,
    NotOffered,
    RunUnidentified,
    SecretNotBound,
    TargetMissing,
    TokenExpired,
)
from slipway.engine.outcome import Stalled, Waiting
from slipway.kinds.managedimage.problems import outcome_of, unclear
from slipway.kinds.registry.access import AccessProblem
from slipway.kinds.registry.credentials import SecretMissing
from slipway.oci.errors import CredentialInvalid

WORDS = "what is wrong and what to do"


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (BuilderBusy(WORDS), 15),
        (BuilderBusy(WORDS, 90), 90),
        (BuilderBusy(WORDS, 1e12), 86_400),
        (BuilderFailing(WORDS, retry_after=120), 120),
        (TokenExpired(WORDS), 30),
        (TargetMissing(WORDS), 60),
        (NotOffered(WORDS), 15),
        (SecretMissing(WORDS), 15),
        (CredentialInvalid(WORDS), 15),
        (AccessProblem(Stalled(Reason.BUILDER_NOT_CONFIGURED, WORDS)), 300),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_may_mend_itself_is_asked_again(
    error: BuilderFailing | SecretMissing | AccessProblem | CredentialInvalid, seconds: int
) -> None:
    """With its own reason; no sooner than the server wants, and within a day."""
    outcome = outcome_of(unclear(error))
    assert outcome == Waiting(error.reason, WORDS, timedelta(seconds=seconds), is_trouble=True)


@pytest.mark.parametrize(("error", "seconds"), [(RunUnidentified(WORDS), 300), (SecretNotBound(WORDS), 30)])
def test_what_only_a_person_can_mend_stalls(error: RunUnidentified, seconds: int) -> None:
    """A Secret is looked at again within a minute all the same."""
    assert outcome_of(unclear(error)) == Stalled(error.reason, WORDS, timedelta(seconds=seconds))
