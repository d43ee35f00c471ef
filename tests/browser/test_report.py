"""A report as people read it: with a mouse, a keyboard, a screen reader, on a phone and on paper."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from report_runs import answer, citation, events, pdf, read_folder, write_run

from docpager.batch.executors.inline import InlineExecutor
from docpager.records import ExitStatus, Question, VerifyStatus
from docpager.reporting.writing import write_report

PAGE = [(72, 700, "Revenue was 1,204 million."), (72, 400, "Costs were 900 million."), (72, 100, "The end.")]
TEXT = "# Quern Line\n\nThe ferry carried 88,460 passengers in 2023.\n\nA ferry sails each hour.\n"
LONG = "annual-report-of-the-cooperative-with-a-very-long-name-that-nobody-would-ever-type-2023-2024-final.md"

BODIES = [
    "<script>{0}</script>",
    '"><script>{0}</script>',
    "</script><script>{0}</script>",
    "</title><script>{0}</script>",
    "</style><script>{0}</script>",
    "</p></li></ol><script>{0}</script>",
    "--><script>{0}</script>",
    "]]><script>{0}</script>",
    "<!--<script>{0}</script>",
    "<scr<script>ipt>{0}</scr</script>ipt>",
    '<img src=x onerror="{0}">',
    "<img src=x onerror={0}>",
    '"><img src=x onerror={0}>',
    "' onmouseover='{0}' x='",
    '" onfocus="{0}" autofocus tabindex=1 x="',
    '"><svg onload={0}>',
    "<svg><script>{0}</script></svg>",
    "<svg><animate onbegin={0} attributeName=x dur=1s>",
    "<svg><set onbegin={0} attributeName=x>",
    '<svg><use href="data:image/svg+xml,<svg id=x onload={0}/>#x">',
    "<math><mtext></mtext><script>{0}</script></math>",
    "<math><annotation-xml encoding=text/html><script>{0}</script></annotation-xml></math>",
    '<iframe src="javascript:{0}"></iframe>',
    '<iframe srcdoc="<script>{0}</script>"></iframe>',
    '<object data="javascript:{0}"></object>',
    '<embed src="javascript:{0}">',
    '<a href="javascript:{0}" autofocus>x</a>',
    '<form action="javascript:{0}"><button autofocus>x</button></form>',
    '<button formaction="javascript:{0}">x</button>',
    "<body onload={0}>",
    "<details open ontoggle={0}>",
    "<video><source onerror={0}></video>",
    "<audio src=x onerror={0}>",
    "<input autofocus onfocus={0}>",
    "<select autofocus onfocus={0}></select>",
    "<textarea autofocus onfocus={0}></textarea>",
    "<marquee onstart={0}>x</marquee>",
    '<meta http-equiv=refresh content="0;url=javascript:{0}">',
    '<base href="javascript:{0}//">',
    '<link rel=stylesheet href="data:text/css,*{{background:url(javascript:{0})}}">',
    "<style>@import 'javascript:{0}';</style>",
    "<style onload={0}></style>",
    '<noscript><p title="</noscript><img src=x onerror={0}>"></noscript>',
    "<template><script>{0}</script></template>",
    "<xmp></xmp><script>{0}</script>",
    "\u2028{0}\u2029",
    "\\u003cscript\\u003e{0}\\u003c/script\\u003e",
    '";{0};//',
    "';{0};//",
    "`;{0};//",
    "${{{0}}}",
    "{{{{ {0} }}}}",
    "{{% if 1 %}}<script>{0}</script>{{% endif %}}",
    "javascript:{0}",
    "data:text/html,<script>{0}</script>",
    "<!--blocks--><script>{0}</script>",
    "&lt;script&gt;{0}&lt;/script&gt;",
    "\x00<script\x00>{0}</script>",
    '<script/src="data:text/javascript,{0}"></script>',
    "<ScRiPt >{0}</sCrIpT >",
]
"""Ways for words to become a script, each with a place for what it would do."""
PAYLOADS = [body.format(f"window.ran=(window.ran||[]).concat({n});alert({n})") for n, body in enumerate(BODIES)]


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A report of five questions with everything a report can have."""
    root = tmp_path_factory.mktemp("made") / "reports"
    root.mkdir()
    (root / "annual.pdf").write_bytes(pdf([PAGE]))
    (root / LONG).write_text(TEXT, encoding="utf-8")
    (root / "gone.txt").write_text("Wallets are kept for ninety days.", encoding="utf-8")
    archive = read_folder(root)
    revenue = [
        citation(archive, "annual.pdf", "Revenue was 1,204 million."),
        citation(archive, "annual.pdf", "Costs were 900 million.", 2),
        citation(archive, "gone.txt", "Wallets are kept for ninety days.", 3, status=VerifyStatus.NORMALIZED),
    ]
    (root / "gone.txt").unlink()
    lost = citation(archive, LONG, "A ferry sails each hour.", status=VerifyStatus.STALE)
    ids = [segment.segment_id for d in archive.documents() for segment in archive.segments_of(d.doc_id)]
    asked = [
        (
            Question("revenue", 0, "What was revenue?", input={"topic": "money"}),
            answer("revenue", "1,204 million [1], less 900 [2]; wallets 90 days [3]", revenue, trace=events(ids * 3)),
        ),
        (
            Question("ferry", 1, "How often does a ferry sail?"),
            answer("ferry", "Hourly [1]", [lost], status=ExitStatus.UNVERIFIED, trace=events(ids), unread=ids[:2]),
        ),
        (
            Question("author", 2, "Who wrote it?"),
            answer("author", status=ExitStatus.ABSTAINED, abstain_reason="No line bears it.", trace=events([])),
        ),
        (
            Question("broken", 3, "What broke?"),
            answer("broken", status=ExitStatus.MODEL_ERROR, error_message="The endpoint closed the connection."),
        ),
        (Question("limit", 4, "What is the limit?"), answer("limit", "12", status=ExitStatus.STEP_LIMIT)),
    ]
    folder = root.parent
    earlier = write_run(folder / "earlier", asked[1:3], context_tokens=4096)
    run = write_run(folder / "run", asked)
    return write_report(run, run / "report.html", archive, InlineExecutor(), against=earlier).path


