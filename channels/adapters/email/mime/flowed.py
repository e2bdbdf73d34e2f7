"""Joins the lines of format=flowed paragraphs (RFC 3676)."""

from __future__ import annotations


def unflow(text: str, delete_space: bool = False) -> str:
    """A line ending in a space continues on the next one of the same quote depth; `-- ` never does (section 4.3).

    `delete_space` is the DelSp parameter: the space at the line break isn't part of the text.
    """
    out: list[str] = []
    paragraph: list[str] = []
    depth, flowing = 0, False
    for line in text.split("\n"):
        content = line.lstrip(">")
        level = len(line) - len(content)
        if content.startswith(" "):
            content = content[1:]  # space-stuffed (4.4)
        signature = content == "-- "
        if flowing and (level != depth or signature):
            out.append(_quoted(paragraph, depth))
            flowing = False
        if not flowing:
            paragraph = []
        depth = level
        flowing = content.endswith(" ") and not signature
        paragraph.append(content[:-1] if flowing and delete_space else content)
        if not flowing:
            out.append(_quoted(paragraph, depth))
    if flowing:
        out.append(_quoted(paragraph, depth))
    return "\n".join(out)


def _quoted(paragraph: list[str], depth: int) -> str:
    text = "".join(paragraph)
    return ">" * depth + " " + text if depth and text else ">" * depth + text
