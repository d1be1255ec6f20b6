"""What a registry offers beyond what every registry must: found out by asking for it once."""

from __future__ import annotations

from typing import Final

from slipway.egress import EndpointClass
from slipway.oci.auth import repository_scope
from slipway.oci.digest import require_digest
from slipway.oci.manifest import ACCEPTED_MANIFESTS, OCI_INDEX
from slipway.oci.reference import require_repository
from slipway.oci.session import Ask, RegistrySession

__all__ = ["Offers"]

_ENOUGH: Final = 1024 * 1024


class Offers:
    """The offers of one registry."""

    def __init__(self, session: RegistrySession) -> None:
        self._session = session

    async def referrers(self, repository: str, digest: str) -> bool:
        """Whether it answers which manifests refer to another one (distribution-spec, Listing Referrers)."""
        url = f"v2/{require_repository(repository)}/referrers/{require_digest(digest)}"
        ask = Ask(
            "GET",
            url,
            (repository_scope(repository),),
            headers={"Accept": OCI_INDEX},
            max_bytes=_ENOUGH,
            endpoint=EndpointClass.OTHER,
        )
        answer = await self._session.send(ask)
        return answer.status == 200 and (answer.headers.get("content-type") or "").startswith(OCI_INDEX)

    async def conditional_requests(self, repository: str, digest: str) -> bool:
        """Whether it answers 304 to who knows a manifest already (RFC 9110, If-None-Match)."""
        url = f"v2/{require_repository(repository)}/manifests/{require_digest(digest)}"
        ask = Ask(
            "HEAD",
            url,
            (repository_scope(repository),),
            headers={"Accept": ACCEPTED_MANIFESTS, "If-None-Match": f'"{digest}"'},
            endpoint=EndpointClass.MANIFESTS,
        )
        return (await self._session.send(ask)).status == 304
