"""What counts as white space in a Dockerfile: by Go's rules, as BuildKit is written in Go."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["ANY_SPACE", "BLANKS", "LINE_END", "WORD"]

ANY_SPACE: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""What is trimmed around lines and words: Unicode's White_Space (`str.isspace` says yes to four more)."""

BLANKS: Final = re.compile(r"[\t\v\f\r ]+")
"""What parts an instruction from its arguments, and most arguments from each other."""

WORD: Final = re.compile(r"[^\t\v\f\r ]+")
"""What stands between them."""

LINE_END: Final = "\r\n"
"""What is trimmed from the end of a line; only the line feed ends one."""
