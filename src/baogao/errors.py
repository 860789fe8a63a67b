"""The errors baogao raises on purpose: each says what is wrong, where, and what to do next."""

from __future__ import annotations

from pathlib import Path


class BaogaoError(Exception):
    """What a person can mend. Printed by the command line as one line:
    `FILE:LINE: FIELD: what is wrong; what to do`."""

    exit_status = 2

    def __init__(
        self,
        what: str,
        *,
        todo: str | None = None,
        file: str | Path | None = None,
        line: int | None = None,
        field: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.todo = todo
        self.file = None if file is None else str(file)
        self.line = line
        self.field = field

    def __str__(self) -> str:
        place = "" if self.file is None else self.file if self.line is None else f"{self.file}:{self.line}"
        parts = [part for part in (place, _short(self.field or ""), _short(self.what)) if part]
        text = ": ".join(parts) + (f"; {self.todo}" if self.todo else "")
        # A file name or a quoted value may hold line breaks; the promise is one line.
        return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)

    def __reduce__(self):  # keyword-only arguments do not survive the default, and workers raise these
        keywords = {"todo": self.todo, "file": self.file, "line": self.line, "field": self.field}
        return (_rebuild, (type(self), self.what, keywords))


def _short(text: str, most: int = 600) -> str:
    """Text that quotes a value of the input is as long as that value."""
    return text if len(text) <= most else f"{text[: most // 2]} … {text[-most // 2 :]}"


def _rebuild(kind: type[BaogaoError], what: str, keywords: dict) -> BaogaoError:
    return kind(what, **keywords)


class InputError(BaogaoError):
    """Bad input or usage: exit status 2."""


class ReaderGone(BaogaoError):
    """Who reads our standard output closed it, as `head` does: no error, exit status 0."""

    exit_status = 0


class Findings(BaogaoError):
    """The work was done and a check that was asked for found something: exit status 1."""

    exit_status = 1


class ServiceError(BaogaoError):
    """A service that is needed is not there or does not answer: exit status 3."""

    exit_status = 3
