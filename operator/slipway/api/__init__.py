"""The four kinds of `slipway.dev/v1alpha1` as models; the CRDs in `crds/` are generated from them."""

from __future__ import annotations

__all__: list[str] = []
