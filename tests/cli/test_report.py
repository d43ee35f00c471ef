"""``report``: one file that needs nothing else, in which a stranger's words stay words."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import shutil
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_runs import answer, citation, events, pdf, read_folder, write_run

from docpager.batch.executors.inline import InlineExecutor
from docpager.errors import TemporaryError
from docpager.protocols import Failure, FailureKind, Outcome
from docpager.records import ExitStatus, Question, VerifyStatus
from docpager.reporting.page_pictures import CONTEXT, WIDTH, FileState, PicturesWanted, QuoteOnPage, apart, draw_pages
from docpager.reporting.text import script_json, shown, with_references
from docpager.reporting.writing import write_report

TEXT = "# Quern Line\n\nThe ferry carried 88,460 passengers in 2023.\n\nA ferry sails each hour.\n"
PAGE_1 = [(72, 700, "Revenue was 1,204 million."), (72, 400, "Costs were 900 million."), (72, 100, "The end.")]
PAGE_2 = [(72, 700, "Costs were 900 million."), (72, 680, "Profit"), (300, 680, "304"), (400, 680, "287")]
HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(2)">&"\'</title></style>'


class Elements(HTMLParser):
    """What a page is made of: elements with their attributes, and the text of each kind."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._open.append(tag)
        self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data):
        for tag in set(self._open):
            self.texts[tag][-1] += data

    def of(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def root(tmp_path):
    """A folder of documents: a PDF of two pages, and a text."""
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "annual.pdf").write_bytes(pdf([PAGE_1, PAGE_2]))
    (folder / "quern.md").write_text(TEXT, encoding="utf-8")
    return folder


@pytest.fixture
def archive(root):
    return read_folder(root)


@pytest.fixture
def run(tmp_path, archive):
    """A run of three questions: one cites the PDF twice, one the text, one was given up."""
    cited = [
        citation(archive, "annual.pdf", "Revenue was 1,204 million."),
        citation(archive, "annual.pdf", "Costs were 900 million.", 2, page_number=1),
    ]
    segments = [segment.segment_id for d in archive.documents() for segment in archive.segments_of(d.doc_id)]
    ferry = [citation(archive, "quern.md", "The ferry carried 88,460 passengers in 2023.")]
    asked = [
        (Question("revenue", 0, "What was revenue?"), answer("revenue", "1,204 million [1] less 900 [2]", cited)),
        (
            Question("ferry", 1, "How many passengers?"),
            answer("ferry", "88,460 [1]", ferry, trace=events(segments), unread=segments[:2], read=segments[2:]),
        ),
        (
            Question("abstained", 2, "Who wrote it?"),
            answer("abstained", status=ExitStatus.ABSTAINED, abstain_reason="No line bears it."),
        ),
    ]
    return write_run(tmp_path / "run", asked)


def written(run, archive, **named):
    """The report of a run, and what it says of itself."""
    report = write_report(run, run / "report.html", archive, InlineExecutor(), **named)
    return report, report.path.read_text(encoding="utf-8")


def block(html, name):
    """The data of that name."""
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', html)
    return None if found is None else json.loads(found[1])


def marks(html, number=0):
    """The boxes marked for each citation that has a picture."""
    found = [a for a in Elements(html).of("details") if a.get("data-picture") == str(number)]
    return [json.loads(attributes["data-marks"]) for attributes in found]


# The file


def test_one_file_holds_everything_and_reaches_for_nothing(run, archive):
    report, html = written(run, archive)
    page = Elements(html)
    assert report.beside is None
    assert sorted(p.name for p in run.iterdir() if "report" in p.name) == ["report.html"]
    assert {name for name, _ in page.elements} & {"link", "iframe", "object", "embed", "img", "base"} == set()
    assert [a for _, a in page.elements if "src" in a or "style" in a] == []
    assert [a["href"] for a in page.of("a") if not a["href"].startswith("#")] == []
    assert [name for _, a in page.elements for name in a if name.startswith("on")] == []


