"""The model in the loop: an endpoint on loopback that doccano's auto-labelling asks, and its set-up.

doccano (its server, not the page) sends a paragraph's text and gets entities and a section; an annotator
switches it on in the page (the wand). Labels that a person made stay.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from baogao.annotations.client import Connection
from baogao.annotations.project import Project, find_project, shown_texts
from baogao.annotations.push import Suggest
from baogao.annotations.rounds import project_name, read_round, shares
from baogao.annotations.server import bound_socket, is_loopback
from baogao.annotations.wire import WireText, entities_to_wire
from baogao.errors import BaogaoError, InputError, ServiceError
from baogao.records import Block
from baogao.workspace import Labels, Workspace

if TYPE_CHECKING:
    from starlette.applications import Starlette

PATH = "/baogao-suggest"
START_SECONDS = 20
LONGEST_TEXT = 100_000  # characters; a paragraph has hundreds


def assist_app(blocks: Sequence[Block], suggest: Suggest, labels: Labels) -> Starlette:
    """The endpoint: POST {"text": …} gives {"entities": [{label, start_offset, end_offset}], "sections":
    [{label}]} with labels and offsets as doccano's page has them.

    A text that is a paragraph of `blocks` is labelled as that paragraph, with the headings above it.
    """
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    known = {WireText.of(block.text).text: block for block in blocks}
    entities, sections = shown_texts(labels.entity), shown_texts(labels.section)
    one_at_a_time = threading.Lock()  # spaCy pipelines are not made for several threads

    def answer(text: str) -> dict[str, list[dict[str, Any]]]:
        wire = WireText.of(text)
        block = known.get(text) or Block(id="assist", report="assist", index=0, kind="paragraph", text=text)
        if block.text != text:
            wire = WireText.of(block.text)
        with one_at_a_time:
            labelled = suggest([block])[0]
        spans = entities_to_wire(wire, labelled.entities)
        return {
            "entities": [
                {"label": entities[label], "start_offset": start, "end_offset": end}
                for start, end, label in spans
                if label in entities
            ],
            "sections": [{"label": sections[labelled.section]}] if labelled.section in sections else [],
        }

    async def endpoint(request: Request) -> JSONResponse:
        from starlette.concurrency import run_in_threadpool

        try:
            text = (await request.json())["text"]
        except (ValueError, KeyError, TypeError):
            text = None
        if not isinstance(text, str) or not text.strip() or len(text) > LONGEST_TEXT:
            return JSONResponse({"detail": f'send {{"text": …}} of at most {LONGEST_TEXT} characters'}, 400)
        return JSONResponse(await run_in_threadpool(answer, text))

    return Starlette(routes=[Route(PATH, endpoint, methods=["POST"])])


@contextlib.contextmanager
def start_assist(
    connection: Connection, workspace: Workspace, name: str, suggest: Suggest, *, port: int = 0
) -> Iterator[str]:
    """Serve the endpoint on 127.0.0.1 and let the projects of round `name` ask it while the block runs;
    yields its address. Afterwards the projects no longer ask.

    Raises InputError where doccano runs on another machine (it could not reach this one's loopback) or the
    port is taken, ServiceError when a project is not there.
    """
    if not is_loopback(connection.url):
        raise InputError(
            f"doccano at {connection.url} cannot reach an endpoint on this machine's loopback",
            field="--url", todo="run assist on the machine where doccano runs",
        )  # fmt: skip
    blocks, labels = read_round(workspace, name), workspace.labels()
    projects = []
    for user in shares(blocks):
        project = find_project(connection, project_name(name, user))
        if project is None:
            raise ServiceError(
                f"{connection.url} has no project {project_name(name, user)!r}",
                todo=f"baogao annotations push {name} makes it",
            )
        projects.append(project)
    tasks = {"Span": "entities"}
    if suggest(blocks[:1])[0].section is not None:
        tasks["Category"] = "sections"
    with _serve(assist_app(blocks, suggest, labels), port) as url, contextlib.ExitStack() as stack:
        for project in projects:
            stack.callback(_forget_quietly, connection, project)
            _forget(connection, project)
            _configure(connection, project, url, tasks)
        yield url


def _configure(connection: Connection, project: Project, url: str, tasks: dict[str, str]) -> None:
    for task, column in tasks.items():
        body = {
            "model_name": "Custom REST Request",
            "model_attrs": {
                "url": url + PATH, "method": "POST", "params": {}, "headers": {},
                "body": {"text": "{{ text }}"},
            },
            "template": f"{{{{ input.{column} | tojson }}}}",
            "label_mapping": {},
            "task_type": task,
        }  # fmt: skip
        what = f"set up auto-labelling in {project.name!r}"
        connection.post(what, f"projects/{project.id}/auto-labeling/configs", body)


def _forget(connection: Connection, project: Project) -> None:
    """Remove what an earlier assist set up; other people's configurations stay."""
    what, resource = (
        f"read the auto-labelling of {project.name!r}",
        f"projects/{project.id}/auto-labeling/configs",
    )
    for config in connection.get(what, resource):
        if str(config["model_attrs"].get("url", "")).endswith(PATH):
            connection.delete(what, f"{resource}/{config['id']}")


def _forget_quietly(connection: Connection, project: Project) -> None:
    with contextlib.suppress(BaogaoError):  # doccano may be gone before us; the next assist cleans up
        _forget(connection, project)


@contextlib.contextmanager
def _serve(app: Starlette, port: int) -> Iterator[str]:
    import uvicorn

    with bound_socket(port) as listening:
        config = uvicorn.Config(app, log_level="warning", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise ServiceError("the endpoint did not start", todo="try another --port")
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(5)
