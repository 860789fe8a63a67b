"""The endpoint: what it answers, what it refuses, and that it outlives what it cannot do."""

import asyncio
import io
import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from docx import Document

from baogao.errors import InputError, ServiceError
from baogao.models.serve import make_app, serve
from baogao.models.serve_pool import Pool, TooBusy
from baogao.models.serve_worker import Request
from baogao.records import LabelledBlock, check_labels

REPORT = (
    "关于云汐县2023年法治政府建设情况的报告\n一、主要工作\n县政府印发《𠮷办法》,受理案件3件、办结2万余件。\n"
)


class FakePool:
    """A pool that keeps each report for `seconds` and notes how many it holds at a time."""

    model_name, pids, time_limit = "fake", [], 5.0

    def __init__(
        self, seconds: float = 0, error: Exception | None = None, answer: dict | None = None
    ) -> None:
        self.seconds, self.error = seconds, error
        self.answer = answer or {"status": 200, "blocks": []}
        self.seen: list[tuple[Request, bytes]] = []

    async def label(self, request: Request, data: bytes) -> bytes:
        self.seen.append((request, data))
        await asyncio.sleep(self.seconds)
        if self.error:
            raise self.error
        return json.dumps(self.answer).encode()


def ask(url: str, **keywords) -> httpx.Response:
    """A POST with the patience of a machine that does much else."""
    return httpx.post(url, timeout=120, **keywords)


def post(pool, **keywords) -> httpx.Response:
    """One POST to an application around `pool`; keywords of make_app begin with app_."""
    options = {name[4:]: keywords.pop(name) for name in list(keywords) if name.startswith("app_")}

    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(app=make_app(pool, **options), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:1") as client:
            return await client.post("/api/label", **keywords)

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("keywords", "asked", "data"),
    [
        (
            {"content": b"x", "params": {"name": "a.docx", "year": "2023"}},
            Request("a.docx", False, None, 2023),
            b"x",
        ),
        ({"json": {"text": "文", "issuer": "某县"}}, Request("", True, "某县"), "文".encode()),
        (
            {"files": {"file": ("../../b.pdf", b"%PDF")}, "data": {"issuer": " 某县 "}},
            Request("../../b.pdf", False, "某县"),
            b"%PDF",
        ),
        ({"data": {"text": "文"}, "files": {"unused": b""}}, Request("", True), "文".encode()),
    ],
)  # fmt: skip
def test_a_report_comes_as_bytes_as_json_or_as_a_form(keywords, asked, data):
    pool = FakePool()
    assert post(pool, **keywords).status_code == 200
    assert pool.seen == [(asked, data)]


@pytest.mark.parametrize(
    ("keywords", "status", "code"),
    [
        ({"content": b""}, 400, "empty"),
        ({"content": b" \n"}, 400, "empty"),
        ({"json": {"txt": "x"}}, 400, "json"),
        ({"content": b"[" * 100_000, "headers": {"Content-Type": "application/json"}}, 400, "json"),
        ({"content": b"x", "params": {"year": "二〇"}}, 400, "year"),
        ({"content": b"x" * 1001}, 413, "large"),
        ({"content": b"x", "headers": {"Content-Length": "99999999"}}, 413, "large"),
        ({"content": b"x", "headers": {"Content-Length": "-1"}}, 413, "large"),
        ({"files": {"file": ("a.txt", b"x" * 1001)}}, 413, "large"),
        ({"content": b"x", "headers": {"Origin": "http://evil.example"}}, 403, "origin"),
        ({"content": b"x", "headers": {"Origin": "null"}}, 403, "origin"),
        ({"content": b"x", "headers": {"Content-Type": "multipart/form-data; boundary=y"}}, 400, "http"),
    ],
)  # fmt: skip
def test_bad_requests_are_refused_with_a_reason(keywords, status, code):
    limit = 200_000 if code == "json" else 1000
    pool = FakePool()
    response = post(pool, app_limit=limit, **keywords)
    assert (response.status_code, response.json()["code"]) == (status, code), response.text
    assert response.json()["error"] and response.json()["todo"] and pool.seen == []


