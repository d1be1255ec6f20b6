"""What one look at a build reads from registries: each content once, however many judge it."""

from __future__ import annotations

from dataclasses import dataclass, field

from slipway.api.managedimage import ManagedImage
from slipway.build.evidence.load import EvidenceApi
from slipway.build.evidence.once import ReadOnce
from slipway.build.rebase.place import Place
from slipway.kinds.context import Context
from slipway.kinds.managedimage.source import image_client
from slipway.oci.reference import ImageReference

__all__ = ["Reading"]


@dataclass(frozen=True, slots=True)
class Reading:
    """Made for one look, and dropped after it."""

    context: Context
    image: ManagedImage
    _known: dict[int, ReadOnce] = field(default_factory=dict)
    """By the identity of the clients, which live in a pool for longer than this."""

    async def of_image(self) -> ReadOnce:
        """The registry of the image.

        Raises:
            AccessProblem: no Registry or no credential that could be used.
        """
        return self._once(await image_client(self.context, self.image))

    async def of_base(self, reference: str, registry: str | None = None) -> ReadOnce:
        """The registry of a base, through the Registry of this name if any.

        Raises:
            AccessProblem: no Registry or no credential that could be used.
        """
        namespace, repository = self.image.metadata.namespace, ImageReference.parse(reference)
        return self._once((await self.context.registries.client_for(namespace, repository, registry)).client)

    async def image_place(self) -> Place:
        """The repository of the image."""
        return Place(await self.of_image(), ImageReference.parse(self.image.spec.image.repository))

    async def base_place(self, reference: str, registry: str | None = None) -> Place:
        """The repository of a base."""
        return Place(await self.of_base(reference, registry), ImageReference.parse(reference))

    def _once(self, client: EvidenceApi) -> ReadOnce:
        return self._known.setdefault(id(client), ReadOnce(client))
