"""Every policy a Warehouse knows: to add one, write its file, and add its line here."""

from __future__ import annotations

from slipway.api import warehouse as api
from slipway.kinds.warehouse.policies.digest import DigestPolicy
from slipway.kinds.warehouse.policies.policy import Policy
from slipway.kinds.warehouse.policies.semver import SemverPolicy

__all__ = ["policy_for"]


def policy_for(spec: api.Policy) -> Policy:
    """The policy that a subscription asks for.

    Raises:
        InvalidRange: when its semver range cannot be read.
        ValueError: when the member that its type names is missing, which the schema does not let through.
    """
    match (spec.type, spec.semver, spec.digest):
        case ("Semver", api.SemverPolicy() as semver, _):
            return SemverPolicy.of(semver.range, prereleases=semver.prereleases)
        case ("Digest", _, api.DigestPolicy() as digest):
            return DigestPolicy(digest.tag)
        case _:
            msg = f"policy type {spec.type} needs the field {spec.type.lower()}"
            raise ValueError(msg)