def rows(page):
    """The ids of the questions that are shown, in order."""
    return page.eval_on_selector_all(".question:not([hidden]) .id", "found => found.map((one) => one.textContent)")


def open_question(page, name):
    page.locator(f".question:has(.id:text-is('{name}')) > details > summary").click()


# Safe


@pytest.mark.parametrize("without_policy", [False, True])
def test_no_payload_runs(tmp_path, open_file, without_policy):
    """With the policy, and without it: what is escaped needs no second wall, and has one."""
    assert len(PAYLOADS) == len(set(PAYLOADS)) == 60
    root = tmp_path / "reports"
    root.mkdir()
    (root / "a.txt").write_text("\n\n".join(PAYLOADS), encoding="utf-8")
    archive = read_folder(root)
    text = archive.paper_pages(next(archive.documents()).doc_id)[0].text
    asked = []
    for n, payload in enumerate(PAYLOADS):
        quote = next((line for line in text.split("\n\n") if f"alert({n})" in line), payload)
        cited = citation(archive, "a.txt", quote, claim=payload)
        for name in ("doc_path", "doc_title", "page_label", "context_before", "context_after", "found_doc_path"):
            object.__setattr__(cited, name, payload)
        object.__setattr__(cited, "headings", (payload,))
        status = VerifyStatus.MISATTRIBUTED if n % 2 else VerifyStatus.EXACT
        object.__setattr__(cited, "verify_status", status)
        said = answer(
            payload, f"{payload} [1]", [cited], conflicts=(payload,), trace=events([payload]), unread=[payload]
        )
        asked.append((Question(payload, n, payload, input={payload: payload}), said))
    for n, payload in enumerate(PAYLOADS):
        failed = answer(f"{payload}{n}", status=ExitStatus.INTERNAL_ERROR, error_message=payload)
        asked.append((Question(f"{payload}{n}", n, payload), failed))
    run = write_run(tmp_path / "run", asked, model=PAYLOADS[0])
    report = write_report(run, run / "report.html", archive, InlineExecutor()).path
    opened = open_file(report, bypass_csp=without_policy)
    page = opened.page
    page.click("#open-all")
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
    page.wait_for_timeout(300)
    page.fill("#find", PAYLOADS[0])
    for summary in page.locator(".question:not([hidden]) summary").all()[:3]:
        summary.hover()
    page.wait_for_timeout(300)
    assert page.evaluate("window.ran || []") == []
    assert opened.dialogs == []
    assert opened.console == []
    assert opened.left == []
    assert page.locator("#rows script, #rows img, #rows iframe, main style").count() == 0
    assert page.locator("h3", has_text="alert(0)").first.text_content() == PAYLOADS[0]


