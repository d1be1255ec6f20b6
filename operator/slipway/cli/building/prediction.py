"""What a move of one image leads to, with what ManagedImages and Deployments say about it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Final, NamedTuple

from slipway.api.deployment import Deployment
from slipway.api.managedimage import BuildPhase, ManagedImage
from slipway.build.graph import Circumstances, ImageGraph, Impact, LeftBehind, Rollout, predict
from slipway.cli.building.standing import Node, Standing
from slipway.kinds.managedimage.view import REACTION_TO
from slipway.oci.errors import InvalidReference

__all__ = ["Application", "foresee", "seconds_of"]

_LEADS_TO_BUILD: Final = "Rebuild"


class Application(NamedTuple):
    """A Deployment (slipway.dev) that runs an image of the graph."""

    namespace: str
    name: str
    held: str | None = None
    """Why it does not roll out by itself."""


@dataclass(frozen=True, slots=True)
class _Moved:
    """What moves, which may be several nodes: one image, as several namespaces know it."""

    standing: Standing
    nodes: Collection[Node]

    @property
    def start(self) -> Node:
        """That stands for all of them."""
        return min(self.nodes)

    def parents(self, node: Node) -> dict[Node, frozenset[str]]:
        """What a node stands on, and by what fields of `rebuild.on` it reacts; all that moves is one node."""
        found: dict[Node, frozenset[str]] = {}
        for parent in self.standing.graph.parents(node):
            kinds = self.standing.uses[node, parent]
            meant = self.start if parent in self.nodes else parent
            fields = frozenset(REACTION_TO.get(kind, "base") for kind in kinds)
            found[meant] = found.get(meant, frozenset()) | fields
        return found

    def graph(self, *, with_all: bool) -> ImageGraph[Node]:
        """The images on what they stand on: on all of it, or only on that whose moves lead to a build."""
        graph = ImageGraph[Node](lambda node: node)
        for node, image in self.standing.images.items():
            if node in self.nodes and node != self.start:
                continue
            parents = self.parents(node)
            graph.put(node, (parent for parent in parents if with_all or _leads(image, parents[parent])))
        return graph


def foresee(
    standing: Standing, moved: Collection[Node], deployments: Iterable[Deployment], at_once: int
) -> Impact[Node, Application]:
    """Tell what happens when an image moves.

    Args:
        standing: the graph.
        moved: the nodes that are the image that moves, at least one.
        deployments: all that may run one of the images.
        at_once: how many builds may be under way.
    """
    what = _Moved(standing, moved)
    users = _users(standing, what, deployments)
    circumstances: Circumstances[Node, Application] = Circumstances(
        seconds=lambda node: seconds_of(standing.images[node]),
        held=lambda node: _held(standing.images[node]),
        consumers=lambda node: users.get(node, ()),
        at_once=at_once,
    )
    found = predict(what.graph(with_all=False), what.start, circumstances)
    indifferent = _indifferent(what, found)
    rollouts = [Rollout(user, one.node, None) for one in indifferent for user in users.get(one.node, ())]
    return replace(
        found,
        left_behind=(*found.left_behind, *indifferent),
        rollouts=(*found.rollouts, *rollouts),
    )


def seconds_of(image: ManagedImage) -> float | None:
    """How long a build of it lasts: the median of those that succeeded; None where there was none."""
    spans = [
        max(0.0, (build.finished_at - build.started_at).total_seconds())
        for build in image.status.builds
        if build.phase == BuildPhase.SUCCEEDED and build.finished_at is not None
    ]
    return median(spans) if spans else None


def _leads(image: ManagedImage, fields: Iterable[str]) -> bool:
    reactions = image.spec.rebuild.on.model_dump(by_alias=True)
    return any(reactions[field] == _LEADS_TO_BUILD for field in fields)


def _held(image: ManagedImage) -> str | None:
    """Why it is not built by itself."""
    if image.spec.role != "Managed":
        return f"its role is {image.spec.role}: it is built elsewhere"
    if image.spec.suspend:
        return "it is suspended"
    policy = image.spec.rebuild.policy
    return None if policy == "Automatic" else f"rebuild.policy is {policy}: a person has to ask for the build"


def _indifferent(what: _Moved, found: Impact[Node, Application]) -> tuple[LeftBehind[Node], ...]:
    """Those that stand on what moves only by uses that lead to no build, and what stands on these alone."""
    graph = what.graph(with_all=True)
    told = {build.node for build in found.builds} | {one.node for one in found.left_behind}
    affected = graph.order(graph.descendants(what.start))
    within = {what.start, *affected}
    return tuple(_reacting(what, node, within) for node in affected if node not in told)


def _reacting(what: _Moved, node: Node, within: Collection[Node]) -> LeftBehind[Node]:
    image = what.standing.images[node]
    above = {parent: fields for parent, fields in what.parents(node).items() if parent in within}
    waits_for = tuple(sorted(parent for parent, fields in above.items() if _leads(image, fields)))
    if waits_for:
        return LeftBehind(node, None, waits_for)
    reactions = image.spec.rebuild.on.model_dump(by_alias=True)
    fields = sorted(field for fields in above.values() for field in fields)
    said = " and ".join(f"rebuild.on.{field} is {reactions[field]}" for field in dict.fromkeys(fields))
    return LeftBehind(node, _held(image) or said, ())


def _users(
    standing: Standing, what: _Moved, deployments: Iterable[Deployment]
) -> dict[Node, Sequence[Application]]:
    users: dict[Node, list[Application]] = {}
    newest = {
        (node.namespace, image.status.image.reference): node
        for node, image in standing.images.items()
        if image.status.image is not None
    }
    for deployment in deployments:
        node = _runs(standing, newest, deployment)
        if node is not None:
            metadata = deployment.metadata
            user = Application(metadata.namespace, metadata.name, _stays(deployment))
            users.setdefault(what.start if node in what.nodes else node, []).append(user)
    return {node: sorted(found) for node, found in users.items()}


def _runs(standing: Standing, newest: Mapping[tuple[str, str], Node], deployment: Deployment) -> Node | None:
    """The image whose moves it follows; one that names a reference follows none."""
    source, namespace = deployment.spec.image, deployment.metadata.namespace
    if source.type == "ManagedImage" and source.managed_image is not None:
        return Node(namespace, source.managed_image.name)
    running = deployment.status.image
    if source.type != "Warehouse" or running is None:
        return None
    if (built := newest.get((namespace, running.reference))) is not None:
        return built
    try:
        return standing.node_of(namespace, running.reference)
    except InvalidReference:
        return None


def _stays(deployment: Deployment) -> str | None:
    if deployment.spec.paused:
        return "it is paused"
    return "rollbackTo holds its revision" if deployment.spec.rollback_to is not None else None
