"""The page and the endpoint of `baogao models serve`, on this machine only.

GET / is the page. POST /api/label takes a report and answers with labelled blocks:

    curl --data-binary @report.docx 'http://127.0.0.1:8765/api/label?name=report.docx'
    curl -F file=@report.html -F issuer=眉山市彭山区人民政府 http://127.0.0.1:8765/api/label
    curl -H 'Content-Type: application/json' -d '{"text": "…"}' http://127.0.0.1:8765/api/label

The answer is JSON: report, title, issuer and year (as its page tells them, or as issuer= and year= say),
labels, blocks (as `baogao predict` writes them), values (of the entities, by block, in their order), figures
(as `baogao models table`) and csv. An error is {"code", "error", "todo"} with a status of
400 (bad request), 403 (another site asks), 408 (the body came too slowly), 413 (too large), 422 (no report),
500, 503 (too many at once; see Retry-After) or 504 (over the time limit).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request as HTTPRequest
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from baogao import __version__
from baogao.errors import ServiceError
from baogao.models.serve_pool import Crashed, Pool, TooBusy, TookTooLong
from baogao.models.serve_worker import Request

PAGES = Path(__file__).parent / "pages"
_FILES = {"app.js": "text/javascript", "text.js": "text/javascript", "style.css": "text/css",
          "icon.svg": "image/svg+xml", "example.txt": "text/plain"}  # fmt: skip
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Refused(Exception):
    """A request that is not served: status, a code for the page, what is wrong and what to do."""

    def __init__(self, status: int, code: str, error: str, todo: str) -> None:
        super().__init__(error)
        self.status, self.code, self.error, self.todo = status, code, error, todo


def make_app(pool: Pool, *, limit: int = 20_000_000, at_once: int = 32) -> Starlette:
    """The ASGI application around `pool`. `limit` is bytes of a request's body, `at_once` how many requests
    may be read, waiting or labelled at the same time. The caller starts and stops the pool."""
    running = 0

    async def label(request: HTTPRequest) -> Response:
        nonlocal running
        if running >= at_once:
            raise Refused(503, "busy", f"{at_once} requests are being served", "try again in a few seconds")
        running += 1
        try:
            return await _label(request, pool, limit)
        finally:
            running -= 1

    async def info(request: HTTPRequest) -> Response:
        return JSONResponse({"version": __version__, "model": pool.model_name, "limit": limit,
                             "time_limit": pool.time_limit, "at_once": at_once})  # fmt: skip

    async def page(request: HTTPRequest) -> Response:
        return FileResponse(PAGES / "index.html", media_type="text/html")

    async def static(request: HTTPRequest) -> Response:
        name = request.path_params["name"]
        if name not in _FILES:
            raise HTTPException(404)
        return FileResponse(PAGES / name, media_type=_FILES[name])

    return Starlette(
        routes=[
            Route("/", page),
            Route("/static/{name}", static),
            Route("/api/info", info),
            Route("/api/label", label, methods=["POST"]),
        ],
        middleware=[
            Middleware(_Headers),
            # A page of another site that resolves its own name to this machine is refused.
            Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"]),
        ],
        exception_handlers={Refused: _refused, HTTPException: _refused, Exception: _refused},
    )


async def _label(request: HTTPRequest, pool: Pool, limit: int) -> Response:
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise Refused(403, "origin", "another site sent this request", "use the page of this server")
    try:
        async with asyncio.timeout(pool.time_limit):
            asked, data = await _read(request, limit)
    except TimeoutError:
        raise Refused(408, "slow", "the report took too long to arrive", "send it again") from None
    if not data.strip():
        raise Refused(400, "empty", "the report is empty", "send its text or its file")
    try:
        answer = await pool.label(asked, data)
    except TooBusy:
        raise Refused(503, "busy", "no worker came free in time", "try again in a few seconds") from None
    except TookTooLong:
        raise Refused(
            504, "time", f"labelling took more than {pool.time_limit:g} seconds",
            "send a shorter report, or start the server with a longer --time-limit",
        ) from None  # fmt: skip
    except Crashed:
        raise Refused(
            500, "crash", "the process that read this report ended", "save the report as text and try again"
        ) from None
    head = msgspec.json.decode(answer, type=_Answer)
    if head.status != 200:
        code = "report" if head.status == 422 else "crash"
        raise Refused(head.status, code, head.error or "", head.todo or "")
    return Response(answer, media_type="application/json")


class _Answer(msgspec.Struct):
    status: int
    error: str | None = None
    todo: str | None = None


class _TextBody(msgspec.Struct):
    text: str
    name: str = ""
    issuer: str | None = None
    year: int | None = None


async def _read(request: HTTPRequest, limit: int) -> tuple[Request, bytes]:
    """What a request asks and the bytes of its report, of whichever of the three kinds it is."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared) > limit:
        raise _too_large(limit)
    request = HTTPRequest(request.scope, _limited(request.receive, limit))
    if kind == "multipart/form-data":
        async with request.form(max_files=1, max_fields=4, max_part_size=limit) as form:
            file = form.get("file")
            fields = {name: value for name, value in form.items() if isinstance(value, str)}
            if file is None or isinstance(file, str):
                return _asked(fields, is_text=True), fields.get("text", "").encode("utf-8", "replace")
            return _asked({**fields, "name": file.filename or ""}), await file.read()
    body = await request.body()
    if kind == "application/json":
        try:
            sent = msgspec.json.decode(body, type=_TextBody)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Refused(
                400, "json", f"not the JSON it should be ({error})", 'send {"text": "…"}'
            ) from error
        asked = Request(name=sent.name, is_text=True, issuer=sent.issuer, year=sent.year)
        return asked, sent.text.encode("utf-8", "replace")
    return _asked(dict(request.query_params)), body