def test_the_page_asks_for_nothing_and_complains_of_nothing(made, open_file):
    opened = open_file(made)
    opened.page.click("#open-all")
    for source in opened.page.locator(".source > summary").all():
        source.click()
    opened.page.wait_for_timeout(200)
    assert [url for url in opened.requests if not url.startswith("data:")] == [made.resolve().as_uri()]
    assert opened.console == []


def test_the_policy_stops_a_script_that_got_in(made, open_file):
    opened = open_file(made)
    opened.page.evaluate(
        "() => { const one = document.createElement('div'); one.innerHTML = '<img src=x onerror=\"window.ran=1\">';"
        "document.body.append(one); const two = document.createElement('script'); two.textContent = 'window.ran=2';"
        "document.body.append(two); }"
    )
    opened.page.wait_for_timeout(200)
    assert opened.page.evaluate("window.ran") is None
    assert any("Content Security Policy" in line for line in opened.console)


# Sources


def test_a_click_on_a_citation_shows_the_page_with_the_quote_marked(made, open_file):
    page = open_file(made).page
    open_question(page, "revenue")
    assert page.locator("svg image").count() == 0
    page.click("a.ref[href='#q1-c2']")
    page.wait_for_selector("#q1-c2 .sheet image")
    box = page.locator("#q1-c2 .frame rect").bounding_box()
    frame = page.locator("#q1-c2 .frame").bounding_box()
    assert frame["y"] <= box["y"]
    assert box["y"] + box["height"] <= frame["y"] + frame["height"]
    assert page.evaluate("document.activeElement.closest('li').id") == "q1-c2"
    label = page.locator("#q1-c2 svg").get_attribute("aria-label")
    assert label == "Picture of annual.pdf, page 1, with the quoted lines marked"
    # What is below the mark is ink on paper, as the picture says.
    import io

    from PIL import Image

    shot = Image.open(io.BytesIO(page.locator("#q1-c2 .frame rect").screenshot())).convert("RGB")
    reds, blues = shot.split()[0], shot.split()[2]
    assert reds.getextrema()[1] > 230
    assert blues.getextrema()[0] < 60
    assert min(reds.getextrema()) < 90


def test_a_picture_is_the_same_for_two_citations_and_shows_more_when_asked(made, open_file):
    page = open_file(made).page
    open_question(page, "revenue")
    page.click("#q1-c1 .source > summary")
    page.click("#q1-c2 .source > summary")
    hrefs = page.eval_on_selector_all(".frame image", "found => found.map((one) => one.getAttribute('href'))")
    assert len(hrefs) == 2
    assert hrefs[0] == hrefs[1]
    assert hrefs[0].startswith("data:image/")
    before = page.locator("#q1-c1 .frame").bounding_box()["height"]
    page.get_by_role("button", name="More of the page").first.click()
    assert page.locator("#q1-c1 .frame").bounding_box()["height"] > before + 50


def test_a_source_that_is_gone_says_so_and_shows_its_text(made, open_file):
    page = open_file(made).page
    open_question(page, "revenue")
    page.click("a.ref[href='#q1-c3']")
    assert "The file is no longer where it was read." in page.locator("#q1-c3 .note").inner_text()
    assert page.locator("#q1-c3 mark").inner_text() == "Wallets are kept for ninety days."


def test_pictures_beside_the_file_are_shown_too(tmp_path, made, open_file):
    root = tmp_path / "reports"
    root.mkdir()
    (root / "annual.pdf").write_bytes(pdf([PAGE]))
    archive = read_folder(root)
    cited = [citation(archive, "annual.pdf", "Revenue was 1,204 million.")]
    run = write_run(tmp_path / "run", [(Question("a", 0, "a"), answer("a", "1,204 [1]", cited))])
    whole = write_report(run, run / "report.html", archive, InlineExecutor())
    written = write_report(run, run / "report.html", archive, InlineExecutor(), most_bytes=whole.size - 1000)
    assert written.files == 1
    opened = open_file(written.path, width=1280)
    open_question(opened.page, "a")
    opened.page.click("#q1-c1 .source > summary")
    opened.page.wait_for_timeout(300)
    assert opened.console == []
    assert any("report.files/page-0" in url for url in opened.requests)
    import io

    from PIL import Image

    shot = Image.open(io.BytesIO(opened.page.locator("#q1-c1 .frame rect").screenshot())).convert("L")
    assert shot.getextrema()[0] < 90