def test_nothing_but_the_pages_own_style_and_script_may_act(run, archive):
    _, html = written(run, archive)
    policy = next(a["content"] for a in Elements(html).of("meta") if a.get("http-equiv") == "Content-Security-Policy")
    parts = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    style, script = (
        re.search(r"<style>(.*?)</style>", html, re.S)[1],
        re.search(r"<script>(.*?)</script>", html, re.S)[1],
    )

    def named(content):
        return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"

    assert parts == {
        "default-src": "'none'",
        "script-src": named(script),
        "style-src": named(style),
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_strangers_words_stay_words(tmp_path):
    root = tmp_path / "reports"
    root.mkdir()
    (root / "a.txt").write_text(f"Dues rose. {HOSTILE}\n", encoding="utf-8")
    archive = read_folder(root)
    quote = archive.paper_pages(next(archive.documents()).doc_id)[0].text.strip()
    cited = citation(archive, "a.txt", quote, claim=HOSTILE)
    asked = [
        (
            Question(HOSTILE, 0, HOSTILE, input={HOSTILE: HOSTILE}),
            answer(HOSTILE, f"{HOSTILE} [1]", [cited], conflicts=(HOSTILE,), trace=events([HOSTILE, "p2"])),
        ),
        (
            Question("b", 1, "b"),
            answer("b", status=ExitStatus.MODEL_ERROR, error_message=HOSTILE, abstain_reason=HOSTILE),
        ),
    ]
    _, html = written(write_run(tmp_path / "run", asked), archive)
    page = Elements(html)
    assert "alert(1)</script>" not in html
    assert page.of("img") == []
    assert len([a for a in page.of("script") if a.get("type") is None]) == 1
    assert HOSTILE in "".join(page.texts["h3"])
    assert HOSTILE in "".join(page.texts["blockquote"])
    assert "<" not in re.search(r'id="story-1">(.*?)</script>', html)[1]


@given(st.text() | st.lists(st.text()) | st.dictionaries(st.text(), st.text()))
def test_data_in_a_script_is_json_and_never_markup(value):
    text = script_json(value)
    assert json.loads(text) == value
    assert not set("<>&\u2028\u2029") & set(text)


@given(st.text())
def test_no_text_steers_the_screen(text):
    assert not set("\x00\x08\x1b\x7f\x9b\u202e\u2066") & set(shown(text))


def test_numbers_in_an_answer_lead_to_citations_that_are_there():
    assert with_references("Yes [1]. No [3] [12]", frozenset({1, 12})) == [
        ("Yes ", None),
        ("[1]", 1),
        (". No [3] ", None),
        ("[12]", 12),
    ]


def test_a_file_that_cannot_be_written_leaves_the_earlier_one(run, archive):
    (run / "report.html").write_text("an earlier one", encoding="utf-8")
    (run / ".report.html.tmp").mkdir()
    with pytest.raises(TemporaryError, match=r"Cannot write .*report.html: Is a directory"):
        written(run, archive)
    assert (run / "report.html").read_text(encoding="utf-8") == "an earlier one"
    (run / ".report.html.tmp").rmdir()
    written(run, archive)
    assert (run / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert [p.name for p in run.iterdir() if p.name.endswith(".tmp")] == []


# What it says


def test_the_summary_tells_statuses_cost_time_tokens_and_how_it_was_made(run, archive):
    text = " ".join("".join(Elements(written(run, archive)[1]).texts["main"]).split())
    for words in (
        "Answered 2 of 3 questions",
        "Citations verified 3 of 3",
        "Cost $0.0036",
        "Tokens 3,840",
        "✓answered 2 –abstained 1",
        "Archive generation 1",
        "Model extractive",
        "Context window",
    ):
        assert words.replace(" ", "") in text.replace(" ", ""), words


def test_what_was_ranked_and_not_read_and_what_was_given_up_is_told(run, archive):
    text = " ".join("".join(Elements(written(run, archive)[1]).texts["main"]).split())
    assert "2 passages that search listed were never read; reading stopped because no unread result fitted" in text
    assert "annual.pdf, page 1" in text
    assert "Abstained: No line bears it." in text


def test_every_answer_links_to_its_citations(run, archive):
    page = Elements(written(run, archive)[1])
    assert [a["href"] for a in page.of("a") if a.get("class") == "ref"] == ["#q1-c1", "#q1-c2", "#q2-c1"]
    assert {a["id"] for a in page.of("li") if "id" in a} == {"q1-c1", "q1-c2", "q2-c1"}


def test_changes_since_an_earlier_run_are_told(run, archive, tmp_path):
    asked = [(Question("ferry", 1, "How many passengers?"), answer("ferry", "80,460", unread=["x"]))]
    earlier = write_run(tmp_path / "earlier", asked, context_tokens=4096)
    _, html = written(run, archive, against=earlier)
    page = Elements(html)
    text = " ".join("".join(page.texts["main"]).split())
    assert "Changes since earlier: 3, 0 the same" in text
    assert "80,460" in text
    assert [a["id"] for a in page.of("article") if "data-changed" in a] == ["q1", "q2", "q3"]


def test_a_question_that_was_never_asked_has_its_reason(tmp_path, archive):
    asked = [
        (Question("a", 0, "Good?"), answer("a", "Yes")),
        (Question("a", 1, "", invalid_reason="The id a is taken."), None),
    ]
    _, html = written(write_run(tmp_path / "run", asked), archive)
    text = "".join(Elements(html).texts["main"])
    assert "The id a is taken." in text
    assert "(no question)" in text


# Sources


def test_a_text_shows_the_quote_where_it_stands(run, archive):
    html = written(run, archive)[1]
    assert "88,460 passengers" in Elements(html).texts["mark"][-1]
    stored = re.findall(r'<p class="stored">(.*?)</p>', html, re.S)[-1]
    assert stored.startswith("Quern Line")
    assert stored.endswith("A ferry sails each hour.")


def test_a_page_is_drawn_once_for_all_that_is_cited_from_it(run, archive):
    report, html = written(run, archive)
    assert report.pictures == 1
    assert len(marks(html)) == 2
    assert block(html, "picture-1") is None
    picture = block(html, "picture-0")
    data = base64.b64decode(picture["data"])
    assert picture["type"] in ("image/png", "image/webp")
    assert len(data) < 40_000

    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        assert image.size == (picture["width"], picture["height"])
        assert image.width == WIDTH


def dark_rows(data, box):
    """Rows of a picture with ink in them, between a box's left and right."""
    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        grey = image.convert("L")
    left, _, right, _ = box
    return [y for y in range(grey.height) if grey.crop((left, y, right, y + 1)).getextrema()[0] < 128]


def test_the_marks_lie_on_the_quoted_lines(root):
    from reportlab.pdfbase.pdfmetrics import stringWidth

    whole = PicturesWanted(str(root / "annual.pdf"), None, ((1, (QuoteOnPage(7, "Costs were 900 million."),)),), True)
    made = draw_pages(whole)
    (picture,) = made.pictures
    scale = WIDTH / 612
    ((left, top, right, bottom),) = picture.marks[7]
    assert left == pytest.approx(72 * scale, abs=4)
    assert top < (792 - 400 - 8.6) * scale < (792 - 400) * scale < bottom
    assert bottom - top < 20 * scale
    assert right == pytest.approx((72 + stringWidth("Costs were 900 million.", "Helvetica", 12)) * scale, abs=4)
    ink = [y for y in dark_rows(picture.data, (left, top, right, bottom)) if abs(y - top) < 60]
    assert top <= min(ink)
    assert max(ink) <= bottom


def test_a_crop_is_the_quote_with_some_lines_around_it(root):
    wanted = PicturesWanted(str(root / "annual.pdf"), None, ((1, (QuoteOnPage(0, "Costs were 900 million."),)),))
    (picture,) = draw_pages(wanted).pictures
    ((_, top, _, bottom),) = picture.marks[0]
    assert top == CONTEXT
    assert picture.height == bottom + CONTEXT


def test_all_the_cells_of_a_row_are_one_mark_and_lines_are_several(root):
    quotes = (QuoteOnPage(0, "Profit 304 287"), QuoteOnPage(1, "Costs were 900 million.\nProfit 304"))
    (picture,) = draw_pages(PicturesWanted(str(root / "annual.pdf"), None, ((2, quotes),))).pictures
    ((left, _, right, _),) = picture.marks[0]
    assert right - left > 300 * WIDTH / 612
    assert len(picture.marks[1]) == 2


def test_of_two_places_the_one_that_was_cited_is_marked(tmp_path):
    lines = [(72, 700, "Total 12"), (72, 500, "Other 15"), (72, 300, "Total 12")]
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "a.pdf").write_bytes(pdf([lines]))
    archive = read_folder(tmp_path / "reports")
    second = citation(archive, "a.pdf", "Total 12", after="Other")
    asked = [(Question("a", 0, "a"), answer("a", "12 [1]", [second]))]
    _, html = written(write_run(tmp_path / "run", asked), archive, pictures="all")
    (((_, top, _, _),),) = marks(html)
    assert top == pytest.approx((792 - 300 - 10) * WIDTH / 612, abs=12)


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_on_a_turned_page_the_marks_turn_too(tmp_path, turn):
    import pypdf

    (tmp_path / "a.pdf").write_bytes(pdf([PAGE_1]))
    writer = pypdf.PdfWriter(clone_from=tmp_path / "a.pdf")
    writer.pages[0].rotate(turn)
    writer.write(tmp_path / "turned.pdf")
    wanted = PicturesWanted(str(tmp_path / "turned.pdf"), None, ((1, (QuoteOnPage(0, "The end."),)),), True)
    (picture,) = draw_pages(wanted).pictures
    left, top, right, bottom = (
        min(box[0] for box in picture.marks[0]),
        min(box[1] for box in picture.marks[0]),
        max(box[2] for box in picture.marks[0]),
        max(box[3] for box in picture.marks[0]),
    )
    from PIL import Image

    with Image.open(io.BytesIO(picture.data)) as image:
        inside = image.convert("L").crop((left, top, right, bottom))
    assert inside.getextrema()[0] < 100
    assert (bottom - top > right - left) == (turn != 180)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda file: file.write_bytes(pdf([PAGE_2])), "The file has changed since it was read."),
        (lambda file: file.unlink(), "The file is no longer where it was read."),
    ],
)
def test_of_a_source_that_changed_or_is_gone_the_stored_text_is_shown(root, run, archive, spoil, words):
    spoil(root / "annual.pdf")
    report, html = written(run, archive)
    assert report.pictures == 0
    assert html.count(words) == 2
    assert "Revenue was 1,204 million." in Elements(html).texts["mark"][0]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda file: file.write_text("Other words.", encoding="utf-8"), "The file has changed since it was read."),
        (lambda file: file.unlink(), "The file is no longer where it was read."),
    ],
)
def test_a_text_that_changed_or_is_gone_says_so_too(root, run, archive, spoil, words):
    spoil(root / "quern.md")
    assert written(run, archive)[1].count(words) == 1


