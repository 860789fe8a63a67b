"""Sections: leave one report out with and without headings, beside a linear SVM; confusions; speed.

    .venv/bin/python evaluate/bench_sections.py                 # the table, a few minutes
    .venv/bin/python evaluate/bench_sections.py --search        # settings, grouped by report

The settings in training/sections.toml were chosen with figures on the workspace's real reports in view: on
the practice reports nearly every setting is right, so they choose little. What is printed is held out by
report, but not from the choice of settings: on reports nobody has seen, expect less.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.svm import LinearSVC

from baogao.progress import track
from baogao.records import Block, LabelledBlock
from baogao.resampling import bootstrap_interval
from baogao.training.sections import SectionsConfig, fit_sections
from baogao.workspace import Workspace, read_config

Predictor = Callable[[Sequence[Block]], list[str | None]]


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
    model = fit_sections(train, config)
    return lambda blocks: [section for section, _ in model.predict(blocks)]


def peer(train: Sequence[LabelledBlock], view: str) -> Predictor:
    """scikit-learn's own: TF-IDF of character 1-4-grams of headings and text, a linear SVM."""
    rows = [VIEWS[view](block) for block in paragraphs(train)]
    vectors = TfidfVectorizer(analyzer="char", ngram_range=(1, 4), sublinear_tf=True, min_df=2)
    svm = LinearSVC().fit(vectors.fit_transform(map(joined, rows)), [row.section for row in rows])
    return lambda blocks: list(svm.predict(vectors.transform(map(joined, blocks))))


def joined(block: Block) -> str:
    return " ".join([*block.path, block.text])


def figures(gold: dict[str, list], predicted: dict[str, list], samples: int) -> dict[str, list[float]]:
    """Accuracy and macro-F1 over all reports, each with a 95% interval that resamples reports."""
    clusters = [(gold[report], predicted[report]) for report in gold]

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
    gold: dict[str, list[LabelledBlock]], rest: list[LabelledBlock], config: SectionsConfig, peers: bool
) -> dict[str, dict[str, dict[str, list]]]:
    """system → view → report → sections, each report labelled by a model that did not see it."""
    found: dict[str, dict[str, dict[str, list]]] = {}
    for report in track(list(gold), "leave one report out"):
        train = [b for name, blocks in gold.items() if name != report for b in blocks] + rest
        systems = {"baogao": dict.fromkeys(VIEWS, ours(train, config))}
        if peers:
            systems["linear SVM"] = {view: peer(train, view) for view in VIEWS}
        for system, by_view in systems.items():
            for view, change in VIEWS.items():
                seen = [change(block) for block in paragraphs(gold[report])]
                found.setdefault(system, {}).setdefault(view, {})[report] = by_view[view](seen)
    return found


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


def search(gold: dict[str, list[LabelledBlock]], practice: list[LabelledBlock], folds: int) -> None:
    """A grid: each setting by folds of practice reports, grouped, and by each real report held out."""
    names = sorted({block.report for block in practice})
    grid = itertools.product((0.1, 0.3, 1.0), (0.1, 0.3), (0.3, 0.5), (0.1, 0.2, 0.3))
    print("text_c headings_c headings_share order_weight | practice folds | real, with and without headings")
    for text_c, headings_c, share, order in grid:
        config = SectionsConfig(
            text_c=text_c, headings_c=headings_c, headings_share=share, order_weight=order
        )
        right = total = 0
        for fold in range(folds):
            held = set(names[fold::folds])
            predict = ours([b for b in practice if b.report not in held], config)
            for view in ("with headings", "without headings"):
                seen = [VIEWS[view](b) for b in practice if b.report in held and b.kind == "paragraph"]
                right += sum(a == b.section for a, b in zip(predict(seen), seen, strict=True))
                total += len(seen)
        found = leave_one_out(gold, practice, config, peers=False)["baogao"]
        truth = {name: [b.section for b in paragraphs(blocks)] for name, blocks in gold.items()}
        real = [figures(truth, found[view], 2)["accuracy"][0] for view in list(VIEWS)[:2]]
        print(
            f"{text_c:>6} {headings_c:>10} {share:>14} {order:>12} | {100 * right / total:14.1f} | "
            + " ".join(f"{100 * value:5.1f}" for value in real),
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--workspace", type=Path, default=Path(__file__).parents[1])
    parser.add_argument("--json", type=Path, help="also write the figures there")
    parser.add_argument("--runs", type=int, default=5, help="runs behind each median")
    parser.add_argument("--no-peer", action="store_true", help="without the linear SVM, which is slow")
    parser.add_argument("--search", action="store_true", help="try a grid of settings instead (hours)")
    options = parser.parse_args()
    workspace = Workspace.find(options.workspace)
    gold = workspace.labelled("gold")
    practice = [block for blocks in workspace.labelled("practice").values() for block in blocks]
    if options.search:
        search(gold, practice, folds=3)
        return
    config = read_config(workspace.training / "sections.toml", SectionsConfig)
    truth = {report: [block.section for block in paragraphs(blocks)] for report, blocks in gold.items()}
    found = leave_one_out(gold, practice, config, peers=not options.no_peer)
    result: dict = {"config": msgspec.to_builtins(config), "figures": {}}
    print(f"{sum(map(len, truth.values()))} paragraphs of {len(gold)} real reports, each held out in turn")
    print(f"{'':46}{'accuracy':>20}{'macro-F1':>22}")
    for system, by_view in found.items():
        for view, predicted in by_view.items():
            values = figures(truth, predicted, samples=1000)
            result["figures"][f"{system}, {view}"] = values
            cells = [f"{100 * v:5.1f} ({100 * low:.1f}-{100 * high:.1f})" for v, low, high in values.values()]
            print(f"{system + ', ' + view:46}{cells[0]:>20}{cells[1]:>22}")
    print("\nconfusions with headings (label → predicted: how often, where)")
    wrong: Counter = Counter()
    places: dict[tuple, list[str]] = {}
    for report, labels in truth.items():
        for block, label, other in zip(
            paragraphs(gold[report]), labels, found["baogao"]["with headings"][report], strict=True
        ):
            if label != other:
                wrong[label, other] += 1
                places.setdefault((label, other), []).append(block.id)
    for (label, other), times in wrong.most_common():
        print(f"  {label:12} → {other or '-':12} {times}  {', '.join(places[label, other])}")
    speed = timings([*itertools.chain.from_iterable(gold.values()), *practice], config, options.runs)
    result |= {"speed": speed, "confusions": [[*pair, places[pair]] for pair in wrong]}
    print(
        f"\ntraining {speed['training_s']:.1f} s of one core; model {speed['megabytes']:.1f} MB\n"
        f"prediction {speed['paragraphs_per_s']:,.0f} paragraphs a second a core "
        f"({speed['characters_a_paragraph']:.0f} characters each), "
        f"{speed['paragraphs_per_s'] / speed['peer_paragraphs_per_s']:.1f} times the linear SVM's"
    )
    if options.json:
        options.json.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
