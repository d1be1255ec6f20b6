"""What makes images from an order: one file per builder."""

from __future__ import annotations

__all__: list[str] = []