def test_a_file_that_cannot_be_drawn_is_told(root):
    (root / "annual.pdf").write_bytes(b"%PDF-1.7\nnothing\n%%EOF\n")
    wanted = PicturesWanted(str(root / "annual.pdf"), None, ((1, ()),))
    assert draw_pages(wanted).state is FileState.UNREADABLE
    assert draw_pages(PicturesWanted(str(root / "none.pdf"), None, ((1, ()),))).state is FileState.GONE


def test_a_scanned_page_is_shown_whole_and_without_marks(root):
    from PIL import Image

    Image.new("RGB", (600, 800), "white").save(root / "scan.pdf")
    (picture,) = draw_pages(
        PicturesWanted(str(root / "scan.pdf"), None, ((1, (QuoteOnPage(0, "Words that OCR read."),)),))
    ).pictures
    assert picture.marks == {0: ()}
    assert (picture.width, picture.height) == pytest.approx((WIDTH, WIDTH * 800 / 600), abs=2)


def test_a_page_that_is_not_there_takes_no_other_with_it(root):
    wanted = PicturesWanted(str(root / "annual.pdf"), None, ((9, ()), (1, ())))
    made = draw_pages(wanted)
    assert [picture.page_number for picture in made.pictures] == [1]
    assert set(made.failed) == {9}


