"""What goes wrong with a cluster or a registry, as one sentence for a person."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from pydantic import ValidationError

from slipway.cli.errors import Refused
from slipway.cli.plain import one_line
from slipway.kinds.warehouse.subscriptions.trouble import FORESEEN
from slipway.kube.errors import Forbidden, KubeError, Unauthorized

__all__ = ["translated"]

_FORESEEN: Final = (KubeError, ValidationError, *FORESEEN)


@contextmanager
def translated() -> Iterator[None]:
    """Turns everything that is foreseen into `Refused`; the rest is an error of ours.

    Raises:
        Refused: with the message as one line.
    """
    try:
        yield
    except _FORESEEN as error:
        raise Refused(one_line(_words(error))) from error


def _words(error: Exception) -> str:
    match error:
        case Unauthorized():
            return f"The API server does not know you ({error}): log in again, or choose another context"
        case Forbidden():
            return f"{error}: ask whoever runs the cluster for this right"
        case ValidationError():
            return f"The object is no {error.title} as known here: use the version that the cluster runs"
        case _:
            return str(error)
