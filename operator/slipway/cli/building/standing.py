"""What stands on what, of the ManagedImages that were read. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from slipway.api.managedimage import ManagedImage
from slipway.build.graph import ImageGraph
from slipway.build.graph.drawing import Description, NodeKind
from slipway.cli.building.reading import KnownImage
from slipway.cli.errors import Refused
from slipway.engine.store import Store
from slipway.kinds.managedimage.bases import producers_of
from slipway.kinds.managedimage.naming import known_before, of_spec
from slipway.kinds.managedimage.topics import claim_topic, same_repository, with_tag
from slipway.oci.errors import InvalidReference
from slipway.oci.reference import ImageReference

__all__ = ["Node", "Standing"]


class Node(NamedTuple):
    """An image of the graph."""

    namespace: str
    """Of the ManagedImage; empty for an image that nobody manages."""

    name: str
    """Of the ManagedImage; or the reference, spelled in full."""

    @property
    def is_managed(self) -> bool:
        """Whether it is a ManagedImage."""
        return bool(self.namespace)

    @property
    def id(self) -> str:
        """`namespace/name`, or the reference, which has a tag or a digest and so is never the same."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    @classmethod
    def of_image(cls, image: ManagedImage) -> Self:
        """The node of a ManagedImage."""
        return cls(image.metadata.namespace, image.metadata.name)

    @classmethod
    def of_reference(cls, reference: str) -> Self:
        """The node of an image that nobody manages.

        Raises:
            InvalidReference: when the text is no image reference.
        """
        return cls("", str(ImageReference.parse(with_tag(reference))))


@dataclass(slots=True)
class Standing:
    """The graph, and what it does not know of its nodes."""

    graph: ImageGraph[Node] = field(default_factory=lambda: ImageGraph[Node](lambda node: node))
    images: dict[Node, ManagedImage] = field(default_factory=dict)
    uses: dict[tuple[Node, Node], frozenset[str]] = field(default_factory=dict)
    """By what kinds of use (`Final`, `Builder`, …) the first node stands on the second."""

    _spelled: dict[Node, str] = field(default_factory=dict)
    """How people write the images that nobody manages."""

    _store: Store = field(default_factory=Store)

    @classmethod
    def of(cls, known: Sequence[KnownImage]) -> Self:
        """The graph of these images and of what they stand on."""
        standing = cls()
        for one in known:
            standing._store.put(one.view)
        for one in known:
            standing._put(one.image)
        return standing

    def node_of(self, namespace: str, reference: str) -> Node:
        """Who an image is, seen from a namespace: the ManagedImage there that keeps its tag, or nobody's.

        Args:
            namespace: of who uses it.
            reference: as it was written.

        Raises:
            InvalidReference: when the text is no image reference.
        """
        tagged = with_tag(reference)
        if ImageReference.parse(tagged).digest is None:
            producers = producers_of(namespace, tagged, self._store)
            if producers:
                return Node(namespace, producers[0].key.name)
        return Node.of_reference(reference)

    def meant(self, text: str, namespace: str) -> frozenset[Node]:
        """The nodes that a person names: a ManagedImage, or all that are the image of a reference.

        Args:
            text: a name, `namespace/name`, or a reference.
            namespace: where a name without one is looked for.

        Raises:
            Refused: when there is none.
        """
        first, slash, second = text.partition("/")
        named = Node(first, second) if slash else Node(namespace, text)
        if named in self.images:
            return frozenset({named})
        try:
            found = frozenset(self._of_reference(text))
        except InvalidReference as error:
            msg = f"{text!r} is neither a ManagedImage of namespace {namespace} nor an image: {error}"
            raise Refused(msg) from error
        if not found:
            raise Refused(self._nothing(text, namespace))
        return found

    def describe(self, node: Node) -> Description:
        """What a drawing says of a node."""
        image = self.images.get(node)
        if image is None:
            return Description(node.id, self.label(node), NodeKind.EXTERNAL)
        return Description(node.id, self.label(node), NodeKind(image.spec.role), image.status.phase or "")

    def label(self, node: Node) -> str:
        """What people call a node."""
        return node.id if node.is_managed else self._spelled.get(node, node.name)

    def _put(self, image: ManagedImage) -> None:
        node = Node.of_image(image)
        self.images[node] = image
        parents: dict[Node, frozenset[str]] = {}
        for reference, kinds in _bases(image):
            with suppress(InvalidReference):
                parent = self.node_of(node.namespace, reference)
                parents[parent] = parents.get(parent, frozenset()) | kinds
                if not parent.is_managed:
                    # Of several spellings the shortest, whatever came first.
                    known = self._spelled.get(parent, reference)
                    self._spelled[parent] = min(known, reference, key=lambda text: (len(text), text))
        self.graph.put(node, parents)
        self.uses.update({(node, parent): kinds for parent, kinds in parents.items()})

    def _of_reference(self, text: str) -> Iterator[Node]:
        tagged = with_tag(text)
        outside = Node.of_reference(tagged)
        if outside in self.graph:
            yield outside
        if ImageReference.parse(tagged).digest is None:
            for key in self._store.providers(claim_topic(tagged)):
                yield Node(key.namespace, key.name)

    def _nothing(self, text: str, namespace: str) -> str:
        alike = sorted(
            self.label(node)
            for node in self.graph
            if not node.is_managed and same_repository(node.name, text)
        )
        told = f"There is no ManagedImage {text} in namespace {namespace}, and none that stands on that image"
        if alike:
            return f"{told}: there is {', '.join(alike)}"
        return f"{told}: correct the name, name the namespace with -n, or look in all of them with -A"


def _bases(image: ManagedImage) -> Iterable[tuple[str, frozenset[str]]]:
    """What it stands on: as the operator has found it, or, before it has looked, as the spec says."""
    if image.spec.role != "Managed":
        return ()
    named = known_before(image) or of_spec(image)
    return (
        (base.reference, frozenset(use.kind for use in base.uses) or frozenset({"Final"}))
        for base in named
        if base.reference
    )