def _asked(fields: dict[str, str], *, is_text: bool = False) -> Request:
    year = fields.get("year", "").strip()
    if year and not (year.isascii() and year.isdecimal() and len(year) == 4):
        raise Refused(400, "year", f"the year {year[:20]!r} is not four digits", "send 2023, or no year")
    issuer = fields.get("issuer", "").strip()[:200] or None
    return Request(
        name=fields.get("name", ""), is_text=is_text, issuer=issuer, year=int(year) if year else None
    )


def _limited(receive: Receive, limit: int) -> Receive:
    """`receive` that refuses a body of more than `limit` bytes, whatever its header says."""
    seen = 0

    async def limited() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise _too_large(limit)
        return message

    return limited


def _too_large(limit: int) -> Refused:
    return Refused(413, "large", f"the report is larger than {limit / 1e6:g} MB", "send a smaller file")


async def _refused(request: HTTPRequest, error: Exception) -> Response:
    if isinstance(error, HTTPException):
        error = Refused(error.status_code, "http", error.detail, "see / for the page, POST /api/label")
    if not isinstance(error, Refused):
        error = Refused(500, "crash", f"unexpected {type(error).__name__}", "report it")
    headers = {"Retry-After": "5"} if error.status == 503 else None
    content = {"code": error.code, "error": error.error, "todo": error.todo}
    return JSONResponse(content, status_code=error.status, headers=headers)


class _Headers:
    """Puts the security headers on every response."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                extra = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
                message["headers"] = [*message["headers"], *extra]
            await send(message)

        await self.app(scope, receive, sending if scope["type"] == "http" else send)


def serve(
    model: str | Path,
    *,
    workspace: Path | None = None,
    port: int = 8765,
    workers: int = 1,
    limit: int = 20_000_000,
    time_limit: float = 60,
    at_once: int = 32,
    ready: Callable[[str], None] = print,
) -> None:
    """Serve until interrupted; `ready` is called with the address once the model is loaded.

    Port 0 takes a free one. Raises InputError when the model cannot be loaded, ServiceError when the port
    is taken.
    """
    import uvicorn

    pool = Pool(model, workspace=workspace, workers=workers, time_limit=time_limit)
    app = make_app(pool, limit=limit, at_once=at_once)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            raise ServiceError(
                f"cannot listen on 127.0.0.1:{port} ({error})", todo="choose another --port"
            ) from error
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, server_header=False, lifespan="off",
            timeout_keep_alive=5, timeout_graceful_shutdown=5,
        )  # fmt: skip
        with contextlib.suppress(KeyboardInterrupt):  # the way to end it
            asyncio.run(_run(uvicorn.Server(config).serve, listener, pool, lambda: ready(address)))


async def _run(
    serve_on: Callable[..., Awaitable[None]], listener: socket.socket, pool: Pool, ready: Callable[[], None]
) -> None:
    await pool.start()
    try:
        ready()
        await serve_on(sockets=[listener])
    finally:
        await pool.stop()
