"""What a Word file holds beside its plain paragraphs, put where a reader of paragraphs and tables finds it.

Left alone, python-docx passes over content controls, tracked insertions, text boxes, notes, comments and formulas.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from docpager.ingest.readers.composer import one_line

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_DROPPED = (f"{_MC}Fallback", f"{_W}del", f"{_W}moveFrom", f"{_W}sdtPr", f"{_W}sdtEndPr", f"{_W}customXmlPr")
_UNWRAPPED = (
    f"{_MC}AlternateContent",
    f"{_MC}Choice",
    f"{_W}sdt",
    f"{_W}sdtContent",
    f"{_W}ins",
    f"{_W}moveTo",
    f"{_W}smartTag",
    f"{_W}customXml",
    f"{_W}fldSimple",
    f"{_W}bdo",
    f"{_W}dir",
)
_NOTE_SIGNS = {f"{_W}footnoteReference": "footnotes", f"{_W}endnoteReference": "endnotes"}
_COMMENT_SIGN = f"{_W}commentReference"
_BOX = f"{_W}txbxContent"
_FORMULA = f"{_M}oMath"
_SHOWN = (f"{_W}t", f"{_W}tab", f"{_W}br", f"{_M}t")
_VANISH = f"{_W}vanish"
_OFF = frozenset(("0", "false", "off", "none"))
_CHANGED = frozenset((_VANISH, *_DROPPED, *_UNWRAPPED, *_NOTE_SIGNS, _COMMENT_SIGN, _BOX, _FORMULA))


def prepared(path: Path) -> io.BytesIO | None:
    """The file with all its text in paragraphs and tables; None where it has that already."""
    import docx

    document = docx.Document(str(path))
    body = document.element.body
    if not any(element.tag in _CHANGED for element in body.iter()):
        return None
    _Preparation(document.part, body).all_steps()
    held = io.BytesIO()
    document.save(held)
    held.seek(0)
    return held


class _Preparation:
    """The body of one Word file on its way to plain paragraphs and tables."""

    def __init__(self, part: Any, body: Any) -> None:
        self._body = body
        self._notes = {kind: _texts_by_id(part, kind) for kind in ("footnotes", "endnotes", "comments")}

    def all_steps(self) -> None:
        """Changes the body in place."""
        for contents in list(self._body.iter(f"{_W}docPartGallery")):
            if contents.get(f"{_W}val") == "Table of Contents":
                _remove(next(contents.iterancestors(f"{_W}sdt"), None))
        for element in list(self._body.iter(*_DROPPED)):
            _remove(element)
        for element in list(self._body.iter(_VANISH)):
            _remove_hidden(element)
        for element in list(self._body.iter(*_UNWRAPPED)):
            _unwrap(element)
        self._hang_on_paragraphs()
        for element in list(self._body.iter(_FORMULA)):
            _replace(element, _run("".join(text.text or "" for text in element.iter(f"{_M}t", f"{_W}t"))))

    def _hang_on_paragraphs(self) -> None:
        """Notes, comments and boxes follow the paragraph or the table that they hang on."""
        last: dict[Any, Any] = {}
        number = 0
        for element in list(self._body.iter(*_NOTE_SIGNS, _COMMENT_SIGN, _BOX)):
            block = next((a for a in element.iterancestors() if a.getparent() is self._body), None)
            if block is None:
                continue
            added = []
            if element.tag == _BOX:
                added = [child for child in element if child.tag in (f"{_W}p", f"{_W}tbl")]
            elif element.tag == _COMMENT_SIGN:
                text = self._notes["comments"].get(element.get(f"{_W}id"), "")
                added = [_paragraph(f"Comment: {text}")] if text else []
            else:
                text = self._notes[_NOTE_SIGNS[element.tag]].get(element.get(f"{_W}id"), "")
                number += 1
                _replace(element, _text(f"[{number}]"))
                added = [_paragraph(f"[{number}] {text}")] if text else []
            for new in added:
                last.get(block, block).addnext(new)
                last[block] = new


def _texts_by_id(part: Any, kind: str) -> dict[str, str]:
    """The text of each note or comment of a file, by its id."""
    from lxml import etree

    found: dict[str, str] = {}
    for relation in part.rels.values():
        if relation.is_external or not relation.reltype.endswith(f"/{kind}"):
            continue
        parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
        root = etree.fromstring(relation.target_part.blob, parser)
        for note in root if root is not None else ():
            if note.get(f"{_W}type") is None:
                found[note.get(f"{_W}id") or ""] = one_line(" ".join(map(_shown, note.iter(f"{_W}p"))))
    return found


def _shown(paragraph: Any) -> str:
    return "".join(" " if e.tag in (f"{_W}tab", f"{_W}br") else e.text or "" for e in paragraph.iter(*_SHOWN))


def _remove(element: Any) -> None:
    if element is not None and element.getparent() is not None:
        element.getparent().remove(element)


def _remove_hidden(vanish: Any) -> None:
    """Takes out the run that a mark hides; the mark of a paragraph's own end hides no text."""
    if str(vanish.get(f"{_W}val", "1")).lower() in _OFF:
        return
    properties = vanish.getparent()
    run = properties.getparent() if properties is not None and properties.tag == f"{_W}rPr" else None
    if run is not None and run.tag == f"{_W}r":
        _remove(run)


def _unwrap(element: Any) -> None:
    parent = element.getparent()
    if parent is None:
        return
    for child in list(element):
        element.addprevious(child)
    parent.remove(element)


def _replace(element: Any, new: Any) -> None:
    element.getparent().replace(element, new)


def _text(text: str) -> Any:
    from docx.oxml import OxmlElement

    made = OxmlElement("w:t")
    made.text = text
    made.set(_SPACE, "preserve")
    return made


def _run(text: str) -> Any:
    from docx.oxml import OxmlElement

    made = OxmlElement("w:r")
    made.append(_text(text))
    return made


def _paragraph(text: str) -> Any:
    from docx.oxml import OxmlElement

    made = OxmlElement("w:p")
    made.append(_run(text))
    return made
