"""A connection to doccano that never hangs and says in one line what went wrong.

doccano-client sets no time-outs and polls a task for an hour; here every request ends in time, is tried
again where that can do no harm, and every failure becomes a ServiceError.
"""

from __future__ import annotations

import functools
import getpass
import os
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any, TypeVar
from urllib.parse import urlsplit

from baogao.annotations.server import health, is_loopback, read_secrets, running_url
from baogao.errors import InputError, ServiceError
from baogao.workspace import Workspace

Answer = TypeVar("Answer")
TRIES = 4
HEALTH_TRIES = 3
PROJECTS_AT_ONCE = 4
LOOK_AFTER_WORKER = 10  # seconds; the third look that finds a task worker dead gives up
AGAIN = "the same command carries on where this one stopped"


class RequestFailed(ServiceError):
    """A request that failed; `status` is the HTTP status, None where no answer came."""

    status: int | None = None


class Connection:
    """A logged-in session. `client` is the doccano_client.DoccanoClient behind it, with time-outs."""

    def __init__(self, client: Any, url: str, user: str, *, timeout: float) -> None:
        self.client = client
        self.url = url
        self.user = user
        self.timeout = timeout

    def call(
        self, what: str, function: Callable[..., Answer], *args: Any, safe: bool = True, **keywords: Any
    ):
        """`function(*args)`, a request to doccano, with failures as ServiceError ("cannot WHAT: …").

        safe: the request may be sent again when no answer came or the server failed (a read, or a write
        that the server takes once only).
        """
        import requests

        for attempt in range(TRIES):
            try:
                return function(*args, **keywords)
            except requests.RequestException as error:
                tries = 2 if isinstance(error, requests.Timeout) else TRIES
                if not (safe and _passing(error)) or attempt + 1 >= tries:
                    raise self._explain(what, error) from error
                time.sleep(0.5 * 2**attempt)
        raise AssertionError

    def get(self, what: str, resource: str, **params: Any) -> Any:
        """JSON of GET /v1/`resource`."""
        return self.call(what, lambda: self.client._base_repository.get(resource, params=params).json())

    def post(self, what: str, resource: str, body: dict, *, safe: bool = False) -> Any:
        """JSON of POST /v1/`resource`."""
        return self.call(
            what, lambda: self.client._base_repository.post(resource, json=body).json(), safe=safe
        )

    def delete(self, what: str, resource: str, body: dict | None = None) -> None:
        """DELETE /v1/`resource`."""
        self.call(what, lambda: self.client._base_repository.delete(resource, json=body))

    def pages(self, what: str, resource: str, *, limit: int = 1000, **params: Any) -> Iterator[dict]:
        """All results of a paged resource."""
        offset = 0
        while True:
            page = self.get(what, resource, limit=limit, offset=offset, **params)
            yield from page["results"]
            offset += limit
            if page["next"] is None:
                return

    def check_task_worker(self) -> None:
        """Raise ServiceError unless doccano's task worker answers: without it an import or export waits for
        ever, and runs when nobody expects it."""
        # A busy machine may take longer than the 3 s that doccano's own check gives its worker.
        for _ in range(HEALTH_TRIES):
            state = health(self.url, timeout=self.timeout)
            if state != "unwell":
                break
            time.sleep(1)
        if state != "ok":
            why = "its task worker or database does not answer" if state == "unwell" else "it does not answer"
            raise ServiceError(
                f"doccano at {self.url} is not healthy: {why}",
                todo=f"start its task worker (`doccano task`, or baogao annotations serve again); {AGAIN}",
            )

    def wait_for_task(self, what: str, task: str, *, patience: float | None = None) -> None:
        """Wait until a task of doccano has ended: as long as its worker lives, `patience` seconds at most
        (10 × the time-out by default)."""
        deadline = time.monotonic() + (patience or 10 * self.timeout)
        look, unwell, pause = time.monotonic() + LOOK_AFTER_WORKER, 0, 0.05
        while not (status := self.get(what, f"tasks/status/{task}"))["ready"]:
            now = time.monotonic()
            if now > look:
                unwell = 0 if health(self.url, timeout=self.timeout) == "ok" else unwell + 1
                look = now + LOOK_AFTER_WORKER
            if now > deadline or unwell > 2:
                raise ServiceError(
                    f"cannot {what}: the task worker of {self.url} did not end it in time",
                    todo=f"look at its log and start it again; {AGAIN}",
                )
            time.sleep(pause)
            pause = min(pause * 1.5, 1.0)
        result = status.get("result")
        failed = status.get("error") or (result.get("error") if isinstance(result, dict) else None)
        if failed:
            raise ServiceError(f"cannot {what}: doccano says {failed}", todo=f"mend that; {AGAIN}")

    def export(self, project: int, *, confirmed: bool = False) -> bytes:
        """The JSONL that doccano exports for a project that is labelled together: bytes, a row a line."""
        what = f"export project {project}"
        body = {"format": "JSONL", "exportApproved": confirmed}
        task = self.post(what, f"projects/{project}/download", body, safe=True)["task_id"]
        self.wait_for_task(what, task)
        get = functools.partial(self.client._base_repository.get, f"projects/{project}/download")
        archive = self.call(what, lambda: get(params={"taskId": task}).content)
        try:
            with zipfile.ZipFile(BytesIO(archive)) as opened:
                return opened.read("all.jsonl")
        except (zipfile.BadZipFile, KeyError) as error:
            raise ServiceError(
                f"cannot {what}: what came is not doccano's export ({error})",
                todo=f"look at its log; {AGAIN}",
            ) from error

    def _explain(self, what: str, error: Exception) -> RequestFailed:
        import requests

        response = getattr(error, "response", None)
        if isinstance(error, requests.Timeout):
            why, todo = f"{self.url} did not answer within {self.timeout:g} s", AGAIN
        elif isinstance(error, requests.JSONDecodeError):
            why, todo = f"what answers at {self.url} is not doccano", "check the address"
        elif response is None:
            why, todo = f"no doccano answers at {self.url}", f"start it (baogao annotations serve); {AGAIN}"
        elif response.status_code == 403:
            why = f"{self.user} has no right to at {self.url}"
            todo = "ask its administrator for staff and project_admin rights, or log in as another --user"
        elif response.status_code == 404:
            why, todo = (
                f"it is not there at {self.url}",
                "was it deleted? baogao annotations push makes it anew",
            )
        else:
            why = f"{self.url} answered {response.status_code} {str(error)[:200]}"
            todo = f"if it is locked or overloaded, wait a little; {AGAIN}"
        found = RequestFailed(f"cannot {what}: {why}", todo=todo)
        found.status = None if response is None else response.status_code
        return found


