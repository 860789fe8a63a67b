"""The page of `baogao models serve` in headless Chromium, as a researcher uses it."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from docx import Document

pytestmark = pytest.mark.browser
playwright = pytest.importorskip("playwright.sync_api", reason="install the extra dev to test the page")

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
# Text that would run, were it ever taken for HTML, and characters that UTF-16 counts as two.
EVIL = '<img src=x onerror="window.ran=1"><script>window.ran=1</script>'
REPORT = f"""关于云汐县2023年法治政府建设情况的报告
一、主要工作
(一)规范决策。县政府𠮷𠮷印发《𠮷<b>办法</b>》,受理案件3件、办结2万余件,{EVIL}办结率99.3%。
二、下一步工作
(一)继续培训。完成14个乡镇的培训,=1+1共5次。
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        pytest.skip("Chromium is absent; to test the page: apt-get install chromium")
    with playwright.sync_playwright() as started:
        running = started.chromium.launch(executable_path=chromium, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def open_page(browser, page_address) -> Iterator[Callable]:
    """A function that opens the page; at the end, no console line, error or request elsewhere was seen."""
    contexts, seen = [], []

    def open_it(locale: str = "zh-CN", **options):
        context = browser.new_context(locale=locale, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: seen.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: seen.append(f"error: {error}"))
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((page_address, "blob:"))
                else seen.append(f"request: {request.url}")
            ),
        )
        page.goto(page_address)
        playwright.expect(page.locator("#model")).to_have_text(re.compile("^tiny"))
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert seen == []


def drop(page, name: str, content: str) -> None:
    """Drop a file of that name on the page."""
    page.evaluate(
        """([name, content]) => {
            const data = new DataTransfer();
            data.items.add(new File([content], name));
            for (const kind of ["dragover", "drop"])
                document.body.dispatchEvent(
                    new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true}));
        }""",
        [name, content],
    )
    page.wait_for_selector("#blocks mark")


def spans(page) -> list[tuple[str, str, str]]:
    """(label, text before it in its paragraph, text) of every mark."""
    return [
        tuple(item)
        for item in page.eval_on_selector_all(
            "#blocks mark",
            """marks => marks.map(mark => {
                const range = document.createRange();
                range.setStart(mark.closest("p"), 0);
                range.setEndBefore(mark);
                return [mark.dataset.entity, range.toString(), mark.textContent];
            })""",
        )
    ]


def test_a_dropped_file_shows_spans_at_the_right_characters_and_runs_nothing(open_page):
    page = open_page()
    drop(page, "云汐<i>.txt", REPORT)
    text = REPORT.splitlines()[2]
    expected = [("INST", "县政府"), ("DOC", "《𠮷<b>办法</b>》"), ("METRIC", "3件"), ("METRIC", "2万余件")]
    got = spans(page)
    assert [(label, span) for label, _, span in got[:4]] == expected
    for _, before, span in got[:4]:
        assert text.startswith(before + span)
    paragraph = page.locator("#blocks .paragraph p").first.text_content()
    assert paragraph == text  # the tags of the report stand there as text
    assert page.evaluate("window.ran") is None
    assert page.locator("#blocks img, #blocks script, #blocks b, #outline b, #summary i").count() == 0
    assert page.locator("#report-name").text_content() == REPORT.splitlines()[0]
    assert page.locator("#summary").text_content().startswith("云汐<i> · ")


def test_the_outline_leads_to_headings_and_run_in_headings(open_page):
    page = open_page()
    drop(page, "a.txt", REPORT)
    outline = page.locator("#outline-list a")
    assert outline.all_text_contents() == ["一、主要工作", "(一)规范决策", "二、下一步工作", "(一)继续培训"]
    outline.nth(2).click()
    assert page.evaluate("document.querySelector(':target').textContent") == "二、下一步工作"
    assert page.locator("#blocks strong").nth(1).text_content() == "(一)规范决策"


def test_the_table_of_figures_is_shown_sorted_filtered_and_downloaded(open_page):
    page = open_page()
    drop(page, "a.txt", REPORT)
    page.click("#tab-figures")
    rows = page.locator("#figures tbody tr")
    assert rows.count() == 5
    assert "> 20,000 件" in rows.nth(1).text_content()
    page.click("#figures th:nth-child(3) button")
    assert page.locator("#figures th:nth-child(3)").get_attribute("aria-sort") == "ascending"
    assert rows.nth(0).locator(".go").text_content() == "99.3%"
    page.fill("#filter", "乡镇")
    assert rows.count() == 2
    with page.expect_download() as download:
        page.click("#csv")
    data = Path(download.value.path()).read_bytes()
    assert data.startswith(b"\xef\xbb\xbf") and download.value.suggested_filename == "a-figures.csv"
    table = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    assert [row["value"] for row in table] == ["3", "20000", "0.993", "14", "5"]
    with page.expect_download() as download:
        page.click("#jsonl")
    blocks = [json.loads(line) for line in Path(download.value.path()).read_text("utf-8").splitlines()]
    assert blocks[0]["report"] == "a" and sum(len(block["entities"]) for block in blocks) == 7
    page.locator("#figures .go").first.click()
    assert page.evaluate("document.activeElement.textContent") == "5次"  # the smaller one


