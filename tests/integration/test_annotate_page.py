"""doccano's own page in a real Chromium: what an annotator sees and does is what comes back."""

from __future__ import annotations

import pytest
from small_rounds import paragraph, pulled

from baogao.annotations.pull import pull_round
from baogao.annotations.push import push_round
from baogao.records import Entity

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Two characters that are two UTF-16 units each come first, so that a shift of any kind shows.
TEXT = "𠮷林𠮷区政府 于今年召开会议,办理案件1171件,区法院旁听。"
# [label, the characters under its line], read from where the browser drew them.
UNDERLINED = """() => [...document.querySelectorAll(".annotation-text svg > g > g")].flatMap(line => {
    const text = line.querySelector("text"), letters = text.textContent;
    return [...line.querySelectorAll("g")].filter(g => g.querySelector(":scope > line")).map(g => {
        const mark = g.querySelector("line"), from = +mark.getAttribute("x1"), to = +mark.getAttribute("x2");
        const under = [...letters].filter((_, i) => {
            const box = text.getExtentOfChar([...letters].slice(0, i).join("").length);
            return from < box.x + box.width / 2 && box.x + box.width / 2 < to;
        });
        return [g.querySelector("text").textContent, under.join("")];
    });
})"""
# Where on the screen the first and last character of some words are.
PLACE = """words => {
    const found = [...document.querySelectorAll(".annotation-text svg > g > g > text")].find(
        text => text.textContent.includes(words));
    const start = found.textContent.indexOf(words), at = found.getScreenCTM();
    const first = found.getExtentOfChar(start), last = found.getExtentOfChar(start + words.length - 1);
    return [at.e + first.x + 1, at.e + last.x + last.width - 1, at.f + first.y + first.height / 2];
}"""


@pytest.mark.browser
def test_an_annotator_sees_suggestions_changes_one_and_confirms(doccano, workspace, round_name, chromium):
    from playwright.sync_api import expect, sync_playwright

    push_round(doccano.connection, workspace, round_name, [paragraph("r", 0, TEXT)], annotators=["zhang"])
    project = doccano.project(round_name, "zhang")
    url = doccano.server.url
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.set_default_timeout(60_000)
        outside: list[str] = []
        page.on("request", lambda r: outside.append(r.url) if not r.url.startswith((url, "data:")) else None)

        page.goto(f"{url}/auth")
        page.locator("form input[type=password]").wait_for()
        page.locator("form input").first.fill("zhang")
        page.fill("form input[type=password]", doccano.accounts["zhang"])
        page.keyboard.press("Enter")
        page.wait_for_url("**/projects**")
        page.goto(f"{url}/projects/{project.id}/intent-detection-and-slot-filling?page=1")

        def wait_for(marks: list[list[str]]) -> None:
            page.wait_for_function(
                f"marks => JSON.stringify(({UNDERLINED})()) === JSON.stringify(marks)", arg=marks
            )

        menu = page.locator(".menuable__content__active .v-list-item")
        wait_for([["机构", "区政府"], ["指标", "1171件"]])
        assert page.get_by_text("一、工作情况").is_visible()  # the heading, beside the text
        # One suggestion gets another label, and something is marked with the mouse.
        page.locator(".annotation-text svg text").get_by_text("指标", exact=True).click()
        menu.filter(has_text="机构").click()
        wait_for([["机构", "区政府"], ["机构", "1171件"]])
        left, right, height = page.evaluate(PLACE, "区法院")
        page.mouse.move(left, height)
        page.mouse.down()
        page.mouse.move(right, height, steps=5)
        page.mouse.up()
        menu.filter(has_text="指标").click()
        wait_for([["机构", "区政府"], ["机构", "1171件"], ["指标", "区法院"]])
        page.locator(".v-chip").get_by_text("打算").click()
        page.locator(".toolbar-control button").first.click()
        expect(page.get_by_text("100%")).to_be_visible()
        browser.close()

    assert outside == []
    result = pull_round(doccano.connection, workspace, round_name)["zhang"]
    assert (result.confirmed, result.problems) == (1, [])
    block = pulled(workspace, round_name, "zhang")["r:0000"]
    marks = [(block.text[e.start : e.end], e.label, e.source) for e in block.entities]
    assert marks == [("区政府", "INST", "rule"), ("1171件", "INST", "zhang"), ("区法院", "METRIC", "zhang")]
    assert block.entities[0] == Entity(start=3, end=6, label="INST", source="rule")
    assert (block.section, block.text, block.meta["confirmed_by"]) == ("PLANS", TEXT, "zhang")