# Search, filters, order


def test_words_are_found_in_questions_answers_and_quotes(made, open_file):
    page = open_file(made).page
    assert page.locator("#shown").inner_text() == "5 questions"
    page.fill("#find", "REVENUE")
    assert rows(page) == ["revenue"]
    assert page.locator("#shown").inner_text() == "1 of 5 questions"
    page.fill("#find", "ferry sails hour")
    assert rows(page) == ["ferry"]
    page.fill("#find", "nowhere")
    assert rows(page) == []
    assert page.locator("#empty").is_visible()
    page.click("text=Reset")
    page.wait_for_timeout(50)
    assert len(rows(page)) == 5


def test_filters_keep_what_has_the_status(made, open_file):
    page = open_file(made).page
    page.uncheck("input[value=answered]")
    assert rows(page) == ["ferry", "author", "broken", "limit"]
    page.click("text=Reset")
    page.select_option("#verified", "some")
    assert rows(page) == ["ferry"]
    page.select_option("#verified", "has normalized")
    assert rows(page) == ["revenue"]
    page.select_option("#verified", "")
    page.check("#changed")
    assert rows(page) == ["revenue", "broken", "limit"]


def test_the_order_can_be_chosen(made, open_file):
    page = open_file(made).page
    page.select_option("#sort", "unread")
    assert rows(page)[0] == "ferry"
    page.select_option("#sort", "order")
    assert rows(page) == ["revenue", "ferry", "author", "limit", "broken"]
    page.select_option("#sort", "number")
    assert rows(page) == ["revenue", "ferry", "author", "broken", "limit"]


# Keyboard


def test_the_keyboard_reaches_everything_and_escape_leads_back(made, open_file):
    page = open_file(made).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the questions"
    assert page.locator(".skip").bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "find"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.locator(".question > details > summary").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "ref"
    page.keyboard.press("Enter")
    page.wait_for_selector("#q1-c1 .sheet")
    assert page.evaluate("document.activeElement.closest('.source') !== null")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "frame"
    page.keyboard.press("Escape")
    assert page.locator("#q1-c1 .source").get_attribute("open") is None
    assert page.evaluate("document.activeElement.parentElement.className") == "source"
    page.keyboard.press("Escape")
    assert page.locator("#q1 > details").get_attribute("open") is None
    assert page.evaluate("document.activeElement.closest('article').id") == "q1"


def test_an_address_with_a_citation_opens_it(made, open_file):
    opened = open_file(made)
    opened.page.goto(made.resolve().as_uri() + "#q2-c1")
    opened.page.wait_for_selector("#q2-c1 .source[open]")
    assert opened.page.locator("#q2 > details").get_attribute("open") is not None


# Paging story


def test_the_paging_story_is_a_picture_with_words_and_a_table(made, open_file):
    page = open_file(made).page
    assert page.locator("svg.story").count() == 0
    open_question(page, "revenue")
    picture = page.locator("#q1 svg.story")
    assert picture.get_attribute("role") == "img"
    assert "What was revenue?" in picture.get_attribute("aria-label")
    lanes = picture.locator(".lane").all_text_contents()
    assert lanes == ["searches", "faults", "refaults", "page-ins", "evictions", "pins", "pressure", "step"]
    assert "tokens of pages in memory" in page.locator("#q1 .paging .small").inner_text()
    page.click("#q1 .steps > summary")
    page.wait_for_selector("#q1 table")
    head = page.locator("#q1 table th").all_text_contents()
    assert head == ["Step", "What happened", "In memory", "Room"]
    assert "searched for “ferry dues”" in page.locator("#q1 table").inner_text()