def test_a_body_without_a_length_is_cut_at_the_limit():
    async def endless():
        while True:
            yield b"x" * 400

    assert post(FakePool(), app_limit=1000, content=endless()).status_code == 413


def test_a_body_that_never_ends_is_given_up():
    async def slow():
        yield b"x"
        await asyncio.sleep(60)

    pool = FakePool()
    pool.time_limit = 0.2
    assert post(pool, content=slow()).status_code == 408


def test_more_than_n_at_once_are_sent_away_and_the_others_served():
    pool = FakePool(seconds=0.3)

    async def run() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=make_app(pool, at_once=3))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:1") as client:
            first = await asyncio.gather(*(client.post("/api/label", content=b"x") for _ in range(8)))
            return [*first, await client.post("/api/label", content=b"x")]

    *first, later = asyncio.run(run())
    assert sorted(response.status_code for response in first) == [200] * 3 + [503] * 5
    assert all(r.headers["Retry-After"] for r in first if r.status_code == 503)
    assert later.status_code == 200


@pytest.mark.parametrize(
    ("pool", "status", "code"),
    [
        (FakePool(error=TooBusy()), 503, "busy"),
        (FakePool(error=RuntimeError("secret")), 500, "crash"),
        (FakePool(answer={"status": 422, "error": "no report", "todo": "send one"}), 422, "report"),
    ],
)  # fmt: skip
def test_what_goes_wrong_behind_is_told_without_its_insides(pool, status, code):
    response = post(pool, content=b"x")
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert "secret" not in response.text


def test_another_host_name_is_refused_and_every_answer_carries_the_policy():
    async def run() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=make_app(FakePool()))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:1") as client:
            return [
                await client.get("/", headers={"Host": "evil.example"}),
                await client.get("/"),
                await client.get("/static/..%2f..%2fserve.py"),
                await client.get("/static/app.js"),
                await client.get("/api/label"),
            ]

    evil, page, outside, script, method = asyncio.run(run())
    assert evil.status_code == 400 and outside.status_code == 404 and method.status_code == 405
    assert script.headers["content-type"].startswith("text/javascript")
    for response in (evil, page, outside, script, method):
        assert "default-src 'none'" in response.headers["content-security-policy"]
        assert "unsafe" not in response.headers["content-security-policy"]
        assert response.headers["x-content-type-options"] == "nosniff"


def docx_report() -> bytes:
    """A Word file as a county office writes one."""
    document = Document()
    for text in REPORT.splitlines():
        document.add_paragraph(text)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("form", [False, True])
def test_a_word_file_and_a_pdf_are_read_as_what_they_are(page_address, repo, form):
    pdf = (repo / "tests/corpus/files/report.pdf").read_bytes()
    for name, data, text in (
        ("云汐.docx", docx_report(), "县政府印发《𠮷办法》,受理案件3件、办结2万余件。"),
        ("溪桥.pdf", pdf, "压实法治建设责任。县政府常务会议"),
    ):
        url = f"{page_address}/api/label"
        if form:
            answer = ask(url, files={"file": (name, data)})
        else:
            answer = ask(url, params={"name": name}, content=data)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert any(text in block["text"] for block in found["blocks"])
        assert any(block["entities"] for block in found["blocks"]) and found["figures"]


def test_the_answer_holds_blocks_values_and_figures(page_address):
    response = ask(
        f"{page_address}/api/label", json={"text": REPORT, "issuer": "云州市云汐县人民政府", "year": 2023}
    )
    answer = response.json()
    blocks = [LabelledBlock(**block) for block in msgspec_ready(answer["blocks"])]
    for block in blocks:
        check_labels(block)
        assert all(e.text == block.text[e.start : e.end] for e in block.entities)
    (paragraph,) = [block for block in blocks if block.kind == "paragraph"]
    assert [(e.label, e.text) for e in paragraph.entities] == [
        ("INST", "县政府"), ("DOC", "《𠮷办法》"), ("METRIC", "3件"), ("METRIC", "2万余件"),
    ]  # fmt: skip
    values = answer["values"][paragraph.id]
    assert values[0]["full_name"] == "云州市云汐县人民政府" and values[1]["kind"] == "rule"
    assert [row["value"] for row in answer["figures"]] == [3, 20000]
    assert answer["figures"][0]["year"] == 2023 and answer["csv"].count("\n") == 3
    assert [label["zh"] for label in answer["labels"]["entity"]] == ["机构", "文件", "指标"]


