"""The revision that runs, where somebody deleted its ControllerRevision. Pure.

The workload still has the pod template, and so most of the inputs. What is read back counts only if its hash
is the identity that the template carries: then nothing is lost, and the revision comes back as what it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from slipway.api.deployment import HistoryAction
from slipway.kinds.deployment.facts import Facts
from slipway.kinds.deployment.history import History
from slipway.kinds.deployment.inputs import Inputs, PortInput, identity_of, inputs_of
from slipway.kinds.deployment.revisions import Revision, with_identity, with_number
from slipway.kinds.deployment.template import CONTAINER, pod_template

__all__ = ["lost_revision"]


def lost_revision(facts: Facts, history: History) -> Revision | None:
    """The revision that runs, to be stored again; None when it is kept, or cannot be told exactly.

    Args:
        facts: what was read; the spec may wish for another revision by now.
        history: with what the status does not have yet.
    """
    workload = facts.workload
    if workload is None or not history:
        return None
    number, identity = history[0].revision, workload.identity
    if with_number(facts.revisions, number) or with_identity(facts.revisions, identity):
        return None
    if workload.change is not None and workload.change.revision != number:
        return None  # it was undone by hand: what it shows is another revision than the one we ran last
    guesses = _guesses(facts, history[0].new_image or "")
    inputs = next((guess for guess in guesses if identity_of(guess) == identity), None)
    if inputs is None:
        return None
    # As it was rendered then, as long as every version renders alike: a test holds on to that.
    template = pod_template(facts.observed.key.name, identity, inputs, _pull_secret_in(workload.body))
    return Revision(number, identity, inputs, template, _cause(history, number))


def _guesses(facts: Facts, image: str) -> Iterator[Inputs]:
    """What the inputs may have been, the likeliest first.

    The API server rewrites amounts (1000m is answered as 1); the spec and other revisions may have them as
    they were hashed.
    """
    wished = inputs_of(facts.spec, image)
    read = _inputs_in(facts.workload.body, facts.service) if facts.workload else None
    if read is not None:
        yield read
    yield wished
    if read is not None:
        for other in (wished, *(known.inputs for known in facts.revisions)):
            yield replace(read, requests=other.requests, limits=other.limits)


def _cause(history: History, number: int) -> str:
    """What led to the revision, as far as the history goes back."""
    begun = {HistoryAction.CREATE, HistoryAction.UPDATE}
    causes = (
        entry.cause for entry in reversed(history) if entry.revision == number and entry.action in begun
    )
    return next(causes, None) or ""


def _inputs_in(workload: Mapping[str, Any], service: Mapping[str, Any] | None) -> Inputs | None:
    containers = workload["spec"]["template"]["spec"]["containers"]
    container = next((item for item in containers if item["name"] == CONTAINER), None)
    if container is None:
        return None
    resources = container.get("resources") or {}
    return Inputs(
        image=container.get("image", ""),
        ports=_ports_in(container, service),
        command=tuple(container.get("command") or ()),
        args=tuple(container.get("args") or ()),
        requests=dict(sorted((resources.get("requests") or {}).items())),
        limits=dict(sorted((resources.get("limits") or {}).items())),
    )


def _pull_secret_in(workload: Mapping[str, Any]) -> str | None:
    secrets = workload["spec"]["template"]["spec"].get("imagePullSecrets") or ()
    return next((secret.get("name") for secret in secrets), None)


def _ports_in(container: Mapping[str, Any], service: Mapping[str, Any] | None) -> tuple[PortInput, ...]:
    listed = (service["spec"].get("ports") or ()) if service else ()
    service_ports = {port.get("name"): port["port"] for port in listed}
    ports = ((port.get("name", ""), port["containerPort"]) for port in container.get("ports") or ())
    return tuple(PortInput(name, number, service_ports.get(name, number)) for name, number in sorted(ports))
