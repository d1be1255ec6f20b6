"""What registries said, kept in a file over restarts: images by digest for ever, tags for a few minutes.

Registries count requests, and most answers never change. The cache is shared by everybody in the process, the
authority is not: who asks for the content of a digest must have seen it in that repository a short time ago.

A cache is never a reason to fail. Without a file, with a broken one or on a full disk it works on in memory.
"""

from __future__ import annotations

from slipway.oci.cache.cache import CacheCounts, CachedTag, RegistryCache
from slipway.oci.cache.limits import CacheLimits

__all__ = ["CacheCounts", "CacheLimits", "CachedTag", "RegistryCache"]
