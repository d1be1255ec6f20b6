"""Every policy a Warehouse knows: to add one, write its file, and add its line here."""

from __future__ import annotations

from slipway.api import warehouse as api
from slipway.kinds.warehouse.policies.alphabetical import AlphabeticalPolicy
from slipway.kinds.warehouse.policies.digest import DigestPolicy
from slipway.kinds.warehouse.policies.newest import NewestPolicy
from slipway.kinds.warehouse.policies.numerical import NumericalPolicy
from slipway.kinds.warehouse.policies.policy import Policy
from slipway.kinds.warehouse.policies.semver import SemverPolicy

__all__ = ["policy_for"]


def policy_for(spec: api.Policy) -> Policy:
    """The policy that a subscription asks for.

    Raises:
        InvalidRange: when its semver range cannot be read.
        ValueError: when the member that its type names is missing, which the schema does not let through.
    """
    match spec:
        case api.Policy(type="Semver", semver=api.SemverPolicy() as semver):
            return SemverPolicy.of(semver.range, prereleases=semver.prereleases)
        case api.Policy(type="Newest", newest=newest):
            return NewestPolicy((newest or api.NewestPolicy()).by)
        case api.Policy(type="Digest", digest=api.DigestPolicy() as digest):
            return DigestPolicy(digest.tag)
        case api.Policy(type="Alphabetical", alphabetical=alphabetical):
            return AlphabeticalPolicy((alphabetical or api.AlphabeticalPolicy()).order)
        case api.Policy(type="Numerical", numerical=numerical):
            return NumericalPolicy((numerical or api.NumericalPolicy()).order)
        case _:
            msg = f"policy type {spec.type} needs the field {spec.type.lower()}"
            raise ValueError(msg)