# Screens and paper


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_nobody_is_shut_out(made, open_file, width, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    opened = open_file(made, width=width, scheme=scheme, bypass_csp=True)
    page = opened.page
    everything = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    # What is not drawn yet has no place that could be compared with what lies below.
    page.add_style_tag(content=".question { content-visibility: visible !important }")
    found = axe.Axe().run(page, options=everything)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
    page.wait_for_timeout(200)
    for result in (found, axe.Axe().run(page, options=everything)):
        assert [(v["id"], [n["html"][:160] for n in v["nodes"]]) for v in result.response["violations"]] == []
        assert result.response["passes"]


@pytest.mark.parametrize("width", [360, 390, 768, 1280])
def test_nothing_is_wider_than_the_screen(made, open_file, width):
    page = open_file(made, width=width).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
    page.wait_for_timeout(200)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_on_paper_everything_is_open_and_controls_are_gone(made, open_file, tmp_path):
    import pypdfium2

    page = open_file(made).page
    page.pdf(path=tmp_path / "paper.pdf", format="A4")
    document = pypdfium2.PdfDocument(tmp_path / "paper.pdf")
    text = " ".join(" ".join(sheet.get_textpage().get_text_range().split()) for sheet in document)
    for words in ("A ferry sails each hour.", "No line bears it.", "room for pages", "gone.txt", "context_tokens"):
        assert words in text, words
    for words in ("Open all", "Reset", "Least confident", "Enlarge"):
        assert words not in text
    # The picture is drawn too.
    assert any(obj.type == 3 for sheet in document for obj in sheet.get_objects())
    assert page.locator("#q1 > details").get_attribute("open") is None


def test_without_scripts_answers_and_quotes_are_there(made, open_file):
    page = open_file(made, java_script_enabled=False).page
    assert page.locator("#controls").is_hidden()
    open_question(page, "ferry")
    assert page.locator("#q2 blockquote").inner_text() == "A ferry sails each hour."
    page.click("#q2-c1 .source > summary")
    assert page.locator("#q2-c1 mark").is_visible()


# Size


@pytest.mark.slow
def test_a_thousand_questions_open_within_two_seconds(tmp_path, open_file):
    from playwright.sync_api import expect

    root = tmp_path / "reports"
    root.mkdir()
    for n in range(40):
        sheets = [
            [(72, 740 - 20 * k, f"Figure {n}-{m}-{k} was {n * m + k:,} million.") for k in range(30)] for m in range(5)
        ]
        (root / f"report-{n}.pdf").write_bytes(pdf(sheets))
    archive = read_folder(root)
    ids = [segment.segment_id for d in archive.documents() for segment in archive.segments_of(d.doc_id)]
    asked = []
    for n in range(1000):
        cited = [
            citation(archive, f"report-{n % 40}.pdf", f"Figure {n % 40}-{m}-{n % 30} was", m + 1) for m in range(3)
        ]
        question = Question(f"q{n:04}", n, f"What was figure {n} of the collection, and how did it come about?")
        story = events(ids[n % 90 :][:12])
        said = answer(question.question_id, "It was so [1] and so [2][3].", cited, trace=story, unread=ids[:12])
        asked.append((question, said))
    run = write_run(tmp_path / "run", asked)
    report = write_report(run, run / "report.html", archive, InlineExecutor())
    assert report.size <= 15_000_000
    opened = open_file(report.path)
    times = []
    for _ in range(5):
        started = time.perf_counter()
        opened.page.goto(report.path.as_uri())
        assert opened.page.locator("#shown").inner_text() == "1,000 questions"
        opened.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        times.append(time.perf_counter() - started)
    print(f"{report.size / 1e6:.1f} MB, {report.pictures} pictures, opened in {min(times):.2f} to {max(times):.2f} s")
    assert min(times) < 2
    opened.page.fill("#find", "figure 777 ")
    expect(opened.page.locator("#shown")).to_have_text("1 of 1,000 questions", timeout=30_000)
    assert rows(opened.page) == ["q0777"]
    assert opened.console == []


def test_stories_are_drawn_and_parts_are_reached_where_room_is_short(tmp_path, open_file):
    root = tmp_path / "reports"
    root.mkdir()
    (root / "quern.md").write_text(TEXT, encoding="utf-8")
    archive = read_folder(root)
    ids = [segment.segment_id for d in archive.documents() for segment in archive.segments_of(d.doc_id)]
    asked = [(Question(f"q{n}", n, f"What is {n}?"), answer(f"q{n}", str(n), trace=events(ids * 4))) for n in range(60)]
    run = write_run(tmp_path / "run", asked)
    written = write_report(run, run / "report.html", archive, InlineExecutor(), most_bytes=100_000)
    assert written.size <= 100_000
    opened = open_file(written.path)
    open_question(opened.page, "q0")
    opened.page.wait_for_selector("#q1 svg.story")
    opened.page.click("nav a >> nth=0")
    first = opened.page.locator(".question").first.get_attribute("id")
    assert first != "q1"
    opened.page.locator(".question > details > summary").first.click()
    opened.page.wait_for_selector(f"#{first} svg.story")
    opened.page.click("nav a >> nth=0")
    assert opened.page.locator(".question").first.get_attribute("id") == "q1"
    assert opened.console == []
