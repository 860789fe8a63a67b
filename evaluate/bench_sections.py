"""Sections: leave one report out with and without headings, beside a linear SVM; calibration; speed.

    .venv/bin/python evaluate/bench_sections.py                 # the tables, a few minutes
    .venv/bin/python evaluate/bench_sections.py --nested 60     # settings searched without the report too
    .venv/bin/python evaluate/bench_sections.py --words         # what words from pkuseg would add, and cost

The settings in training/sections.toml were chosen by `baogao training sections --search 60` on the
workspace's real reports. Their figures are held out by report, but not from the choice of settings; those of
--nested are: for each report, the search runs on the others alone. On reports nobody has seen, expect those.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.svm import LinearSVC

from baogao.evaluate.calibration import calibrate
from baogao.progress import track
from baogao.records import Block, LabelledBlock
from baogao.resampling import bootstrap_interval
from baogao.training.sections import SectionsConfig, fit_sections
from baogao.training.sections_expert import Fields, fit_expert, to_rows
from baogao.training.sections_fit import Training
from baogao.training.sections_judge import text_fields
from baogao.training.sections_search import SPACE, Search
from baogao.training.segmenter import load_segmenter, make_segmenter
from baogao.workspace import Workspace, read_config

Predictor = Callable[[Sequence[Block]], list[tuple[str | None, float]]]
Found = dict[str, dict[str, list[tuple[str | None, float]]]]  # view → report → section and score


def paragraphs(blocks: Sequence[LabelledBlock]) -> list[LabelledBlock]:
    return [block for block in blocks if block.kind == "paragraph"]


def without_headings(block: LabelledBlock) -> LabelledBlock:
    """As on a page that lost its headings; a run-in heading stays in the text."""
    return msgspec.structs.replace(block, path=[], lead=None, level=None, number=None)


def without_run_in(block: LabelledBlock) -> LabelledBlock:
    """The run-in heading and the number cut out of the text too."""
    _, found, rest = block.text.partition(block.lead or block.number or "\0")
    text = rest.lstrip("。. ") if found and rest else block.text
    return msgspec.structs.replace(without_headings(block), text=text)


VIEWS: dict[str, Callable[[LabelledBlock], LabelledBlock]] = {
    "with headings": lambda block: block,
    "without headings": without_headings,
    "without run-in headings too": without_run_in,
}


def ours(train: Sequence[LabelledBlock], config: SectionsConfig) -> Predictor:
    return fit_sections(train, config).predict


def peer(train: Sequence[LabelledBlock], view: str) -> Predictor:
    """scikit-learn's own: TF-IDF of character 1-4-grams of headings and text, a linear SVM."""
    rows = [VIEWS[view](block) for block in paragraphs(train)]
    vectors = TfidfVectorizer(analyzer="char", ngram_range=(1, 4), sublinear_tf=True, min_df=2)
    svm = LinearSVC().fit(vectors.fit_transform(map(joined, rows)), [row.section for row in rows])
    return lambda blocks: [(label, 0.0) for label in svm.predict(vectors.transform(map(joined, blocks)))]


def joined(block: Block) -> str:
    return " ".join([*block.path, block.text])


def figures(gold: dict[str, list], predicted: dict[str, list], samples: int) -> dict[str, list[float]]:
    """Accuracy and macro-F1 over all reports, each with a 95% interval that resamples reports."""
    clusters = [(gold[report], [label for label, _ in predicted[report]]) for report in gold]

    def accuracy(some) -> float:
        pairs = [pair for g, p in some for pair in zip(g, p, strict=True)]
        return sum(a == b for a, b in pairs) / len(pairs)

    def macro(some) -> float:
        a, b = [x for g, _ in some for x in g], [x for _, p in some for x in p]
        return float(f1_score(a, b, average="macro", labels=sorted(set(a)), zero_division=0))

    return {
        name: [statistic(clusters), *bootstrap_interval(clusters, statistic, samples=samples)]
        for name, statistic in (("accuracy", accuracy), ("macro_f1", macro))
    }


def leave_one_out(
    gold: dict[str, list[LabelledBlock]],
    rest: list[LabelledBlock],
    fits: dict[str, Callable[[str, list[LabelledBlock]], dict[str, Predictor]]],
) -> dict[str, Found]:
    """For each system its sections, each report labelled by what did not see it. A system's function takes
    the report held out and the training blocks, and gives a predictor for each view."""
    found: dict[str, Found] = {name: {view: {} for view in VIEWS} for name in fits}
    for report in track(list(gold), "leave one report out"):
        train = [b for name, blocks in gold.items() if name != report for b in blocks] + rest
        for system, fit in fits.items():
            by_view = fit(report, train)
            for view, change in VIEWS.items():
                seen = [change(block) for block in paragraphs(gold[report])]
                found[system][view][report] = by_view[view](seen)
    return found