def _passing(error: Exception) -> bool:
    """No answer, or one that another try may better: doccano answers 500 while its database is locked."""
    response = getattr(error, "response", None)
    if response is None:
        return not isinstance(error, ValueError)  # an answer that is not JSON stays so
    return response.status_code >= 500


def connect(url: str, user: str, password: str, *, timeout: float = 60) -> Connection:
    """Log in to doccano at `url`. `timeout`: seconds for each answer.

    Raises ServiceError when nothing answers in time, what answers is not doccano, or the password is wrong,
    InputError for what is no address, or one that holds a password: addresses are shown and kept.
    """
    try:
        import requests
        from doccano_client import DoccanoClient
    except ImportError as error:
        raise ServiceError("doccano-client is not installed", todo="pip install 'baogao[doccano]'") from error

    class TimedAdapter(requests.adapters.HTTPAdapter):
        def send(self, request, *args, **keywords):
            keywords["timeout"] = (min(10, timeout), timeout)
            response = super().send(request, *args, **keywords)
            # urllib3 1.26 takes the half of an answer for all of it when the server is killed as it sends.
            response.raw.enforce_content_length = True
            return response

    if not url.startswith(("http://", "https://")):
        raise InputError(f"{url!r} is not an address", field="--url", todo="write http://HOST:PORT")
    if "@" in urlsplit(url).netloc:
        raise InputError(
            "the address holds a user or a password", field="--url",
            todo="write http://HOST:PORT, with --user and BAOGAO_DOCCANO_PASSWORD",
        )  # fmt: skip
    client = DoccanoClient(url)
    for scheme in ("http://", "https://"):
        client._base_repository._session.mount(scheme, TimedAdapter(pool_maxsize=4 * PROJECTS_AT_ONCE))
    # A proxy of the environment cannot reach this machine's loopback.
    client._base_repository._session.trust_env = not is_loopback(url)
    connection = Connection(client, url.rstrip("/"), user, timeout=timeout)
    try:
        connection.call("log in", client.login, user, password)
    except RequestFailed as error:
        if error.status == 400:
            raise ServiceError(
                f"wrong user or password for {user} at {url}",
                todo="set BAOGAO_DOCCANO_PASSWORD, or leave it out to be asked",
            ) from error
        raise
    if connection.get("log in", "me").get("username") != user:
        raise ServiceError(f"{url} did not log {user} in", todo="check the address")
    return connection


def open_connection(workspace: Workspace, *, url: str | None = None, user: str | None = None) -> Connection:
    """Connect to the doccano a command means: `url`, else $BAOGAO_DOCCANO_URL, else the private one that
    runs for this workspace. The password comes from $BAOGAO_DOCCANO_PASSWORD or a prompt; the private
    server's own is known. $BAOGAO_DOCCANO_TIMEOUT: seconds for an answer (60)."""
    home = workspace.annotations / "doccano"
    own = running_url(home)
    url = url or os.environ.get("BAOGAO_DOCCANO_URL") or own
    if url is None:
        raise ServiceError(
            "no doccano runs for this workspace",
            todo="start one in another terminal with: baogao annotations serve, or name one with --url",
        )
    user = user or os.environ.get("BAOGAO_DOCCANO_USER") or "admin"
    password = os.environ.get("BAOGAO_DOCCANO_PASSWORD")
    if password is None and url.rstrip("/") == own:
        private = read_secrets(home)
        password = private["password"] if user == private["user"] else None
    if password is None:
        if not sys.stdin.isatty():
            raise InputError(f"no password for {user} at {url}", todo="set BAOGAO_DOCCANO_PASSWORD")
        password = getpass.getpass(f"password of {user} at {url}: ")
    return connect(url, user, password, timeout=_timeout())


def _timeout() -> float:
    value = os.environ.get("BAOGAO_DOCCANO_TIMEOUT", "60")
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0
    if not 0 < seconds < float("inf"):
        raise InputError(
            f"{value!r} is not a number of seconds", field="BAOGAO_DOCCANO_TIMEOUT", todo="mend it"
        )
    return seconds
