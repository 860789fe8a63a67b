"""The HTML report in a real browser: filters, escaping, no request, no console error."""

import shutil
from pathlib import Path

import msgspec
import pytest

from baogao.evaluate.baselines import write_baselines
from baogao.evaluate.predictions import system_folder
from baogao.evaluate.report import write_report
from baogao.records import Entity, LabelledBlock, read_labelled, write_jsonl
from baogao.training.check import Suspect
from baogao.training.curve import Curve, Point

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
HOW = "no Chromium; install one, on Debian and Ubuntu: apt-get install chromium fonts-noto-cjk"
SWITCHES = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
ATTACK = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">&amp;"


@pytest.fixture
def report(make_workspace) -> Path:
    """A report on two real reports with one hostile paragraph and wrong sections."""
    workspace = make_workspace(practice=("practice-s01",))
    file = workspace.annotations / "gold" / "dongchangfu-2023.jsonl"
    blocks = read_labelled(file)
    hostile = LabelledBlock(
        id="dongchangfu-2023:9999", report="dongchangfu-2023", index=9999, kind="paragraph",
        path=["<b>路径</b>"], text=ATTACK + "区政府", section=blocks[0].section,
        entities=[Entity(start=0, end=20, label="INST")],
    )  # fmt: skip
    write_jsonl(file, [*blocks, hostile])
    write_baselines(workspace)
    for report, some in workspace.labelled("gold").items():
        predicted = [
            msgspec.structs.replace(
                block,
                section="PLANS" if block.section == "PROBLEMS" else block.section,
                section_score=0.75 if block.section else msgspec.UNSET,
                entities=[
                    msgspec.structs.replace(e, score=0.5 + 0.1 * (e.start % 5)) for e in block.entities[1:]
                ],
            )
            for block in some
        ]
        write_jsonl(system_folder(workspace, "worse") / f"{report}.jsonl", predicted)
    return write_report(workspace, workspace.root / "page.html", system="worse")


def test_the_file_holds_everything_and_escapes_what_comes_from_reports(report):
    page = report.read_text(encoding="utf-8")
    assert len(page.encode()) < 5_000_000
    assert "<img src=x" not in page and "<b>路径" not in page
    assert "&lt;img src=x" in page and "&lt;b&gt;路径" in page
    for outside in ("http://", "https://", "//cdn", "@import", "src="):
        assert outside not in page.replace("&lt;img src=x", "")
    for heading in ("Summary", "总览", "混淆矩阵", "Leakage", "Reproduce"):
        assert heading in page
    assert "raw page" in page and "majority" in page and "rules" in page


def test_paragraphs_that_do_not_fit_are_counted(make_workspace):
    workspace = make_workspace(practice=("practice-s01",))
    write_baselines(workspace)
    whole = write_report(workspace, workspace.root / "whole.html", system="rules")
    size = whole.stat().st_size
    small = write_report(workspace, workspace.root / "small.html", system="rules", limit=size - 20_000)
    assert small.stat().st_size <= size - 20_000
    assert "are left out to keep this file small" in small.read_text(encoding="utf-8")
    assert "are left out to keep this file small" not in whole.read_text(encoding="utf-8")


def test_the_learning_curve_and_likely_label_errors_appear_once_they_are_measured(make_workspace):
    workspace = make_workspace(practice=("practice-s01",))
    write_baselines(workspace)
    results = workspace.evaluate / "results"
    before = write_report(workspace, system="rules").read_text(encoding="utf-8")
    assert "Not measured yet" in before and "Likely label errors" not in before

    points = [
        Point(part="ner", label=label, reports=n, paragraphs=24.0 * n, f1=0.9, low=0.85, high=0.95)
        for label in (None, "INST")
        for n in (2, 4)
    ]
    curve = Curve(vary="all", points=points, advice=["Twice the reports: <b>INST</b> gains."])
    results.mkdir(exist_ok=True)
    (results / "curve.json").write_bytes(msgspec.json.encode(curve))
    block = next(b for b in workspace.labelled("gold")["linhe-2024"] if b.entities)
    suspect = Suspect(
        score=0.97, kind="extra", id=block.id, report=block.report, given=block.entities[0],
        suggested=None, text=block.text,
    )  # fmt: skip
    write_jsonl(results / "check.jsonl", [suspect])
    page = write_report(workspace, system="rules").read_text(encoding="utf-8")
    assert "Not measured yet" not in page and page.count('<svg class="chart curve"') == 1
    assert "Twice the reports: &lt;b&gt;INST" in page
    assert "Likely label errors" in page and block.id in page.partition("Likely label errors")[2]


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason=HOW)
def test_the_page_works_in_a_browser(report):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        try:
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            problems, requests = [], []
            page.on("console", lambda message: problems.append(message.text))
            page.on("pageerror", lambda error: problems.append(str(error)))
            page.on("request", lambda request: requests.append(request.url))
            page.goto(report.as_uri())
            look_at(page)
            assert problems == []
            assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
        finally:
            browser.close()


def look_at(page):
    assert "worse" in page.title()  # nothing from the hostile paragraph ran
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    shown = page.locator("#list .paragraph:visible")
    everything = page.locator("#list .paragraph").count()
    with_errors = shown.count()
    assert 0 < with_errors < everything
    assert f"{with_errors} of {everything}" in page.locator("output").inner_text()
    errors = [int(n) for n in shown.evaluate_all("nodes => nodes.map(n => n.dataset.errors)")]
    assert errors == sorted(errors, reverse=True)

    hostile = page.locator("article", has_text="dongchangfu-2023:9999")
    assert ATTACK in hostile.locator(".text").text_content().replace("INST", "", 1)
    assert hostile.locator(".tag.gold").inner_text() == "INST"

    page.select_option("select[name=kind]", "wrong section")
    assert shown.count() > 0
    assert all("section" in text for text in shown.locator(".sections.wrong").all_inner_texts())
    assert shown.count() == shown.locator(".sections.wrong").count()
    page.select_option("select[name=kind]", "")

    page.select_option("select[name=report]", "linhe-2024")
    reports = shown.evaluate_all("nodes => nodes.map(n => n.dataset.report)")
    assert reports and set(reports) == {"linhe-2024"}
    page.select_option("select[name=label]", "DOC")
    assert 0 < shown.count() <= len(reports)
    assert all("DOC" in text for text in shown.locator(".mistakes").all_inner_texts())
    page.select_option("select[name=label]", "")
    page.select_option("select[name=report]", "")

    page.select_option("select[name=kind]", "*")
    assert shown.count() == everything
    page.fill("input[name=text]", "dongchangfu-2023:9999")
    assert shown.count() == 1
    page.fill("input[name=text]", "")
    page.select_option("select[name=order]", "report")
    order = [int(n) for n in shown.evaluate_all("nodes => nodes.map(n => n.dataset.order)")]
    assert order == sorted(order)
    # What is laid over the text never changes it.
    texts = shown.first.locator(".text").evaluate(
        "node => { node = node.cloneNode(true); node.querySelectorAll('.tag').forEach(t => t.remove());"
        " return node.textContent }"
    )
    assert texts and "  " not in texts and "\n" not in texts
    page.set_viewport_size({"width": 800, "height": 1100})
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert not page.locator("nav").is_visible()