def test_without_the_archive_the_run_tells_what_it_kept(run):
    report, html = written(run, None)
    assert report.pictures == 0
    assert html.count("The archive does not know this document any more.") == 3
    assert "Revenue was 1,204 million." in Elements(html).texts["mark"][0]


def test_a_quote_that_stands_in_another_document_is_not_shown_where_it_was_said_to_stand(tmp_path, archive):
    from dataclasses import replace

    wrong = citation(archive, "annual.pdf", "A ferry sails each hour.", status=VerifyStatus.MISATTRIBUTED)
    wrong = replace(wrong, found_doc_path="quern.md", found_page_number=1)
    asked = [(Question("a", 0, "a"), answer("a", "Hourly [1]", [wrong], status=ExitStatus.UNVERIFIED))]
    report, html = written(write_run(tmp_path / "run", asked), archive)
    assert report.pictures == 0
    assert "The quote stands in another document: quern.md, page 1." in html
    assert "✕</span>misattributed" in html


def test_a_quote_that_stands_nowhere_is_no_source(tmp_path, archive):
    typed = citation(archive, "quern.md", "The ferry carried nobody.", status=VerifyStatus.NOT_FOUND)
    asked = [(Question("a", 0, "a"), answer("a", "None [1]", [typed], status=ExitStatus.UNVERIFIED))]
    _, html = written(write_run(tmp_path / "run", asked), archive)
    assert "This quote was found in no document. It is shown as the model typed it." in html


