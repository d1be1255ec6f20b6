"""How a subscription chooses its tag: one small file per policy, and the factory that knows them all."""

from __future__ import annotations

__all__: list[str] = []
