"""A labelling round: which paragraphs, with which suggestions, go to whom.

Kept in annotations/rounds/NAME.jsonl: labelled blocks with the suggestions that were pushed, and in
`meta.annotators` the people each went to. A later push adds lines and never moves a paragraph that somebody
has.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from random import Random

from baogao.errors import InputError
from baogao.records import Block, LabelledBlock, read_labelled, write_jsonl
from baogao.workspace import Workspace

_NAME = re.compile(r"[\w][\w.-]{0,59}")
_USER = re.compile(r"[\w][\w.@+-]{0,79}")  # doccano's own rule, and nothing that leads out of a folder


def check_round_name(name: str) -> None:
    """Raise InputError unless `name` can name a file and a project."""
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{name!r} cannot name a round", field="NAME", todo="use letters, digits, . _ - and no blank"
        )


def check_annotators(annotators: Sequence[str]) -> None:
    """Raise InputError at a name that cannot be a doccano user, or that stands twice."""
    for user in annotators:
        if not _USER.fullmatch(user):
            raise InputError(f"{user!r} is not a doccano user name", field="--annotators", todo="mend it")
        if annotators.count(user) > 1:
            raise InputError(f"{user} stands twice", field="--annotators", todo="name each once")


def round_path(workspace: Workspace, name: str) -> Path:
    check_round_name(name)
    return workspace.annotations / "rounds" / f"{name}.jsonl"


def read_round(workspace: Workspace, name: str) -> list[LabelledBlock]:
    """The paragraphs of a round in the order pushed. Raises InputError where there is no such round."""
    path = round_path(workspace, name)
    if not path.is_file():
        raise InputError(
            f"there is no round {name!r}", file=path, todo=f"make it with: baogao annotations push {name} ..."
        )
    labels = workspace.labels()
    blocks = read_labelled(path, sections=labels.sections, labels=labels.entities)
    for line, block in enumerate(blocks, 1):
        names = annotators_of(block)
        if not names or not all(isinstance(user, str) and _USER.fullmatch(user) for user in names):
            raise InputError(
                "is not a list of user names", file=path, line=line, field="meta.annotators", todo="mend it"
            )
    return blocks


def write_round(workspace: Workspace, name: str, blocks: Sequence[LabelledBlock]) -> None:
    write_jsonl(round_path(workspace, name), blocks)


def annotators_of(block: LabelledBlock) -> list[str]:
    """Who a paragraph of a round went to."""
    meta = block.meta if isinstance(block.meta, dict) else {}
    found = meta.get("annotators")
    return found if isinstance(found, list) else []


def shares(blocks: Sequence[LabelledBlock]) -> dict[str, list[LabelledBlock]]:
    """The paragraphs of each annotator, in the round's order."""
    found: dict[str, list[LabelledBlock]] = defaultdict(list)
    for block in blocks:
        for user in annotators_of(block):
            found[user].append(block)
    return dict(found)


def project_name(name: str, user: str) -> str:
    """What doccano calls the project of one annotator; InputError where that is over its 100 characters."""
    found = f"{name} · {user}"
    if len(found) > 100:
        raise InputError(f"{found!r} is too long for doccano", field="NAME", todo="choose a shorter name")
    return found


def assign(
    blocks: Sequence[Block],
    annotators: Sequence[str],
    *,
    overlap: float = 0.0,
    seed: int = 0,
    load: Counter[str] | None = None,
) -> dict[str, list[str]]:
    """Who labels what: block id → one annotator, or two for the share `overlap` (0 to 1) of each report.

    Balanced: within a report and in all, the numbers of paragraphs that two annotators get differ by at most
    one (in all, also counting the `load` they have already). The same `seed` gives the same answer.

    >>> blocks = [Block(id=f"r:{i}", report="r", index=i, kind="paragraph", text="文") for i in range(5)]
    >>> users = assign(blocks, ["甲", "乙"], overlap=0.2).values()
    >>> sorted(Counter(sum(users, [])).items())
    [('乙', 3), ('甲', 3)]
    """
    if not 0 <= overlap <= 1:
        raise InputError(f"{overlap} is not between 0 and 1", field="--overlap", todo="0.2 is a fifth")
    if not annotators:
        raise InputError("nobody is named", field="--annotators", todo="name them: --annotators zhang,li")
    if overlap and len(annotators) < 2:
        raise InputError("one annotator cannot overlap", field="--overlap", todo="name two, or leave it out")
    total = Counter(load or {})
    reports: dict[str, list[Block]] = defaultdict(list)
    for block in blocks:
        reports[block.report].append(block)
    found: dict[str, list[str]] = {}
    for report, of_report in sorted(reports.items()):
        random = Random(f"{seed} {report}")
        order = random.sample(of_report, len(of_report))
        twice = round(overlap * len(order))
        here: Counter[str] = Counter()
        for place, block in enumerate(order):
            tie = random.sample(annotators, len(annotators))
            ranked = sorted(tie, key=lambda user: (here[user], total[user]))
            users = sorted(ranked[: 2 if place < twice else 1], key=annotators.index)
            here.update(users)
            total.update(users)
            found[block.id] = users
    return found
