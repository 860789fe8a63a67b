"""The command line. Each command parses its arguments and calls one plain function of a stage.

Stage modules are imported inside commands, so that `--help` is quick.
"""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from baogao.cli import annotations, corpus, evaluate, models, training
from baogao.errors import BaogaoError, ReaderGone
from baogao.log import logger

app = typer.Typer(
    name="baogao",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Chinese government annual reports, from raw pages to labelled data, trained models and an honest "
    "score.\n\nFive stages, left to right: corpus → annotations → training → models → evaluate.\n\n"
    "Start with `baogao init DIR` for your own collection, or `baogao run` in the reference workspace.",
)
app.add_typer(corpus.app, name="corpus")
app.add_typer(annotations.app, name="annotations")
app.add_typer(training.app, name="training")
app.add_typer(models.app, name="models")
app.add_typer(evaluate.app, name="evaluate")


def _show_version(wanted: bool) -> None:
    if wanted:
        from baogao import __version__

        typer.echo(__version__)
        raise typer.Exit()


@app.callback()
def options(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only warnings and errors.")] = False,
    log_json: Annotated[bool, typer.Option("--log-json", help="Messages as one JSON object a line.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    from baogao.log import configure

    configure(verbose=verbose, quiet=quiet, log_json=log_json)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="A new or empty folder.")],
) -> None:
    """Make an empty workspace for another collection of reports and another label set.

    Example: `baogao init my-reports`, then put your labels into my-reports/annotations/labels.toml.
    """
    from baogao.run import init_workspace

    workspace = init_workspace(folder)
    typer.echo(f"made {workspace.root}; next: edit annotations/labels.toml, then: baogao corpus add FILE...")


@app.command()
def run(
    workspace: Annotated[Path | None, typer.Option(help="The workspace; else the one around you.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Do every stage again.")] = False,
) -> None:
    """Run all stages in order and skip what is up to date.

    Segments the reports, writes the doccano import, builds the datasets, trains entities and sections,
    scores them leave-one-report-out and writes evaluate/report.html.

    Example: `baogao run`
    """
    from baogao.run import run_stages
    from baogao.workspace import Workspace

    run_stages(Workspace.find(workspace), force=force)


app.command("predict")(models.predict)


def main() -> None:
    """Entry point of the `baogao` command: an error baogao raises becomes one line and its exit status."""
    try:
        # Else click prints a wrong option in four lines, and ends a stopped command without a word.
        status = app(prog_name="baogao", standalone_mode=False)
        if status == 130:
            raise KeyboardInterrupt
        sys.exit(status or 0)
    except ReaderGone:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except BaogaoError as error:
        _complain(str(error))
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        _complain("stopped; the same command goes on where it can")
        sys.exit(130)
    except Exception as error:
        if hasattr(error, "format_message"):  # of click, which typer has under one name or another
            _complain_of_usage(error)
            sys.exit(2)
        if os.environ.get("BAOGAO_DEBUG"):
            import traceback

            traceback.print_exc()
        _complain(
            f"unexpected {type(error).__name__}: {' '.join(str(error).split())}; "
            "set BAOGAO_DEBUG=1 for the trace and report it"
        )
        sys.exit(2)


def _complain_of_usage(error: Any) -> None:
    """A wrong option or argument in one line; a group without its command shows its help."""
    context = getattr(error, "ctx", None)
    if context is not None and error.format_message() == context.get_help():
        error.show()
        return
    place = f"; see {context.command_path} --help" if context is not None else ""
    _complain(f"{' '.join(error.format_message().split()).rstrip('.')}{place}")


def _complain(what: str) -> None:
    if logger.handlers:  # the options were read
        logger.error("baogao: %s", what)
    else:
        print(f"baogao: {what}", file=sys.stderr)
