"""Names of others, made visible: nothing in them moves a cursor, turns the text around or begins a line."""

from __future__ import annotations

__all__ = ["visible"]


def visible(text: str, *, reserved: str = "") -> str:
    r"""The text with a backslash escape for all that is not to be printed; different texts stay different.

    Args:
        text: of anybody.
        reserved: what means something where the text goes, and is escaped too; the backslash always is.
    """
    return "".join(_escaped(c) if c in reserved or c == "\\" or not c.isprintable() else c for c in text)


def _escaped(character: str) -> str:
    if character == "\\":
        return "\\\\"
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
