"""The lines of one chart, cut out of a large index.

Helm writes an index like this, and so does whoever uses Go's YAML library::

    apiVersion: v1
    entries:
      nginx:            # two spaces here, as many everywhere
      - version: 1.0.0  # and the lines of a chart go on until the next one begins
      redis:
      - version: 7.0.0

What lies in quotes or blocks is indented more than the names of charts, so a name at the right place is one.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["excerpt"]

# Both repetitions are bounded: the matcher keeps a note for each round.
_ENTRIES: Final = re.compile(rb"(?:\A|\n)entries:[ \t]*\r?\n(?:[ \t]*(?:#[^\n]*)?\r?\n){0,64}( {1,16})[^\s#]")


def excerpt(index: bytes, name: str) -> bytes | None:
    """An index that holds nothing but one chart; None where the layout is another, or the chart is not there.

    Args:
        index: the whole one.
        name: of the chart.
    """
    entries = _ENTRIES.search(index)
    # Twice, it is for the parser to say which one counts.
    if entries is None or index.find(b"\nentries:", entries.end()) >= 0:
        return None
    indent = entries[1]
    key = b"\n" + indent + name.encode() + b":"
    start = index.find(key, entries.start())
    after = start + len(key)
    if start < 0 or index.find(key, after) >= 0 or not index[after : after + 1].isspace():
        return None
    end = _end_of_block(len(indent)).search(index, after)
    return b"entries:" + index[start : end.start() if end else len(index)] + b"\n"


def _end_of_block(indent: int) -> re.Pattern[bytes]:
    """The next line indented no more, unless it is empty, a comment, or an item of the chart's own list."""
    return re.compile(rb"\n(?: {%d}(?![\s#-])| {0,%d}(?![\s#]))" % (indent, indent - 1))
