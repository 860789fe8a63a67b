import json
import math
import random
from pathlib import Path

import pytest
from sklearn.metrics import cohen_kappa_score
from typer.testing import CliRunner

from baogao.annotations.agreement import (
    ALL,
    agreement,
    cohen_kappa,
    entity_confusions,
    krippendorff_alpha,
    overlap_counts,
)
from baogao.annotations.agreement_table import agreement_record, agreement_tables, read_passes
from baogao.cli import app
from baogao.errors import InputError
from baogao.records import Entity, LabelledBlock, write_jsonl
from baogao.spans import Counts
from baogao.workspace import Workspace

ROOT = Path(__file__).parents[2]


def block(key: str, section: str | None, *spans: tuple[int, int, str], text: str = "一二三四五六七八九十"):
    report, _, index = key.partition(":")
    return LabelledBlock(
        id=key, report=report, index=int(index), kind="paragraph", text=text, section=section,
        entities=[Entity(start=a, end=b, label=c) for a, b, c in spans],
    )  # fmt: skip


def passes(**blocks: list[LabelledBlock]) -> dict[str, dict[str, LabelledBlock]]:
    return {name: {b.id: b for b in found} for name, found in blocks.items()}


def units(*rows: str) -> list[tuple[str | None, ...]]:
    """Observers as strings, one character a unit, . where missing."""
    return list(zip(*([None if c == "." else c for c in row] for row in rows), strict=True))


@pytest.mark.parametrize(
    ("rows", "alpha"),
    [
        (("0100000010", "1110010000"), 0.095),  # A: binary, two observers
        (("aabbdcccedda", "babbbcccedddd"[:12]), 0.692),  # B: nominal, two observers
        (("123321412...", "1233224125.3", ".3332342251.", "12332441251."), 0.743),  # C: gaps, four
    ],
)
def test_krippendorff_alpha_of_his_worked_examples(rows: tuple[str, ...], alpha: float):
    """Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), sections A to C."""
    assert krippendorff_alpha(units(*rows)) == pytest.approx(alpha, abs=0.0005)


@pytest.mark.parametrize("seed", range(20))
def test_cohen_kappa_is_that_of_scikit_learn(seed: int):
    generator = random.Random(seed)
    first = generator.choices("abcd", k=40)
    second = [x if generator.random() < 0.6 else generator.choice("abcd") for x in first]
    table: dict[tuple[str, str], int] = {}
    for pair in zip(first, second, strict=True):
        table[pair] = table.get(pair, 0) + 1
    assert cohen_kappa(table) == pytest.approx(cohen_kappa_score(first, second))


def test_kappa_and_alpha_are_undefined_where_only_one_label_is_used():
    assert math.isnan(cohen_kappa({("a", "a"): 5}))
    assert math.isnan(krippendorff_alpha([("a", "a"), ("a", "a")]))


def test_overlap_uses_each_span_once():
    left = [Entity(start=0, end=6, label="X")]
    right = [Entity(start=0, end=2, label="X"), Entity(start=3, end=5, label="X")]
    assert overlap_counts(left, right) == {"X": Counts(tp=1, fp=1, fn=0)}
    assert overlap_counts(right, left) == {"X": Counts(tp=1, fp=0, fn=1)}


def test_confusions_name_both_labels_or_nothing():
    left = [Entity(start=0, end=2, label="X"), Entity(start=5, end=6, label="X")]
    right = [Entity(start=1, end=3, label="Y"), Entity(start=8, end=9, label="Y")]
    assert entity_confusions(left, right) == {("X", "Y"): 1, ("X", "–"): 1, ("–", "Y"): 1}


def test_figures_by_hand():
    result = agreement(
        passes(
            a=[block("r:1", "S", (0, 2, "X"), (3, 5, "X")), block("q:1", "T", (0, 2, "X"))],
            b=[block("r:1", "S", (0, 2, "X"), (3, 6, "X")), block("q:1", "S", (0, 2, "Y"))],
        )
    )
    assert result.spans["X"].spans == (3, 2)
    assert result.spans["X"].exact.value == pytest.approx(2 / 5)
    assert result.spans["X"].overlap.value == pytest.approx(4 / 5)
    assert result.spans["Y"].exact.value == 0
    assert result.spans[ALL].exact.value == pytest.approx(1 / 3)
    assert result.position.value == pytest.approx(2 / 3)
    assert result.label_where_position_agrees.value == pytest.approx(1 / 2)
    assert result.section_agreement.value == 0.5
    assert (result.section_agreement.low, result.section_agreement.high) == (0, 1)
    assert [found.id for found in result.disagreements] == ["q:1", "r:1"]
    assert result.disagreements[0].only_first == [("X", "一二")]
    assert result.disagreements[0].sections == ("T", "S")