def systems(
    gold: dict[str, list[LabelledBlock]],
    practice: list[LabelledBlock],
    config: SectionsConfig,
    options: argparse.Namespace,
) -> dict[str, Callable[[str, list[LabelledBlock]], dict[str, Predictor]]]:
    """What is compared, by name."""
    fits = {"baogao": lambda report, train: dict.fromkeys(VIEWS, ours(train, config))}
    even = msgspec.structs.replace(config, real_weight=1.0)
    if not options.no_peer:
        fits["real reports counted once"] = lambda report, train: dict.fromkeys(VIEWS, ours(train, even))
        fits["linear SVM"] = lambda report, train: {view: peer(train, view) for view in VIEWS}
    if options.words:
        segment = load_segmenter(make_segmenter(Workspace.find(options.workspace)))
        fits["with pkuseg words"] = lambda report, train: dict.fromkeys(
            VIEWS, with_words(train, config, segment)
        )
    if options.nested:
        search = Search(gold, practice, config, candidates=options.nested)

        def searched(report: str, train: list[LabelledBlock]) -> dict[str, Predictor]:
            best = search.run(without=report)[0].config
            settings = {name: getattr(best, name) for name in SPACE}
            print(f"found without {report}: {settings}", flush=True)
            return dict.fromkeys(VIEWS, ours(train, best))

        fits["settings searched without the report"] = searched
    return fits


def with_words(
    train: Sequence[LabelledBlock], config: SectionsConfig, segment: Callable[[str], list[str]]
) -> Predictor:
    """Ours, with words (TF-IDF) beside the character n-grams of the text."""
    training = Training(train)
    judge, _ = training.fit(config)
    text = WordsToo(training, config, segment)
    judge = msgspec.structs.replace(judge, text=text)

    def predict(blocks: Sequence[Block]) -> list[tuple[str | None, float]]:
        table = judge.probabilities(blocks)
        return [(judge.labels[row.argmax()], float(row.max())) for row in table]

    return predict


class WordsToo:
    """Stands in for the text's Expert."""

    def __init__(
        self, training: Training, config: SectionsConfig, segment: Callable[[str], list[str]]
    ) -> None:
        self.vocabulary = training.vocabulary(config)
        self.words = TfidfVectorizer(analyzer=segment, sublinear_tf=True, min_df=2)
        self.words.fit([block.text for block in training.paragraphs])
        weights, folds = training.weights(config), training.fold_of(config)
        rows = self.rows(text_fields(training.paragraphs))
        self.fitted = fit_expert(rows, training.target, folds, weights=weights, c=config.text_c, seed=0)

    def rows(self, fields: Fields) -> sparse.csr_matrix:
        return sparse.hstack([to_rows(fields, self.vocabulary), self.words.transform(fields[0][0])]).tocsr()

    def log_probabilities(self, fields: Fields) -> np.ndarray:
        margins = self.fitted.svm.decision_function(self.rows(fields))
        return self.fitted.calibrator.predict_log_proba(margins)


def timings(train: list[LabelledBlock], config: SectionsConfig, runs: int) -> dict[str, float]:
    """Seconds of processor time to train, paragraphs a second to predict, and those of the peer."""
    started = time.process_time()
    model = fit_sections(train, config)
    training = time.process_time() - started
    rows = paragraphs(train)
    many: list[Block] = []
    for copy in range(5):
        many += [msgspec.structs.replace(row, report=f"{row.report}-{copy}") for row in rows]
    baseline = peer(train, "with headings")
    speeds = []
    for predict in (model.predict, baseline):
        predict(many[:500])
        taken = []
        for _ in range(runs):
            started = time.process_time()
            predict(many)
            taken.append(time.process_time() - started)
        speeds.append(len(many) / statistics.median(taken))
    return {
        "training_s": training,
        "paragraphs_per_s": speeds[0],
        "peer_paragraphs_per_s": speeds[1],
        "characters_a_paragraph": statistics.mean(len(row.text) for row in rows),
        "megabytes": len(model.to_bytes()) / 1e6,
    }


def calibration(gold: dict[str, list], predicted: dict[str, list]) -> dict[str, float]:
    """Mean score, accuracy and expected calibration error over all reports."""
    scored = [
        (score, label == right)
        for report, labels in gold.items()
        for right, (label, score) in zip(labels, predicted[report], strict=True)
    ]
    found = calibrate(scored)
    assert found is not None
    return {
        "score": statistics.mean(score for score, _ in scored),
        "accuracy": statistics.mean(right for _, right in scored),
        "error": found.error,
    }


