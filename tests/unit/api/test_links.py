"""The links of the pages: each leads to a file, and to a heading that is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from dev.cache import PROJECT
from tests.support.pages import DOCS

PAGES: Final = [PROJECT / "README.md", *sorted(DOCS.glob("*.md"))]


def prose_of(page: Path) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def anchors_of(page: Path) -> set[str]:
    """The headings of a page as links name them."""
    headings = re.findall(r"^#+ (.+)$", prose_of(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    """Headings are renamed, and files are moved; readers notice it last."""
    links = re.findall(r"\]\((?!https?://)([^)#]*)(?:#([^)]+))?\)", prose_of(page))
    for path, anchor in links:
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), path
        assert not anchor or anchor in anchors_of(target), f"{path}#{anchor}"