def test_where_the_archive_has_a_newer_text_the_run_tells_what_it_read(root, run):
    (root / "quern.md").write_text("The ferry carried 88,460 passengers in 2023. All of this is new.", encoding="utf-8")
    _, html = written(run, read_folder(root))
    assert "The file has changed since it was read." in html
    assert "All of this is new." not in html


@dataclass
class FallenExecutor:
    """Every task brings its process down."""

    def map(self, function, items):
        for item in items:
            yield Outcome(item, None, Failure(FailureKind.CRASH, "ProcessExpired", "died"), 0.1)

    def close(self):
        pass


def test_a_file_that_brings_its_process_down_leaves_the_stored_text(run, archive):
    report = write_report(run, run / "report.html", archive, FallenExecutor())
    html = report.path.read_text(encoding="utf-8")
    assert report.pictures == 0
    assert html.count("The file could not be opened. This is its text as it was stored.") == 2
    assert "Revenue was 1,204 million." in Elements(html).texts["mark"][0]


@pytest.mark.parametrize(
    ("boxes", "parted"),
    [
        ([(0, 0, 9, 10), (0, 8, 9, 18)], [(0, 0, 9, 9), (0, 9, 9, 18)]),
        ([(0, 0, 9, 10), (0, 10, 9, 20)], [(0, 0, 9, 10), (0, 10, 9, 20)]),
        ([(0, 50, 9, 60), (0, 8, 9, 18)], [(0, 50, 9, 60), (0, 8, 9, 18)]),
    ],
)
def test_no_stripe_is_marked_twice(boxes, parted):
    assert apart(boxes) == parted


# How large it is


def test_no_pictures_are_made_where_none_are_wanted(run, archive):
    report, html = written(run, archive, pictures="none")
    assert report.pictures == 0
    assert block(html, "picture-0") is None
    assert "Revenue was 1,204 million." in Elements(html).texts["mark"][0]


def test_what_does_not_fit_stands_beside_the_file(run, archive):
    whole, html = written(run, archive)
    least = whole.size - len(block(html, "picture-0")["data"]) - len(json.dumps(block(html, "story-2"))) + 4000
    report, html = written(run, archive, most_bytes=least)
    assert report.size <= least
    assert report.beside == run / "report.files"
    picture = block(html, "picture-0")
    assert picture["src"] == f"report.files/{next(report.beside.iterdir()).name}"
    assert "data" not in picture
    assert (run / picture["src"]).stat().st_size > 1000
    assert "img-src data: 'self' file:;" in html
    assert set(block(html, "story-2")) == {"gzip"}
    # With room again, the folder goes.
    assert written(run, archive)[0].beside is None
    assert not (run / "report.files").exists()


