"""The yardstick: a client that makes the same status applies as the operator, and does nothing else.

Run as a process of its own, as the operator is: `python -m bench.engine.plain KUBECONFIG NAMESPACE` prints
`{"seconds": …, "cpu_seconds": …}`. The seconds begin when the objects are listed and end with the last
answer.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from bench.common.api import connect, in_flight

__all__ = ["main"]


def _status() -> dict[str, Any]:
    condition = {
        "type": "Ready",
        "status": "True",
        "reason": "Suspended",
        "message": "Nothing is looked at until spec.suspend is false",
        "observedGeneration": 1,
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    return {"observedGeneration": 1, "conditions": [condition]}


async def _run(kubeconfig: Path, namespace: str) -> float:
    async with connect(kubeconfig, "bench-plain/1") as api:
        found = [item["metadata"] for item in await api.warehouses(namespace)]
        begun = time.monotonic()
        await in_flight(
            found, lambda item: api.apply_status(namespace, item["name"], item["resourceVersion"], _status())
        )
        return time.monotonic() - begun


def main() -> None:
    """Apply all statuses and print what it took."""
    seconds = asyncio.run(_run(Path(sys.argv[1]), sys.argv[2]))
    print(json.dumps({"seconds": seconds, "cpu_seconds": time.process_time()}))


if __name__ == "__main__":
    main()
