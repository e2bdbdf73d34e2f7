"""A PowerPoint file: the summary, then one picture per slide.

`pptx` is imported with the first package, not at startup: only packages need it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

WIDTH, HEIGHT, MARGIN = 12_192_000, 6_858_000, 457_200
"""EMU (914,400 to the inch): 16:9, as PowerPoint's own."""
TITLE_HEIGHT = 900_000
TITLE_PT, TEXT_PT = 28, 16
LINES, LINE_CHARACTERS = 11, 105
"""Of a slide of text."""
MAX_ABOUT = 255
"""Characters of a property of the file."""
TITLE_ONLY = 5
"""The layout of this number in the package's own template: a title, and nothing below."""


_NOT_XML = re.compile("[^\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")


def presentation(title: str, lines: Sequence[str], pictures: Sequence[tuple[str, bytes]], at: datetime) -> bytes:
    """`pictures`: (title, PNG)."""
    from pptx import Presentation
    from pptx.util import Emu

    deck = Presentation()
    deck.slide_width, deck.slide_height = Emu(WIDTH), Emu(HEIGHT)
    title = _plain(title)
    for some in _pages([_plain(line) for line in lines]):
        _text(_slide(deck, title), some)
    for name, png in pictures:
        _picture(_slide(deck, _plain(name)), _plain(name), png)
    about = deck.core_properties
    about.title, about.author, about.last_modified_by = title[:MAX_ABOUT], _plain(settings.COMPANY_NAME)[:MAX_ABOUT], ""
    about.created = about.modified = at.astimezone(UTC).replace(tzinfo=None)
    out = io.BytesIO()
    deck.save(out)
    return out.getvalue()


def _plain(text: str) -> str:
    """On one line, without characters that the file can't hold: people name tags and channels."""
    return _NOT_XML.sub("\ufffd", " ".join(str(text).split()))


def _pages(lines: Sequence[str]) -> Iterator[list[str]]:
    """As many as fit on a slide; at least one page, if an empty one."""
    page: list[str] = []
    used = 0
    for line in lines:
        needs = -(-len(line) // LINE_CHARACTERS)
        if page and used + needs > LINES:
            yield page
            page, used = [], 0
        page.append(line)
        used += needs
    yield page


def _slide(deck: Any, title: str) -> Any:
    from pptx.util import Pt

    slide = deck.slides.add_slide(deck.slide_layouts[TITLE_ONLY])
    head = slide.shapes.title
    head.left, head.top, head.width, head.height = MARGIN, MARGIN // 2, WIDTH - 2 * MARGIN, TITLE_HEIGHT
    head.text_frame.text = title
    head.text_frame.paragraphs[0].font.size = Pt(TITLE_PT)
    return slide


def _text(slide: Any, lines: Sequence[str]) -> None:
    from pptx.util import Pt

    top = MARGIN + TITLE_HEIGHT
    frame = slide.shapes.add_textbox(MARGIN, top, WIDTH - 2 * MARGIN, HEIGHT - top - MARGIN).text_frame
    frame.word_wrap = True
    for number, line in enumerate(lines):
        paragraph = frame.paragraphs[0] if not number else frame.add_paragraph()
        paragraph.text, paragraph.space_after = line, Pt(6)
        paragraph.font.size = Pt(TEXT_PT)


def _picture(slide: Any, name: str, png: bytes) -> None:
    """As large as fits below the title, centred, with the title as its text alternative."""
    top = MARGIN + TITLE_HEIGHT
    drawn = slide.shapes.add_picture(io.BytesIO(png), 0, 0)
    scale = min((WIDTH - 2 * MARGIN) / drawn.width, (HEIGHT - top - MARGIN) / drawn.height)
    drawn.width, drawn.height = round(drawn.width * scale), round(drawn.height * scale)
    drawn.left, drawn.top = (WIDTH - drawn.width) // 2, top
    drawn._element.nvPicPr.cNvPr.set("descr", name)
