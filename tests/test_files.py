import errno
import fcntl
import os
import random
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from baogao.errors import InputError
from baogao.files import hold_lock, read_bytes, remove_leftovers, sha256_tree, write_atomic, write_folder
from baogao.records import read_manifest


def test_an_error_while_writing_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "gold.jsonl"
    path.write_text("old")
    with pytest.raises(KeyError), write_atomic(path) as handle:
        handle.write("half")
        raise KeyError
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["gold.jsonl"]


def test_only_a_folder_of_the_same_kind_is_replaced(tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    (tmp_path / "file").write_text("a")
    monkeypatch.chdir(tmp_path / "mine")
    for place, what in (
        (tmp_path / "mine", "other things in it .no config.cfg."),
        (tmp_path / "file", "is no folder"),
        (Path("."), "other things in it"),
        (Path(".."), "other things in it"),
    ):
        with pytest.raises(InputError, match=what), write_folder(place, known_by="config.cfg"):
            raise AssertionError("the work was done")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"
    for text in ("old", "new"):
        with write_folder(tmp_path / "model", known_by="config.cfg") as folder:
            (folder / "config.cfg").write_text(text)
    assert (tmp_path / "model" / "config.cfg").read_text() == "new"


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO])
def test_a_full_or_closed_disk_is_one_line_and_the_old_file_stays(tmp_path, monkeypatch, code):
    path = tmp_path / "gold.jsonl"
    path.write_text("old")

    def full(_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=os.strerror(code)), write_atomic(path) as handle:
        handle.write("new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["gold.jsonl"]


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path):
    target = tmp_path / "model"
    with write_folder(target) as folder:
        (folder / "a").write_text("1")
    with pytest.raises(KeyError), write_folder(target) as folder:
        (folder / "b").write_text("2")
        raise KeyError
    assert os.listdir(target) == ["a"]
    with write_folder(target) as folder:
        (folder / "b").write_text("2")
    assert os.listdir(target) == ["b"]
    assert os.listdir(tmp_path) == ["model"]


@pytest.mark.parametrize("at_once", [True, False])
def test_a_folder_that_cannot_be_replaced_stays(tmp_path, monkeypatch, at_once):
    """With and without a system that swaps two names in one step."""
    from baogao import files

    exchange, rename = files._exchange, os.replace
    monkeypatch.setattr(files, "_exchange", exchange if at_once else lambda *_: False)
    target = tmp_path / "passes"
    for text in "12":
        with write_folder(target) as folder:
            (folder / "a").write_text(text)
    assert (target / "a").read_text() == "2" and os.listdir(tmp_path) == ["passes"]

    def full(one, other):
        if other == target and one.name.endswith(".tmp"):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        rename(one, other)

    monkeypatch.setattr(files, "_exchange", lambda *_: False)
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(InputError, match="Input/output error"), write_folder(target) as folder:
        (folder / "a").write_text("3")
    assert (target / "a").read_text() == "2" and os.listdir(tmp_path) == ["passes"]


def test_a_folder_never_takes_the_place_of_a_file(tmp_path):
    (tmp_path / "model").write_text("mine")
    with pytest.raises(InputError, match="Is not a folder"), write_folder(tmp_path / "model"):
        pass
    assert (tmp_path / "model").read_text() == "mine" and os.listdir(tmp_path) == ["model"]


def test_only_old_leftovers_of_killed_writers_go(tmp_path):
    for name in (
        ".ner.0123abcd.tmp",
        ".ner.89abcdef.old",
        ".gold.jsonl.00000000.tmp",
        ".mine.tmp",
        "a.00000000.tmp",
    ):
        path = tmp_path / name
        path.mkdir() if "ner" in name else path.write_text("x")
        os.utime(path, (0, 0))
    (tmp_path / ".new.0123abcd.tmp").write_text("x")
    (tmp_path / ".ahead.0123abcd.tmp").write_text("x")
    os.utime(tmp_path / ".ahead.0123abcd.tmp", (2**32, 2**32))  # the clock was set back since
    remove_leftovers(tmp_path, tmp_path / "missing")
    left = [".ahead.0123abcd.tmp", ".mine.tmp", ".new.0123abcd.tmp", "a.00000000.tmp"]
    assert sorted(os.listdir(tmp_path)) == left


@pytest.mark.parametrize("path", ["missing", ".", "a\0b", "/dev/zero"])
def test_what_is_no_file_is_refused_in_one_line(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as error:
        read_bytes(path)
    assert "\n" not in str(error.value) and "\0" not in str(error.value)


def test_a_file_over_the_limit_is_not_read_whole(tmp_path):
    (tmp_path / "big").write_bytes(b"x" * 1001)
    with pytest.raises(InputError, match=r"larger than 0\.001 MB"):
        read_bytes(tmp_path / "big", limit=1000)


def test_the_digest_sees_content_names_and_absence(tmp_path):
    (tmp_path / "a").write_text("1")
    one = sha256_tree(tmp_path / "a", tmp_path / "b")
    (tmp_path / "b").write_text("1")
    two = sha256_tree(tmp_path / "a", tmp_path / "b")
    (tmp_path / "b").write_text("2")
    assert len({one, two, sha256_tree(tmp_path / "a", tmp_path / "b")}) == 3


HOLD = """
import sys, time
from pathlib import Path
from baogao.files import hold_lock
with hold_lock(Path(sys.argv[1]), "baogao run"):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def holder(path: Path, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOLD, str(path), str(seconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    return process


def test_the_second_command_says_who_holds_the_lock_and_waits(tmp_path, caplog):
    process = holder(tmp_path / "lock", 2.0)
    start = time.monotonic()
    with hold_lock(tmp_path / "lock", "baogao predict"):
        waited = time.monotonic() - start
    assert process.wait() == 0
    assert waited > 0.1
    assert f"waiting for baogao run (process {process.pid})" in caplog.text


def test_the_lock_of_a_killed_process_is_free_at_once(tmp_path, caplog):
    process = holder(tmp_path / "lock", 60)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with hold_lock(tmp_path / "lock", "baogao run"):
        pass
    assert "waiting" not in caplog.text


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    read = subprocess.Popen(["cat", tmp_path / "pipe"], stdout=subprocess.PIPE)
    with write_atomic(tmp_path / "pipe") as handle:
        handle.write("一")
    assert read.communicate(timeout=20)[0] == "一".encode()
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode) and [*tmp_path.iterdir()] == [tmp_path / "pipe"]


def test_a_lock_holds_on_a_full_disk(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    with open(tmp_path / "lock", "w") as other:
        with hold_lock(tmp_path / "lock", "baogao run"), pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


REWRITE = """
import itertools, sys
from baogao.records import Report, write_jsonl
for n in itertools.count(int(sys.argv[2])):
    write_jsonl(sys.argv[1], [Report(id=f"{n}-{i}", file="x" * 5000) for i in range(100)])
    print(n, flush=True)
"""


def test_a_writer_killed_at_any_moment_leaves_the_old_or_the_new_file_whole(tmp_path):
    path = tmp_path / "manifest.jsonl"
    generator = random.Random(3)
    first = 0
    for _ in range(40):
        command = [sys.executable, "-c", REWRITE, str(path), str(first)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None and process.stdout.readline()
        time.sleep(generator.random() * 0.02)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        reports = read_manifest(path)
        numbers = {int(report.id.split("-")[0]) for report in reports}
        assert len(reports) == 100 and len(numbers) == 1
        assert numbers.pop() >= first
        first += 1000
