"""What a request to a registry is for, as its request line tells; benchmarks and tests count by it."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Endpoint"]


class Endpoint(StrEnum):
    """What a request is for (distribution-spec, Endpoints)."""

    PING = "ping"
    CATALOG = "catalog"
    LIST = "list"
    MANIFEST_HEAD = "manifest HEAD"
    MANIFEST_GET = "manifest GET"
    BLOB = "blob"
    REFERRERS = "referrers"
    TOKEN = "token"
    OTHER = "other"
    """Pushes of manifests, products' own APIs, and whatever else there is."""

    @classmethod
    def of(cls, method: str, target: str) -> Endpoint:
        """That of a request line; a token server's path is `/token`, or ends so."""
        path = target.partition("?")[0].rstrip("/")
        parts = path.split("/")
        if path.startswith("/v2/") and len(parts) > 4:
            if parts[-2] == "manifests":
                reads = {"GET": cls.MANIFEST_GET, "HEAD": cls.MANIFEST_HEAD}
                return reads.get(method, cls.OTHER)
            if "blobs" in {parts[-2], parts[-3]}:
                return cls.BLOB
            return {"tags": cls.LIST, "referrers": cls.REFERRERS}.get(parts[-2], cls.OTHER)
        if path == "/v2/_catalog":
            return cls.CATALOG
        if path == "/v2":
            return cls.PING
        return cls.TOKEN if parts[-1] == "token" else cls.OTHER