def test_stories_that_do_not_fit_are_pictures_beside_the_file(run, archive):
    whole, html = written(run, archive)
    least = whole.size - sum(len(json.dumps(block(html, name))) for name in ("picture-0", "story-2"))
    report, html = written(run, archive, most_bytes=least)
    assert report.files == 2
    assert (run / block(html, "story-2")["src"]).read_text(encoding="utf-8").startswith("<svg ")


def test_more_questions_than_a_file_holds_are_told_in_parts(tmp_path, archive):
    asked = [
        (Question(f"q{n}", n, f"What is {n}?"), answer(f"q{n}", status=ExitStatus.ABSTAINED, abstain_reason="No."))
        for n in range(40)
    ]
    run = write_run(tmp_path / "run", asked)
    report, html = written(run, archive, most_bytes=60_000)
    names = sorted(path.name for path in report.beside.iterdir())
    assert names == [f"questions-{number}.html" for number in range(2, len(names) + 2)]
    others = [path.read_text(encoding="utf-8") for path in report.beside.iterdir()]
    assert all(len(text.encode()) <= 60_000 for text in [html, *others])
    shown = [a["id"] for text in [html, *others] for a in Elements(text).of("article")]
    assert sorted(shown) == sorted(f"q{n}" for n in range(1, 41))
    links = [a["href"] for a in Elements(html).of("a") if a["href"].endswith("#q40")]
    assert links == [f"report.files/{names[-1]}#q40"]


# Commands


@pytest.fixture
def there(tmp_path, monkeypatch, small_archive, docpager):
    """A working folder with a run over an archive of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCPAGER_ABSTAIN_THRESHOLD", "0")
    shutil.copytree(small_archive, "small.lancedb")
    questions = (
        "question_id,question\nwallets,Wallets are kept for how many days?\nferry,How many passengers in 2023?\n"
    )
    Path("nightly.csv").write_text(questions, encoding="utf-8")
    docpager("run", "nightly.csv", "-o", "outputs/one", "--archive", "small.lancedb", "-q")
    return tmp_path


def test_the_command_says_what_it_wrote(docpager, there):
    ended = docpager("report", "one")
    assert ended.code == 0
    assert ended.out == "outputs/one/report.html\n"
    assert re.fullmatch(r"2 questions, \d citations?, 0 pictures of pages; 0.\d MB\n", ended.err)
    assert "Wallets are kept for ninety days." in Path("outputs/one/report.html").read_text(encoding="utf-8")


def test_the_command_writes_elsewhere_and_tells_machines(docpager, there):
    ended = docpager("report", "one", "-o", "mail.html", "--json", "-q")
    told = json.loads(ended.out)
    assert told["report"] == "mail.html"
    assert told["bytes"] == Path("mail.html").stat().st_size
    assert told["beside"] is None


def test_pages_are_drawn_in_processes_of_their_own(docpager, tmp_path, monkeypatch, root):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCPAGER_ABSTAIN_THRESHOLD", "0")
    Path("nightly.csv").write_text("question\nWhat were the costs in million?\n", encoding="utf-8")
    docpager("ingest", root, "--archive", "reports.lancedb", "-q")
    docpager("run", "nightly.csv", "-o", "outputs/one", "--archive", "reports.lancedb", "-q")
    told = json.loads(docpager("report", "one", "--pictures", "all", "--json", "-q").out)
    assert told["pictures"] >= 1
    html = Path("outputs/one/report.html").read_text(encoding="utf-8")
    assert all(marks(html, number) for number in range(told["pictures"]))


def test_an_archive_that_is_gone_is_told(docpager, there):
    shutil.rmtree("small.lancedb")
    assert docpager("report", "one").code == 0
    html = Path("outputs/one/report.html").read_text(encoding="utf-8")
    assert "Sources are shown as the run kept them" in html


def test_no_run_is_told(docpager, there):
    ended = docpager("report", "none")
    assert ended.code == 66
    assert "There is no run none" in ended.err
