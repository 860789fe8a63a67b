import pytest

from baogao.errors import InputError
from baogao.workspace import Workspace


def test_the_nearest_folder_above_is_the_workspace(make_workspace, monkeypatch):
    workspace = make_workspace(practice=())
    monkeypatch.chdir(workspace.annotations / "gold")
    assert Workspace.find() == workspace


def test_a_named_folder_must_be_a_workspace_itself(make_workspace):
    with pytest.raises(InputError, match="is not a baogao workspace"):
        Workspace.find(make_workspace(practice=()).annotations)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('name = "DOC"', 'name = "INST"', "two entity labels share the name 'INST'"),
        ('key = "d"', 'key = "i"', "two entity labels share the key 'i'"),
        ('key = "d"', 'key = "D"', "key 'D' of DOC is not one of 0-9a-z"),
        ('color = "#c62828"', 'color = "red"', "color 'red' of DOC is not #rrggbb"),
        ('value = "document"', 'value = "book"', "Invalid enum value 'book'"),
        ('name = "DOC"', 'nmae = "DOC"', "nmae"),
        ('name = "DOC"', "name = DOC", "not TOML"),
    ],
)
def test_a_bad_label_set_names_file_and_field(make_workspace, old, new, what):
    workspace = make_workspace(gold=(), practice=())
    path = workspace.annotations / "labels.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(InputError) as error:
        workspace.labels()
    assert str(error.value).startswith(f"{path}: ")
    assert what in str(error.value)


def test_a_block_in_another_reports_file_is_refused(make_workspace):
    workspace = make_workspace(gold=["linhe-2024"], practice=())
    gold = workspace.annotations / "gold"
    (gold / "linhe-2024.jsonl").rename(gold / "xishan-2018.jsonl")
    with pytest.raises(InputError, match="belongs to report 'linhe-2024'"):
        workspace.labelled("gold")