def test_only_shared_paragraphs_count_and_a_missing_section_is_no_disagreement_of_kappa():
    result = agreement(
        passes(
            a=[block("r:1", "S"), block("r:2", "T"), block("r:3", None)],
            b=[block("r:1", "S"), block("r:2", "T"), block("r:3", "S"), block("r:4", "S")],
        )
    )
    assert result.paragraphs == 3
    assert sum(result.section_confusions.values()) == 2
    assert result.section_kappa.value == 1
    assert result.spans[ALL].exact.value is None


def test_passes_without_sections_have_no_section_figures():
    result = agreement(passes(a=[block("r:1", None, (0, 2, "X"))], b=[block("r:1", None, (0, 2, "X"))]))
    assert result.spans["X"].exact.value == 1
    assert result.section_agreement.value is None
    assert result.section_kappa.value is None and result.section_alpha.value is None


def test_three_annotators_are_compared_in_pairs():
    one, two = block("r:1", "S", (0, 2, "X")), block("r:2", "T")
    result = agreement(passes(a=[one, two], b=[one, two], c=[block("r:1", "T"), two]))
    assert result.spans["X"].exact.value == pytest.approx(2 * 1 / (2 * 1 + 2))
    assert result.section_alpha.value == pytest.approx(krippendorff_alpha([("S", "S", "T"), ("T",) * 3]))
    assert sum(result.section_confusions.values()) == 6


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"a": [block("r:1", "S")]}, "two annotators or more"),
        ({"a": [block("r:1", "S")], "b": [block("r:2", "S")]}, "share no labelled paragraph"),
        ({"a": [block("r:1", "S")], "b": [block("r:1", "S", text="别的")]}, "different texts"),
    ],
)
def test_what_cannot_be_compared_is_one_line(given: dict, wrong: str):
    with pytest.raises(InputError, match=wrong):
        agreement(passes(**given))


def test_the_shipped_passes_differ_in_the_spans_the_guidelines_tell_of():
    workspace = Workspace(ROOT)
    result = agreement(read_passes(workspace, ["passes/a", "passes/b"]), samples=50)
    assert (result.reports, result.paragraphs) == (5, 127)
    assert result.spans[ALL].spans == (401, 398)
    assert sum(len(d.only_first) + len(d.only_second) for d in result.disagreements) == 3


def test_the_command_prints_tables_and_writes_json(tmp_path: Path):
    """Names of labels are data: brackets in them are no markup."""
    for name, label in (("a", "[red]X"), ("b", "[/]Y")):
        write_jsonl(tmp_path / name / "r.jsonl", [block("r:1", "S", (0, 2, label))])
    labels = '[[section]]\nname="S"\nzh="s"\ndescription="s"\ncolor="#000000"\n'
    for name in ("[red]X", "[/]Y"):
        labels += f'[[entity]]\nname="{name}"\nzh="x"\ndescription="x"\ncolor="#000000"\n'
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations/labels.toml").write_text(labels)
    arguments = ["annotations", "agreement", str(tmp_path / "a"), str(tmp_path / "b")]
    result = CliRunner().invoke(
        app, [*arguments, "--workspace", str(tmp_path), "--json", str(tmp_path / "out.json")]
    )
    assert result.exit_code == 0, result.output
    assert "[red]X" in result.output and "only b: [/]Y 一二" in result.output
    record = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert record["entity_confusions"] == [["[red]X", "[/]Y", 1]]
    assert record["disagreements"][0]["id"] == "r:1"


def test_a_pass_that_is_not_there_is_named():
    with pytest.raises(InputError, match="passes/zz: is not there"):
        read_passes(Workspace(ROOT), ["passes/a", "passes/zz"])
    with pytest.raises(InputError, match="named twice"):
        read_passes(Workspace(ROOT), ["passes/a", "passes/../passes/a"])


def test_tables_and_record_take_an_undefined_figure():
    result = agreement(passes(a=[block("r:1", "S")], b=[block("r:1", "S")]))
    agreement_tables(result)
    assert agreement_record(result)["section_kappa"]["value"] is None
