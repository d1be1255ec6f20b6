from __future__ import annotations

import pytest

from slipway.api.warehouse import Policy
from slipway.kinds.warehouse.policies.digest import DigestPolicy
from slipway.kinds.warehouse.policies.factory import policy_for
from slipway.kinds.warehouse.policies.ranges import InvalidRange
from slipway.kinds.warehouse.policies.semver import SemverPolicy


def test_each_type_has_its_policy() -> None:
    """The member that the type names says the rest."""
    semver = policy_for(
        Policy.model_validate({"type": "Semver", "semver": {"range": "~1.4", "prereleases": True}})
    )

    assert semver == SemverPolicy.of("~1.4", prereleases=True)
    assert policy_for(Policy.model_validate({"type": "Digest", "digest": {"tag": "stable"}})) == DigestPolicy(
        "stable"
    )


def test_a_range_that_cannot_be_read_is_refused() -> None:
    """Before any registry is asked."""
    with pytest.raises(InvalidRange):
        policy_for(Policy.model_validate({"type": "Semver", "semver": {"range": ">>1"}}))


def test_a_type_without_its_member_is_refused() -> None:
    """The API server does not let it through; an older object may have it all the same."""
    with pytest.raises(ValueError, match="policy type Digest needs the field digest"):
        policy_for(Policy.model_validate({"type": "Digest"}))
