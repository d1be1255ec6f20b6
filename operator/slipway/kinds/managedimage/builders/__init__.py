"""Who builds an image: one file for each kind of builder, chosen in `factory.py`."""

from __future__ import annotations

from slipway.kinds.managedimage.builders.factory import builder_for, overseer_for

__all__ = ["builder_for", "overseer_for"]
