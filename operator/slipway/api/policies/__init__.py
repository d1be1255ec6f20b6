"""The admission policies, as YAML that people wrote; `policies/` is a copy of it for `kubectl apply -f`."""

from __future__ import annotations

__all__: list[str] = []
