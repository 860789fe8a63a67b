"""Suggestions from named regular expressions: annotations/rules.toml.

Each rule is a labelling source of its own and its spans keep its name, as in skweak (Lison, Barnes and
Hubin, ACL 2021), so that a bad rule can be found from the spans it made.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec

from baogao.annotations.needs import Need, grams, needs_of
from baogao.errors import InputError
from baogao.records import Entity
from baogao.workspace import Workspace, read_config

# One character to one character, so that offsets stay: full-width ASCII, the wide space, and brackets
# that sites write in several ways.
_FOLD = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {
    0x3000: 0x20, 0xA0: 0x20, 0x3014: 0x5B, 0x3015: 0x5D, 0x3010: 0x5B, 0x3011: 0x5D, 0xFF0E: 0x2E,
    0x2013: 0x2014, 0x2500: 0x2014, 0x301C: 0x7E,
}  # fmt: skip
_PART = re.compile(r"\{([a-z_]+)\}")  # quantifiers hold digits, so {name} is free for parts


def fold_width(text: str) -> str:
    """`text` with full-width ASCII, wide spaces, 〔〕 and 【】 as half-width; as many characters as before.

    >>> fold_width("（国办发〔2018〕37号），８０％")
    '(国办发[2018]37号),80%'
    """
    return text.translate(_FOLD)


class Rule(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One [[rule]]: where `pattern` matches, `label` is suggested.

    A group named `span` narrows the suggestion to a part of the match. Without a label the rule keeps its
    place free: no rule of the same or a lower priority suggests anything that overlaps it.
    """

    name: str
    pattern: str
    label: str | None = None
    priority: int = 0


class _RulesFile(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    parts: dict[str, str | list[str]] = {}
    rule: list[Rule] = []


@dataclass(frozen=True)
class Rules:
    """Compiled rules, in the order of the file."""

    rules: tuple[tuple[Rule, re.Pattern[str]], ...]

    @classmethod
    def load(cls, path: str | Path, *, labels: Iterable[str] | None = None) -> Rules:
        """Read a rules.toml. InputError names the rule whose pattern does not compile, whose part is not
        defined, whose name is used twice, or whose label is not one of `labels` (where given)."""
        known = None if labels is None else set(labels)
        content = read_config(Path(path), _RulesFile)
        parts: dict[str, str] = {}
        for name, value in content.parts.items():
            try:
                parts[name] = (
                    f"(?:{_fill(value, parts)})" if isinstance(value, str) else _one_of(value, parts)
                )
                re.compile(parts[name])
            except (KeyError, re.error) as error:
                raise _bad_pattern(path, f"parts.{name}", error) from error
        compiled: list[tuple[Rule, re.Pattern[str]]] = []
        for index, rule in enumerate(content.rule):
            field = f"rule[{index}] {rule.name!r}"
            if any(rule.name == other.name for other, _ in compiled):
                raise InputError("a rule of this name came before", file=path, field=field, todo="rename one")
            if known is not None and rule.label is not None and rule.label not in known:
                raise InputError(
                    f"unknown label {rule.label!r}", file=path, field=field,
                    todo="use a label of annotations/labels.toml",
                )  # fmt: skip
            try:
                compiled.append((rule, re.compile(_fill(rule.pattern, parts))))
            except (KeyError, re.error) as error:
                raise _bad_pattern(path, field, error) from error
        return cls(tuple(compiled))

    @cached_property
    def _needs(self) -> list[list[Need]]:
        return [needs_of(pattern) for _, pattern in self.rules]

    def suggest(self, text: str) -> list[Entity]:
        """Spans of `text` that do not overlap, in order, with the rule's name as `source`.

        Where matches overlap the higher priority wins, then the longer match, then the earlier.
        """
        folded = fold_width(text)
        here = grams(folded)
        found = [
            match
            for (rule, pattern), needs in zip(self.rules, self._needs, strict=True)
            if not any(map(here.isdisjoint, needs))
            for match in _matches(rule, pattern, folded)
        ]
        found.sort(key=lambda match: (-match[0].priority, match[1] - match[2], match[1]))
        taken = bytearray(len(text))
        kept = []
        for rule, start, end in found:
            if not any(taken[start:end]):
                taken[start:end] = b"\1" * (end - start)
                if rule.label is not None:
                    kept.append(Entity(start=start, end=end, label=rule.label, source=rule.name))
        return sorted(kept, key=lambda span: span.start)


def workspace_rules(workspace: Workspace) -> Rules:
    """The rules of annotations/rules.toml, their labels checked; none where the file is missing."""
    path = workspace.annotations / "rules.toml"
    return Rules.load(path, labels=workspace.labels().entities) if path.is_file() else Rules(())


def _matches(rule: Rule, pattern: re.Pattern[str], text: str) -> Iterator[tuple[Rule, int, int]]:
    narrowed = "span" in pattern.groupindex
    for match in pattern.finditer(text):
        # An alternative without the group is suggested whole.
        start, end = match.span("span") if narrowed and match["span"] is not None else match.span()
        if start < end:
            yield rule, start, end


def _fill(pattern: str, parts: dict[str, str]) -> str:
    return _PART.sub(lambda match: parts[match[1]], _escape_wide(pattern))


def _one_of(choices: list[str], parts: dict[str, str]) -> str:
    """A group of alternatives, the longest first, so that 人民政府 is tried before 政府."""
    filled = [_fill(choice, parts) for choice in sorted(choices, key=len, reverse=True)]
    # For plain words a look at the first character saves trying them all: several times faster.
    plain = len(filled) > 8 and all(word.isalnum() for word in filled)
    firsts = f"(?=[{''.join(sorted({word[0] for word in filled}))}])" if plain else ""
    return f"(?:{firsts}(?:{'|'.join(filled)}))"


def _escape_wide(pattern: str) -> str:
    """Full-width characters of a pattern as the half-width ones of the folded text, taken literally."""
    return "".join(re.escape(fold_width(c)) if fold_width(c) != c else c for c in pattern)


def _bad_pattern(path: str | Path, field: str, error: Exception) -> InputError:
    if isinstance(error, KeyError):
        return InputError(
            f"part {{{error.args[0]}}} is not defined above", file=path, field=field, todo="add it to [parts]"
        )
    return InputError(f"not a regular expression ({error})", file=path, field=field, todo="mend the pattern")