def word_speed(rows: list[LabelledBlock], workspace: Workspace) -> float:
    """Paragraphs a second that pkuseg cuts into words, and does nothing else with."""
    segment = load_segmenter(make_segmenter(workspace))
    segment(rows[0].text)
    started = time.process_time()
    for row in rows:
        segment(row.text)
    return len(rows) / (time.process_time() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--workspace", type=Path, default=Path(__file__).parents[1])
    parser.add_argument("--json", type=Path, help="also write the figures there")
    parser.add_argument("--runs", type=int, default=5, help="runs behind each median")
    parser.add_argument("--no-peer", action="store_true", help="without the linear SVM, which is slow")
    parser.add_argument(
        "--nested", type=int, metavar="N", default=0,
        help="also search among N settings for each report, without it (60: an hour of one core)",
    )  # fmt: skip
    parser.add_argument("--words", action="store_true", help="also with words from the workspace's segmenter")
    options = parser.parse_args()
    workspace = Workspace.find(options.workspace)
    gold = workspace.labelled("gold")
    practice = [block for blocks in workspace.labelled("practice").values() for block in blocks]
    config = read_config(workspace.training / "sections.toml", SectionsConfig)
    truth = {report: [block.section for block in paragraphs(blocks)] for report, blocks in gold.items()}
    found = leave_one_out(gold, practice, systems(gold, practice, config, options))
    result: dict = {"config": msgspec.to_builtins(config), "figures": {}, "calibration": {}}
    print(f"{sum(map(len, truth.values()))} paragraphs of {len(gold)} real reports, each held out in turn")
    print(f"{'':64}{'accuracy':>20}{'macro-F1':>22}")
    for system, by_view in found.items():
        for view, predicted in by_view.items():
            values = figures(truth, predicted, samples=1000)
            result["figures"][f"{system}, {view}"] = values
            cells = [f"{100 * v:5.1f} ({100 * low:.1f}-{100 * high:.1f})" for v, low, high in values.values()]
            print(f"{system + ', ' + view:64}{cells[0]:>20}{cells[1]:>22}")
    print(f"\n{'calibration':64}{'mean score':>12}{'accuracy':>10}{'error':>8}")
    for system, by_view in found.items():
        for view, predicted in by_view.items() if system != "linear SVM" else ():
            values = calibration(truth, predicted)
            result["calibration"][f"{system}, {view}"] = values
            print(
                f"{system + ', ' + view:64}{values['score']:12.3f}{values['accuracy']:10.3f}"
                f"{values['error']:8.3f}"
            )
    wrong = confusions(gold, truth, found["baogao"]["with headings"])
    print("\nconfusions with headings (label → predicted: how often, where)")
    for (label, other), places in sorted(wrong.items(), key=lambda item: -len(item[1])):
        print(f"  {label:12} → {other or '-':12} {len(places)}  {', '.join(places)}")
    everything = [*itertools.chain.from_iterable(gold.values()), *practice]
    speed = timings(everything, config, options.runs)
    print(
        f"\ntraining {speed['training_s']:.1f} s of one core; model {speed['megabytes']:.1f} MB\n"
        f"prediction {speed['paragraphs_per_s']:,.0f} paragraphs a second a core "
        f"({speed['characters_a_paragraph']:.0f} characters each), "
        f"{speed['paragraphs_per_s'] / speed['peer_paragraphs_per_s']:.1f} times the linear SVM's"
    )
    if options.words:
        speed["pkuseg_paragraphs_per_s"] = word_speed(paragraphs(everything), workspace)
        print(f"words alone from pkuseg: {speed['pkuseg_paragraphs_per_s']:,.0f} paragraphs a second a core")
    result |= {"speed": speed, "confusions": [[*pair, places] for pair, places in wrong.items()]}
    if options.json:
        options.json.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def confusions(
    gold: dict[str, list[LabelledBlock]], truth: dict[str, list], predicted: dict[str, list]
) -> dict[tuple, list[str]]:
    """(label, predicted label) → ids of the paragraphs."""
    wrong: dict[tuple, list[str]] = {}
    for report, labels in truth.items():
        for block, label, (other, _) in zip(paragraphs(gold[report]), labels, predicted[report], strict=True):
            if label != other:
                wrong.setdefault((label, other), []).append(block.id)
    return wrong


if __name__ == "__main__":
    main()
