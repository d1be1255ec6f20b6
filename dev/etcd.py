"""etcd by its JSON gateway: what tests need to do behind the API server's back."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

__all__ = ["compact", "revision"]


def revision(etcd_url: str) -> int:
    """The newest revision, which is what the API server calls a resourceVersion."""
    answer = _post(etcd_url, "/v3/kv/range", {"key": "AA==", "limit": "1", "count_only": True})
    return int(answer["header"]["revision"])


def compact(etcd_url: str) -> int:
    """Forget all history before the newest revision, and return that revision.

    A watch that would have to start before it ends with 410 Expired, at once where the API server has no
    watch cache. The newest change itself is kept: a watch that missed nothing else goes on.

    Raises:
        urllib.error.HTTPError: nothing was written since the last compaction (400).
    """
    newest = revision(etcd_url)
    _post(etcd_url, "/v3/kv/compaction", {"revision": str(newest), "physical": True})
    return newest


def _post(etcd_url: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(etcd_url + path, json.dumps(body).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=10) as response:
        answer: dict[str, Any] = json.load(response)
    return answer
