"""Evidence of what an image stands on: what a registry tells of it, cross-checked, and what layers prove.

evidence = await read_evidence(client, image)                          # labels, provenance, commits, notes
agreement = agree([*claims_of_the_dockerfile, *evidence.claims])       # bases, and who contradicts whom
told_bases(agreement)                                                  # the same where there is no Dockerfile
doubt = await verify_adopted(place, digest, base_place, base_digest)   # None: proven, by diff IDs
is_unchanged(old, new)                                                 # nothing to promote
is_marked(image, key)                                                  # pushed by the build of this key
"""

from __future__ import annotations

from slipway.build.evidence.adopted import Doubt, verify_adopted
from slipway.build.evidence.agreement import AgreedBase, Agreement, agree, without_inherited
from slipway.build.evidence.claims import Claim, Kind, Source, SourceCommit
from slipway.build.evidence.load import Evidence, EvidenceApi, read_evidence
from slipway.build.evidence.marks import is_marked
from slipway.build.evidence.told import ToldBase, only_base, stood_on, told_bases
from slipway.build.evidence.unchanged import PER_BUILD_LABELS, is_unchanged

__all__ = [
    "PER_BUILD_LABELS",
    "AgreedBase",
    "Agreement",
    "Claim",
    "Doubt",
    "Evidence",
    "EvidenceApi",
    "Kind",
    "Source",
    "SourceCommit",
    "ToldBase",
    "agree",
    "is_marked",
    "is_unchanged",
    "only_base",
    "read_evidence",
    "stood_on",
    "told_bases",
    "verify_adopted",
    "without_inherited",
]