def test_the_keyboard_is_enough(open_page):
    page = open_page()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.focus("#text")
    page.keyboard.insert_text(REPORT)
    page.keyboard.press("Tab")
    page.keyboard.insert_text("云州市云汐县人民政府")
    page.keyboard.press("Enter")
    page.wait_for_selector("#blocks mark")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.textContent") == "县政府"
    assert "云州市云汐县人民政府" in page.locator("#tip").text_content()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.textContent") == "《𠮷<b>办法</b>》"
    page.keyboard.press("f")
    assert page.locator("#view-figures").is_visible()
    page.keyboard.press("ArrowLeft")
    assert page.locator("#view-text").is_visible()
    page.keyboard.press("o")
    assert page.evaluate("document.activeElement.textContent") == "一、主要工作"
    page.keyboard.press("l")
    assert page.locator("#tab-figures").text_content() == "Figures"
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    assert page.locator("#start").is_visible()


@pytest.mark.parametrize(("locale", "figures"), [("zh-CN", "数据"), ("en-US", "Figures")])
def test_a_pdf_and_a_word_file_are_chosen_and_walked_by_keyboard(open_page, repo, tmp_path, locale, figures):
    document = Document()
    for line in REPORT.splitlines():
        document.add_paragraph(line)
    document.save(tmp_path / "云汐.docx")
    page = open_page(locale=locale)
    # Playwright takes over the browser's dialogue from the first listener on, and does not say when it has:
    # one that stays, from before the first key, leaves no moment in which a key opens a dialogue nobody sees.
    page.on("filechooser", lambda _: None)
    pdf = repo / "tests/corpus/files/report.pdf"
    for file, key, first in ((pdf, "Space", None), (tmp_path / "云汐.docx", "Enter", "县政府")):
        for _ in range(10):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.id") == "file":
                break
        assert page.evaluate("document.activeElement.id") == "file"
        with page.expect_file_chooser() as chooser:
            page.keyboard.press(key)
        chooser.value.set_files(file)
        page.wait_for_selector("#blocks mark")
        assert page.locator("#summary").text_content().startswith(f"{file.stem} · ")
        page.keyboard.press("j")
        focused = page.locator("#blocks mark:focus")
        assert focused.count() == 1 and first in (None, focused.text_content())
        page.keyboard.press("f")
        assert page.locator("#tab-figures").text_content() == figures
        assert page.locator("#figures tbody tr:visible").count() > 0
        page.keyboard.press("t")
        page.keyboard.press("n")
        assert page.locator("#start").is_visible()


def test_labels_are_switched_off_and_scores_shown(open_page):
    page = open_page(locale="en-US")
    answer = {
        "report": "r",
        "labels": {
            "section": [{"name": "PLANS", "zh": "下一步", "description": "", "color": "#37474f"}],
            "entity": [{"name": "INST", "zh": "机构", "description": "", "color": "#1565c0"}],
        },
        "blocks": [
            {
                "id": "r:1", "report": "r", "index": 1, "kind": "paragraph", "path": [], "text": "😀区政府。",
                "section": "PLANS", "section_score": 0.61,
                "entities": [{"start": 1, "end": 4, "label": "INST", "text": "区政府", "score": 0.52}],
            }
        ],
        "values": {}, "figures": [], "csv": "",
    }  # fmt: skip
    page.route("**/api/label", lambda route: route.fulfill(json=answer))
    page.fill("#text", "x")
    page.click("#start [type=submit]")
    mark = page.locator("#blocks mark")
    assert mark.text_content() == "区政府" and "low" in mark.get_attribute("class")
    mark.hover()
    assert "0.52" in page.locator("#tip").text_content()
    page.hover("#blocks .tag")
    assert "PLANS" in page.locator("#tip").text_content() and "0.61" in page.locator("#tip").text_content()
    page.click("#legend button")
    assert "off" in mark.get_attribute("class")
    assert page.locator("#legend button").get_attribute("aria-pressed") == "false"


def test_what_cannot_be_read_is_said_and_the_page_goes_on(open_page):
    page = open_page()
    page.click("#start [type=submit]")
    assert "请先放入文件" in page.locator("#error").text_content()
    page.set_input_files("#file", {"name": "big.txt", "mimeType": "text/plain", "buffer": b"x" * 1_000_001})
    playwright.expect(page.locator("#error")).to_contain_text("文件太大")
    page.click("#example")
    page.wait_for_selector("#blocks mark")
    assert page.locator("#error").is_hidden()
    assert page.locator("#outline-list a").count() >= 5


def test_a_narrow_screen_needs_no_sideways_scrolling(open_page):
    page = open_page(viewport={"width": 360, "height": 700})
    drop(page, "a.txt", REPORT)
    assert page.evaluate("document.documentElement.scrollWidth <= 360")