def msgspec_ready(blocks: list[dict]) -> list[dict]:
    from baogao.records import Entity

    return [{**block, "entities": [Entity(**entity) for entity in block["entities"]]} for block in blocks]


@pytest.mark.parametrize("name", ["../../etc/passwd", "a\x00b.txt", "C:\\x\\报告.txt", "." * 300, ""])
def test_a_file_name_is_only_shown(page_address, name):
    files = {"file": (name or "blob", REPORT.encode())}
    answer = ask(f"{page_address}/api/label", files=files).json()
    assert "/" not in answer["report"] and "\\" not in answer["report"] and len(answer["report"]) <= 80
    assert answer["blocks"][-1]["kind"] == "paragraph"


def test_html_and_docx_are_read_by_their_content(page_address):
    lines = REPORT.splitlines()
    html = (
        "<html><script>steal()</script><body>"
        + "".join(f"<p>{line}</p>" for line in lines)
        + "</body></html>"
    )
    for name, data in (("a.txt", docx_report()), ("a.docx", html.encode())):
        answer = ask(f"{page_address}/api/label", params={"name": name}, content=data).json()
        texts = [block["text"] for block in answer["blocks"]]
        assert lines[2] in texts and not any("steal" in text for text in texts), answer
        assert [row["value"] for row in answer["figures"]] == [3, 20000]


def test_what_is_no_report_is_a_422(page_address):
    for data in (b"\x00\x01\x02" * 50, b"%PDF-1.4 broken", b"PK\x03\x04 broken"):
        response = ask(f"{page_address}/api/label", params={"name": "x.pdf"}, content=data)
        assert response.status_code == 422 and response.json()["todo"], response.text
        assert "/tmp" not in response.text


def test_sixteen_clients_at_once_get_their_own_answers(page_address):
    """The short form of evaluate/bench_serve.py."""

    def one(number: int) -> bool:
        text = REPORT.replace("3件", f"{number}件")
        answer = ask(f"{page_address}/api/label", json={"text": text}).json()
        return answer["figures"][0]["value"] == number

    with ThreadPoolExecutor(16) as clients:
        assert all(clients.map(one, range(1, 33)))


def test_a_worker_that_is_too_slow_or_dies_is_replaced(tiny_pipeline):
    async def run() -> list[int]:
        pool = Pool(tiny_pipeline, time_limit=120)
        transport = httpx.ASGITransport(app=make_app(pool))
        await pool.start()
        try:
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
                statuses = [(await client.post("/api/label", content=REPORT.encode())).status_code]
                for pid in pool.pids:
                    os.kill(pid, signal.SIGKILL)
                await asyncio.sleep(0.1)
                statuses.append((await client.post("/api/label", content=REPORT.encode())).status_code)
                long = (REPORT * 3000).encode()
                statuses.append((await client.post("/api/label", content=REPORT.encode())).status_code)
                pool.time_limit = 0.05
                statuses.append((await client.post("/api/label", content=long)).status_code)
                pool.time_limit = 120
                statuses.append((await client.post("/api/label", content=REPORT.encode())).status_code)
        finally:
            await pool.stop()
        assert pool.pids == []
        return statuses

    assert asyncio.run(run()) == [200, 500, 200, 504, 200]


def test_a_model_that_cannot_be_loaded_is_one_line(tmp_path):
    with pytest.raises(InputError, match="cannot be loaded"):
        serve(tmp_path / "nothing", port=0)


def test_a_taken_port_is_one_line(tiny_pipeline, page_address):
    with pytest.raises(ServiceError, match="choose another --port"):
        serve(tiny_pipeline, port=int(page_address.rpartition(":")[2]))


def test_the_pages_ask_nothing_of_other_sites():
    pages = Path(__file__).parents[2] / "src/baogao/models/pages"
    for path in pages.iterdir():
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in text and "https://" not in text and "innerHTML" not in text, path
