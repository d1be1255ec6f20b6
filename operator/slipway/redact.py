"""Takes secrets out of text before it reaches a status, an event or a log."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["redact"]

_MASK = "***"

# Vendors mark their tokens, so that scanners find them; so do we.
_KNOWN_TOKENS = (
    r"gh[pousr]_[A-Za-z0-9]{16,}",
    r"github_pat_\w{16,}",
    r"gl(?:pat|dt|rt|ptt|cbt|oas)-[\w-]{16,}",
    r"dckr_[a-z]{3}_[\w-]{16,}",
    r"hf_[A-Za-z0-9]{16,}",
    r"xox[abprs]-[\w-]{10,}",
    r"(?:AKIA|ASIA)[A-Z0-9]{16}",
    r"eyJ[\w-]{4,}\.[\w-]{2,}(?:\.[\w-]*)*",  # a JSON Web Token: base64url of '{"'
)
_NAMES_OF_SECRETS = (
    # Whatever stands before these, as in PGPASSWORD or NPM_TOKEN, makes them no less secret ...
    r"pass(?:word|wd|phrase)|token|secret|credentials?"
    # ... while these have to be words of their own, as in SECRET_KEY: "bypass=1" is none.
    r"|(?<![^\W_])(?:(?:access|private|auth|api)?key|pass|pwd|pat|auth|signature)"
)
# Each rule below needs at least one of these. To look for them costs a hundredth of the rules, and every text
# of every status comes by here.
_MARKS = (
    *("://", "?", "auth", "cookie", "token", "key", "basic", "bearer", "negotiate"),
    *("pass", "pwd", "pat", "secret", "credential", "signature"),
    *("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "gldt-", "glrt-", "glptt-", "glcbt-", "gloas-"),
    *("dckr_", "hf_", "xox", "akia", "asia", "eyj"),
)

# Order matters: whole headers go before the schemes inside them, URLs before the words inside them.
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        # The user of an ssh url is part of the address: everybody is `git` there, and a key opens it. With
        # another url than the spec's a status would speak of another repository.
        re.compile(
            r"(?i)\b(?!ssh://[a-z0-9_][a-z0-9_.+-]{0,63}@(?![^\s/?#\"'<>]*@))"
            r"([a-z][a-z0-9+.-]{0,20}://)[^\s/?#\"'<>]*@"
        ),
        rf"\1{_MASK}@",
    ),
    (
        re.compile(r"(?i)\b([a-z][a-z0-9+.-]{0,20}://[^\s?\"'<>]*\?)[^\s\"'<>]+?(?=:?(?:[\s\"'<>]|\Z))"),
        rf"\1{_MASK}",
    ),
    (re.compile(r"(/[^\s?\"'<>]{0,2048}\?)[^\s\"'<>]*=[^\s\"'<>]*"), rf"\1{_MASK}"),
    (
        re.compile(
            r"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie|x-[a-z-]{0,40}(?:token|key|auth)|private-token|job-token)"
            r"([\"']?\s*[:=]\s*[\[(]?\s*[\"']?)[^\r\n\"'<>\])]+"
        ),
        rf"\1\2{_MASK}",
    ),
    (re.compile("|".join(rf"(?:\b{token})" for token in _KNOWN_TOKENS)), _MASK),
    (
        # "Basic authentication" and `Bearer realm="…"` are words about a scheme, not a credential.
        re.compile(
            r"(?i)\b(basic|bearer|negotiate)(\s+)"
            r"(?!(?-i:[a-z]{1,16})(?![\w.~+/=-]))(?!(?:realm|service|scope|error|charset)\s*=)"
            r"[\w.~+/=-]{4,}"
        ),
        rf"\1\2{_MASK}",
    ),
    (re.compile(rf"(?i)((?:{_NAMES_OF_SECRETS})[\"']\s*[:=]\s*[\"'])[^\"']+"), rf"\1{_MASK}"),
    # "write key=value" explains a syntax.
    (re.compile(rf"(?i)((?:{_NAMES_OF_SECRETS})=[\"']?)(?!value\b)[^\s\"'&,;)<>]+"), rf"\1{_MASK}"),
    (
        # An option of a command line with its value, but not a sentence about the option.
        re.compile(
            r"(?i)(--(?:[a-z]{1,20}-){0,3}(?:pass(?:word|wd|phrase)?|token|secret|pat)\s+[\"']?)"
            r"(?!(?:and|or|is|are|was|has|must|may|can|cannot|for|from|in|of|to|with)\b)[^\s\"'-][^\s\"']*"
        ),
        rf"\1{_MASK}",
    ),
    (
        re.compile(
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
        ),
        _MASK,
    ),
)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without user info and query strings of URLs, Authorization values and tokens.

    Args:
        text: Anything a foreign server or library said.
        secrets: Values known to be secret, removed wherever they stand (those under 4 characters stay:
            taking them out would tear ordinary words apart).
    """
    for secret in sorted(filter(lambda value: len(value) >= 4, secrets), key=len, reverse=True):
        text = text.replace(secret, _MASK)
    if _is_plain(text):
        return text
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def _is_plain(text: str) -> bool:
    if not text.isascii():
        # Patterns that ignore case also match some letters beyond ASCII, which `lower` leaves as they are.
        return False
    lowered = text.lower()
    for mark in _MARKS:  # noqa: SIM110 - a generator would cost twice as much, for every text of every status
        if mark in lowered:
            return False
    return True
