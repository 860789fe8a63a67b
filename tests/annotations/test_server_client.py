"""A connection that never hangs: what answers slowly, wrongly or not at all is one line."""

from __future__ import annotations

import io
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

pytest.importorskip("doccano_client", reason="the extra is not installed: pip install 'baogao[doccano]'")

from baogao.annotations import client
from baogao.annotations.client import connect, open_connection
from baogao.annotations.install import install_doccano
from baogao.annotations.server import bound_socket, health, read_secrets, running_url, write_private
from baogao.errors import InputError, ServiceError


@pytest.fixture
def serve(monkeypatch):
    """A function that serves `answer(method, path) -> (status, body)` on loopback and returns its address; a
    third number in the answer: so many bytes are promised and never sent."""
    servers = []
    monkeypatch.setattr(client.time, "sleep", lambda seconds: None)

    def start(answer):
        class Handler(BaseHTTPRequestHandler):
            def respond(self):
                self.rfile.read(int(self.headers.get("content-length") or 0))
                status, body, *missing = answer(self.command, self.path)
                data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Set-Cookie", "csrftoken=x")
                self.send_header("Content-Length", str(len(data) + sum(missing)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_DELETE = respond

            def log_message(self, *args):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def logged_in(answer):
    """`answer` behind a login that works."""

    def with_login(method, path):
        if path.endswith("/auth/login/"):
            return 200, {"key": "x"}
        return (200, {"username": "admin"}) if path.endswith("/me") else answer(method, path)

    return with_login


def test_nothing_there_is_one_line():
    with bound_socket(0) as taken:  # bound, but nobody listens
        port = taken.getsockname()[1]
        with pytest.raises(
            ServiceError, match=f"no doccano answers at http://127.0.0.1:{port}; start it"
        ) as e:
            connect(f"http://127.0.0.1:{port}", "admin", "x", timeout=1)
    assert e.value.exit_status == 3 and "\n" not in str(e.value)


def test_an_answer_that_never_comes_ends_with_the_time_out():
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        start = time.monotonic()
        with pytest.raises(ServiceError, match="did not answer within 0.2 s"):
            connect(f"http://127.0.0.1:{deaf.getsockname()[1]}", "admin", "x", timeout=0.2)
        assert time.monotonic() - start < 30
        assert health(f"http://127.0.0.1:{deaf.getsockname()[1]}", timeout=0.2) == "away"


def test_something_else_that_answers_is_not_taken_for_doccano(serve):
    url = serve(lambda method, path: (200, "<html>welcome</html>"))
    with pytest.raises(ServiceError, match="is not doccano; check the address"):
        connect(url, "admin", "x")
    with pytest.raises(InputError, match="not an address"):
        connect("localhost:8000", "admin", "x")
    with pytest.raises(InputError, match="--url: the address holds") as caught:
        connect(url.replace("://", "://zhang:secret@"), "admin", "x")
    assert "secret" not in str(caught.value)


def test_reads_are_tried_again_and_writes_that_could_double_are_not(serve):
    asked = []

    def answer(method, path):
        asked.append(method)
        return (500, {"detail": "database is locked"}) if len(asked) < 3 else (200, {"fine": True})

    connection = connect(serve(logged_in(answer)), "admin", "x")
    assert connection.get("look", "projects/1") == {"fine": True} and asked == ["GET"] * 3
    asked.clear()
    with pytest.raises(ServiceError, match="cannot make it: .* answered 500.*locked.*carries on"):
        connection.post("make it", "projects", {})
    assert asked == ["POST"]


def test_half_an_answer_is_asked_for_again_and_never_taken_for_the_whole(serve):
    asked = []

    def answer(method, path):
        asked.append(path)
        return (200, {"results": []}, 5) if len(asked) < 2 or "never" in path else (200, {"results": [1]})

    connection = connect(serve(logged_in(answer)), "admin", "x")
    assert connection.get("look", "projects") == {"results": [1]} and len(asked) == 2
    with pytest.raises(ServiceError, match="cannot look: no doccano answers at .*carries on"):
        connection.get("look", "never")


def test_rights_and_missing_things_say_what_to_do(serve):
    connection = connect(serve(logged_in(lambda m, path: (403 if "a" in path else 404, {}))), "admin", "x")
    with pytest.raises(ServiceError, match="cannot look: admin has no right to"):
        connection.get("look", "a")
    with pytest.raises(ServiceError, match="it is not there.*annotations push"):
        connection.get("look", "b")


def test_a_task_that_fails_or_never_ends_is_not_waited_for_an_hour(serve):
    def answer(method, path):
        return 200, {"ready": "slow" not in path, "result": {"error": ["row 3"]}}

    connection = connect(serve(logged_in(answer)), "admin", "x")
    with pytest.raises(ServiceError, match="doccano says.*row 3"):
        connection.wait_for_task("upload", "failed")
    with pytest.raises(ServiceError, match="task worker.*did not end it in time"):
        connection.wait_for_task("upload", "slow", patience=0.1)


def test_the_password_comes_from_the_environment_and_is_asked_for_nowhere_else(make_workspace, monkeypatch):
    workspace = make_workspace(gold=(), practice=())
    for name in ("URL", "USER", "PASSWORD"):
        monkeypatch.delenv(f"BAOGAO_DOCCANO_{name}", raising=False)
    with pytest.raises(ServiceError, match="no doccano runs for this workspace.*annotations serve"):
        open_connection(workspace)
    monkeypatch.setattr("sys.stdin", io.StringIO())  # no terminal, so nobody can be asked
    with pytest.raises(InputError, match="no password for admin.*BAOGAO_DOCCANO_PASSWORD"):
        open_connection(workspace, url="http://127.0.0.1:9")
    monkeypatch.setenv("BAOGAO_DOCCANO_PASSWORD", "x")
    monkeypatch.setenv("BAOGAO_DOCCANO_TIMEOUT", "soon")
    with pytest.raises(InputError, match="BAOGAO_DOCCANO_TIMEOUT: 'soon' is not a number of seconds"):
        open_connection(workspace, url="http://127.0.0.1:9")


def test_secrets_are_made_once_and_only_their_owner_reads_them(tmp_path):
    first = read_secrets(tmp_path / "home")
    assert read_secrets(tmp_path / "home") == first and len(first["secret_key"]) > 40
    assert (tmp_path / "home" / "secrets.json").stat().st_mode & 0o077 == 0
    write_private(tmp_path / "home" / "server.json", {"url": "http://127.0.0.1:1"})
    assert running_url(tmp_path / "home") == "http://127.0.0.1:1"
    assert read_secrets(tmp_path / "other")["secret_key"] != first["secret_key"]


def test_a_taken_port_is_bad_usage():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"port {port} on 127.0.0.1 is taken"), bound_socket(port):
            pass


def test_a_folder_that_is_not_ours_is_never_cleared_for_doccano(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="BAOGAO_DOCCANO_VENV: is not an environment that baogao made"):
        install_doccano(tmp_path)
    assert (tmp_path / "thesis.txt").exists()
