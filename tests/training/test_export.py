"""The dataset for others: parquet and a card that load_dataset reads; the hub up to the network."""

from __future__ import annotations

import http.server
import json
import threading
from pathlib import Path

import pytest

from baogao.errors import InputError, ServiceError
from baogao.training.export import bio_tags, export_dataset, push_dataset


def test_anyone_can_load_the_folder(make_workspace, tmp_path: Path) -> None:
    import datasets

    workspace = make_workspace(practice=["practice-s01"])
    folder = export_dataset(workspace, tmp_path / "out", held_out=["linhe-2024"])
    loaded = datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))
    assert set(loaded) == {"train", "test"}
    gold = workspace.labelled("gold")["linhe-2024"]
    features = loaded["test"].features
    tags = features["ner_tags"].feature.names
    labels = features["entities"].feature["label"].names
    assert [row["text"] for row in loaded["test"]] == [block.text for block in gold]
    for row, block in zip(loaded["test"], gold, strict=True):
        assert "".join(row["tokens"]) == block.text
        section = row["section"]
        assert (None if section is None else features["section"].names[section]) == block.section
        spans = [(e["start"], e["end"], labels[e["label"]]) for e in row["entities"]]
        assert spans == [(e.start, e.end, e.label) for e in block.entities]
        assert from_tags([tags[tag] for tag in row["ner_tags"]]) == sorted(spans)


def from_tags(tags: list[str]) -> list[tuple[int, int, str]]:
    """Spans of BIO tags, as CoNLL readers make them."""
    spans = []
    start = None
    for place, tag in enumerate([*tags, "O"]):
        if start is not None and not tag.startswith("I-"):
            spans.append((start, place, tags[start][2:]))
            start = None
        if tag.startswith("B-"):
            start = place
    return spans


def test_spans_that_touch_stay_two_in_the_tags() -> None:
    spans = [{"start": 0, "end": 2, "label": 0}, {"start": 2, "end": 3, "label": 1}]
    assert bio_tags(4, spans) == [1, 2, 3, 0]


def test_the_card_names_splits_labels_and_origin(make_workspace, tmp_path: Path) -> None:
    from huggingface_hub import DatasetCard

    workspace = make_workspace(gold=["linhe-2024"], practice=())
    folder = export_dataset(workspace, tmp_path / "out")
    card = DatasetCard.load(folder / "README.md")
    assert card.data.language == ["zh"]
    assert card.data.configs[0]["data_files"][0]["split"] == "train"
    assert {feature["name"] for feature in card.data.dataset_info["features"]} >= {"tokens", "entities"}
    assert "| train | 40 | " in card.text
    assert "large language model" in card.text
    assert all(f"| {name} |" in card.text for name in workspace.labels().sections)


def test_a_second_export_replaces_the_first_as_a_whole(make_workspace, tmp_path: Path) -> None:
    workspace = make_workspace(practice=())
    export_dataset(workspace, tmp_path / "out", held_out=["linhe-2024"])
    export_dataset(workspace, tmp_path / "out")
    files = [path.name for path in (tmp_path / "out/data").iterdir()]
    assert files == ["train-00000-of-00001.parquet"]


def test_without_a_token_nothing_is_sent(make_workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    with pytest.raises(InputError, match="no token for the hub"):
        push_dataset(make_workspace(), "me/reports")


def test_a_name_no_repository_can_have_is_refused(make_workspace) -> None:
    with pytest.raises(InputError, match="cannot name a dataset"):
        push_dataset(make_workspace(), "a/b/c", token="hf_x")


def test_the_hub_is_asked_with_the_token_and_its_refusal_is_one_line(
    make_workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, str | None, dict]] = []

    class Hub(http.server.BaseHTTPRequestHandler):
        """Has no repository, and lets nobody make one."""

        def do_GET(self) -> None:
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.end_headers()

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            seen.append((self.path, self.headers["Authorization"], body))
            self.send_response(403)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    import datasets
    import huggingface_hub.constants

    monkeypatch.setattr(datasets.config, "HF_ENDPOINT", address)
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", address)
    try:
        with pytest.raises(ServiceError, match="the hub did not take me/reports"):
            push_dataset(make_workspace(practice=()), "me/reports", token="hf_secret")
    finally:
        server.shutdown()
        server.server_close()
    path, authorization, body = seen[0]
    assert path == "/api/repos/create"
    assert authorization == "Bearer hf_secret"
    assert (body["organization"], body["name"], body["type"]) == ("me", "reports", "dataset")
    assert body.get("private") is True or body.get("visibility") == "private"


def test_the_command_exports(make_workspace, baogao, tmp_path: Path) -> None:
    workspace = make_workspace(gold=["linhe-2024"], practice=())
    done = baogao("training", "dataset", "--export", tmp_path / "out", "--workspace", workspace.root)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out/README.md").is_file()
    assert not (workspace.training / "dataset").exists()
