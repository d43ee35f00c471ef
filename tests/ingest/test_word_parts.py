"""Text of Word files that stands outside plain paragraphs: none of it is lost."""

from __future__ import annotations

import docx
import pytest
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from optional_programs import needs_pandoc

from docpager.ingest.readers.office import DocxReader
from docpager.ingest.readers.programs import PANDOC, run_program
from docpager.ingest.readers.word_parts import prepared

NAMESPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:v="urn:schemas-microsoft-com:vml" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
)
BOX = (
    "<w:txbxContent><w:p><w:r><w:t>In a box</w:t></w:r></w:p><w:tbl><w:tblPr/><w:tblGrid/><w:tr><w:tc><w:p><w:r>"
    "<w:t>a</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc></w:tr></w:tbl></w:txbxContent>"
)


def run(text):
    return f"<w:r><w:t>{text}</w:t></w:r>"


@pytest.fixture
def text_of(tmp_path):
    """The text of a file whose body holds this XML, with these notes and comments."""

    def text_of(body, **notes):
        document = docx.Document()
        root = parse_xml(f"<w:body {NAMESPACES}>{body}</w:body>")
        for child in reversed(list(root)):
            document.element.body.insert(0, child)
        for kind, texts in notes.items():
            held = "".join(f'<w:note w:id="{n}"><w:p>{run(text)}</w:p></w:note>' for n, text in texts.items())
            data = f'<w:{kind} {NAMESPACES}><w:note w:type="separator" w:id="-1"/>{held}</w:{kind}>'.encode()
            name = PackURI(f"/word/{kind}.xml")
            part = Part(name, "application/xml", data, document.part.package)
            document.part.relate_to(part, RELATIONSHIP_TYPE.STYLES.replace("styles", kind))
        document.save(tmp_path / "a.docx")
        return DocxReader().read(tmp_path / "a.docx").pages[0].text

    return text_of


CASES = [
    (f"<w:sdt><w:sdtPr/><w:sdtContent><w:p>{run('Controlled')}</w:p></w:sdtContent></w:sdt>", "Controlled"),
    (f"<w:p>{run('A ')}<w:sdt><w:sdtContent>{run('field')}</w:sdtContent></w:sdt></w:p>", "A field"),
    (f"<w:p>{run('A ')}<w:ins>{run('new')}</w:ins><w:del><w:r><w:delText>old</w:delText></w:r></w:del></w:p>", "A new"),
    (f"<w:p><w:smartTag>{run('Smart')}</w:smartTag><w:fldSimple>{run(' 12')}</w:fldSimple></w:p>", "Smart 12"),
    (
        f"<w:p>{run('Beside')}<w:r><w:pict><v:textbox>{BOX}</v:textbox></w:pict></w:r></w:p>",
        "Beside\n\nIn a box\n\na | b",
    ),
    (
        f"<w:p>{run('Once')}<w:r><mc:AlternateContent><mc:Choice><w:drawing>{BOX}</w:drawing></mc:Choice><mc:Fallback>"
        f"<w:pict>{BOX}</w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>",
        "Once\n\nIn a box\n\na | b",
    ),
    (
        f"<w:p>{run('It is ')}<m:oMath><m:r><m:t>E=m</m:t></m:r><m:r><m:t>c2</m:t></m:r></m:oMath>{run('.')}</w:p>",
        "It is E=mc2.",
    ),
    (
        '<w:sdt><w:sdtPr><w:docPartObj><w:docPartGallery w:val="Table of Contents"/></w:docPartObj></w:sdtPr>'
        f"<w:sdtContent><w:p>{run('Results 3')}</w:p></w:sdtContent></w:sdt><w:p>{run('Results')}</w:p>",
        "Results",
    ),
]


@pytest.mark.parametrize(("body", "text"), CASES)
def test_text_in_parts_that_wrap_it_is_read_once(text_of, body, text):
    assert text_of(body) == text


def test_notes_and_comments_follow_the_block_they_hang_on(text_of):
    cell = f'<w:tc><w:p>{run("Seal")}<w:r><w:footnoteReference w:id="7"/></w:r></w:p></w:tc>'
    body = (
        f'<w:p>{run("Grew")}<w:r><w:footnoteReference w:id="4"/></w:r>{run(" by 12 %")}'
        f'<w:r><w:commentReference w:id="0"/></w:r><w:r><w:endnoteReference w:id="4"/></w:r></w:p>'
        f"<w:tbl><w:tblPr/><w:tblGrid/><w:tr>{cell}<w:tc><w:p>{run('12')}</w:p></w:tc></w:tr></w:tbl><w:p>{run('End')}</w:p>"
    )
    found = text_of(body, footnotes={4: "Audited.", 7: "Rubber."}, endnotes={4: "See Annex."}, comments={0: "Sure?"})
    assert found.split("\n\n") == [
        "Grew[1] by 12 %[2]",
        "[1] Audited.",
        "Comment: Sure?",
        "[2] See Annex.",
        "Seal[3] | 12",
        "[3] Rubber.",
        "End",
    ]


def test_a_file_of_plain_paragraphs_is_left_as_it_is(tmp_path):
    document = docx.Document()
    document.add_paragraph("Plain.")
    document.save(tmp_path / "a.docx")
    assert prepared(tmp_path / "a.docx") is None


@needs_pandoc
def test_notes_and_formulas_of_a_file_that_pandoc_writes_are_kept(tmp_path):
    source = "Clean it.[^1] $E = mc$ and more.\n\n[^1]: Or twice.\n"
    made = run_program(PANDOC, ["--from=markdown", "--to=docx", "--output=-"], source.encode(), seconds=20)
    (tmp_path / "a.docx").write_bytes(made)
    assert DocxReader().read(tmp_path / "a.docx").pages[0].text == "Clean it.[1] E=mc and more.\n\n[1] Or twice."
