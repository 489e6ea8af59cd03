"""The site has every page, and every link and picture leads somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.blocks import PAGES, ROOT, blocks

DOCS = ROOT / "docs"
LINK = re.compile(r"\]\(([^)\s]+)\)")


def links(page: str) -> Iterator[str]:
    """The links outside of blocks and of code."""
    inside = {
        number
        for block in blocks(page)
        for number in range(block.line, block.line + block.text.count("\n"))
    }
    for number, line in enumerate((ROOT / page).read_text(encoding="utf-8").split("\n"), 1):
        if number not in inside:
            yield from LINK.findall(re.sub(r"`[^`]*`", "", line))


def anchors(path: Path) -> set[str]:
    """The names of the places of a page."""
    text = path.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    named = {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}
    return named | set(re.findall(r'<a id="([^"]+)">', text))


def test_every_page_is_in_the_site() -> None:
    listed = re.findall(r"(\S+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(
        path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")
    )


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for link in links(page):
        if not link.startswith("https://"):
            place, _, anchor = link.partition("#")
            target = (ROOT / page).parent / place if place else ROOT / page
            assert target.exists(), f"{page}: {link}"
            assert not anchor or anchor in anchors(target), f"{page}: {link}"


@pytest.mark.parametrize("page", [each for each in PAGES if each.startswith("docs/")])
def test_pages_of_the_site_stay_within_it(page: str) -> None:
    """Links to what is beside docs/ would lead nowhere in the site."""
    outside = [
        link
        for link in links(page)
        if not link.startswith(("https://", "#"))
        and not ((ROOT / page).parent / link.partition("#")[0]).resolve().is_relative_to(DOCS)
    ]
    assert outside == []
