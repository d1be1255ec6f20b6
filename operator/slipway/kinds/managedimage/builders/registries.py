"""The registries that a build Job pulls from and pushes to, as their Registries describe them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final

from slipway.api.conditions import Reason
from slipway.api.managedimage import Build, ManagedImage
from slipway.build.builders.job.registries import JobRegistry
from slipway.engine.outcome import Stalled
from slipway.engine.view import View
from slipway.kinds.context import Context
from slipway.kinds.registry.access import AccessProblem
from slipway.kinds.registry.pullsecret import pull_secret_name
from slipway.kinds.registry.view import RegistryView
from slipway.kinds.warehouse.view import WarehouseView, warehouse_key
from slipway.oci.reference import ImageReference

__all__ = ["job_registries"]

_RECHECK: Final = timedelta(minutes=5)


def job_registries(context: Context, image: ManagedImage, build: Build) -> tuple[JobRegistry, ...]:
    """Those of the bases and of the cache that have a Registry, then that of the image.

    Raises:
        AccessProblem: a Registry is missing, is one of several that match, or keeps no Secret for Jobs.
    """
    wanted = ((ImageReference.parse(place), named) for place, named in _places(context, image, build))
    namespace = image.metadata.namespace
    found = [context.registries.registry_for(namespace, reference, named) for reference, named in wanted]
    return _last_of_each(_as_seen_by_jobs(view) for view in found if view is not None)


def _places(context: Context, image: ManagedImage, build: Build) -> Iterator[tuple[str, str | None]]:
    """What is pulled and pushed, each with the name of its Registry where somebody has named one."""
    watchers = {known.reference: known.warehouse for known in image.status.bases}
    for base in build.bases:
        key = warehouse_key(image.metadata.namespace, watchers.get(base.reference) or "")
        yield base.reference, _named_by(context.store.get(key), ImageReference.parse(base.reference))
    job = image.spec.build.job if image.spec.build else None
    if job is not None and job.cache is not None:
        yield job.cache, None
    target = image.spec.image
    yield target.repository, target.registry_ref.name if target.registry_ref else None


def _named_by(warehouse: View | None, base: ImageReference) -> str | None:
    """The Registry through which the Warehouse of a base looks at it."""
    subscriptions = warehouse.subscriptions if isinstance(warehouse, WarehouseView) else ()
    wanted = (base.registry, base.repository)
    return next((one.registry for one in subscriptions if (one.host, one.repository) == wanted), None)


def _last_of_each(registries: Iterable[JobRegistry]) -> tuple[JobRegistry, ...]:
    """Each once, where it stands last."""
    return tuple(reversed(dict.fromkeys(reversed(list(registries)))))


def _as_seen_by_jobs(view: RegistryView) -> JobRegistry:
    return JobRegistry(
        host=view.host,
        insecure=view.url.startswith("http://") or not view.verify,
        secret=_secret(view),
        certificates=view.cert_secret,
    )


def _secret(view: RegistryView) -> str | None:
    """The pull Secret: it has the credential in the one form that Jobs read, for its host and project."""
    if view.secret is None:
        return None
    if not view.keeps_pull_secret:
        message = (
            f"Jobs pull and push with the pull Secret of Registry {view.key.name}, and that keeps none: "
            "set pullSecret.enabled to true there"
        )
        raise AccessProblem(Stalled(Reason.BUILDER_NOT_CONFIGURED, message, _RECHECK))
    return pull_secret_name(view.key.name)
