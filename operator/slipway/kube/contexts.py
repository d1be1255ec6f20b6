"""The namespace that a person means who names none, as kubectl has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from slipway.kube.connection import configuration_files
from slipway.kube.errors import Unreachable
from slipway.kube.pod import default_namespace

__all__ = ["usual_namespace"]

_DEFAULT: Final = "default"


def usual_namespace(kubeconfig: Path | None = None, context: str | None = None) -> str:
    """The namespace of a context, or of the pod where its service account says who we are.

    Args:
        kubeconfig: as for `slipway.kube.connection.Connection.load`.
        context: its name; the current one, if not given.

    Raises:
        Unreachable: when the files cannot be read, or know no such context.
    """
    files = configuration_files(kubeconfig)
    if files is None:
        return default_namespace()
    return str((_context(files, context).get("context") or {}).get("namespace") or _DEFAULT)


def _context(files: str, name: str | None) -> dict[str, Any]:
    # Imported here for the reason that `slipway.kube.connection` gives.
    from kubernetes.aio.config import ConfigException, list_kube_config_contexts  # noqa: PLC0415
    from yaml import YAMLError  # noqa: PLC0415

    try:
        contexts, current = list_kube_config_contexts(files)  # type: ignore[no-untyped-call]
    except (ConfigException, OSError, YAMLError, ValueError, TypeError, AttributeError) as error:
        msg = f"The way to the API server cannot be read from {files}: {error}"
        raise Unreachable(msg) from error
    if name is None:
        return dict(current)
    found = next((one for one in contexts if one["name"] == name), None)
    if found is None:
        known = ", ".join(sorted(str(one["name"]) for one in contexts))
        msg = f"There is no context {name} in {files}: it has {known}"
        raise Unreachable(msg)
    return dict(found)
