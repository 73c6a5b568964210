"""The local server: loopback, nothing outside the folder, changes only from its own page."""

import contextlib
import http.client
import json
import socket
import threading

import pytest
from tests.results.records import make_record

from flowbt.ground.errors import ResultsError
from flowbt.results import shelf, store
from flowbt.results.serve import Handler, inside, make_server


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    root = tmp_path_factory.mktemp("served") / "results"
    place = store.save(root, make_record(sessions=120))
    (root.parent / "secret.html").write_text("secret")
    (root / "leak.html").symlink_to(root.parent / "secret.html")
    with make_server(root, 0, lambda names: f"compared {names}") as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield root, place, server.server_address[1]
        server.shutdown()
        thread.join()


def ask(port, path, method="GET", body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, body, {"Host": f"127.0.0.1:{port}", **headers})
    answer = connection.getresponse()
    found = answer.status, answer.read().decode(), answer.headers
    connection.close()
    return found


def test_the_page_lists_the_run_and_its_tearsheet_opens(served):
    _, place, port = served
    status, text, _ = ask(port, "/")
    assert status == 200
    assert place.name in text
    assert ask(port, f"/dull/{place.name}/tearsheet.html")[0] == 200


ESCAPES = r"""
/../secret.html /..%2fsecret.html /%2e%2e/secret.html //etc/passwd /leak.html /dull/../../secret.html /..\secret.html /%00.html /dull /_assets/
"""


@pytest.mark.parametrize("path", ESCAPES.split())
def test_paths_cannot_leave_the_folder(served, path):
    status, text, _ = ask(served[2], path)
    assert status == 404
    assert "secret" not in text


def test_only_page_files_are_served(served):
    root, place, port = served
    assert ask(port, f"/dull/{place.name}/run.json")[0] == 404
    assert inside(root, "index.html") == root / "index.html"
    assert inside(root, ".hidden.html") is None


def test_other_host_names_are_refused(served):
    assert ask(served[2], "/", Host=f"evil.example:{served[2]}")[0] == 403
    assert ask(served[2], "/", Host="127.0.0.1")[0] == 403


def test_tags_and_notes_change_only_from_the_page(served):
    root, place, port = served
    body = json.dumps({"run": place.name, "tags": ["good", ""], "note": " <b>fine</b> "})
    assert ask(port, "/api/mark", "POST", body)[0] == 403
    assert shelf.find(root, place.name).tags == ()
    assert ask(port, "/api/mark", "POST", body, **{"X-Flowbt": "page"})[0] == 200
    assert (shelf.find(root, place.name).tags, shelf.find(root, place.name).note) == (("good",), "<b>fine</b>")
    assert "<b>fine" not in ask(port, "/")[1]


@pytest.mark.parametrize("body", ["", "[]", "{", '{"run": 1}', '{"run": "none", "tags": [], "note": ""}'])
def test_broken_requests_change_nothing(served, body):
    assert ask(served[2], "/api/mark", "POST", body, **{"X-Flowbt": "page"})[0] in (400, 409)


def test_progress_is_what_lies_in_the_folder(served):
    root, _, port = served
    (root / "dull" / "sweep").mkdir(exist_ok=True)
    (root / "dull" / "sweep" / "progress.json").write_text(json.dumps({"title": "sweep of dull", "done": 3, "total": 9}))
    (state,) = json.loads(ask(port, "/api/progress")[1])
    assert (state["title"], state["done"], state["total"], state["folder"]) == ("sweep of dull", 3, 9, "dull/sweep")


def test_compare_and_headers(served):
    status, text, headers = ask(served[2], "/compare?run=a&run=b%2Fc")
    assert (status, text) == (200, "compared ['a', 'b/c']")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "connect-src 'self'" in headers["Content-Security-Policy"]
    assert ask(served[2], "/", "HEAD")[1] == ""


def test_a_port_in_use_is_one_clear_line(served, tmp_path):
    with pytest.raises(ResultsError, match=rf"serve on port {served[2]}.*--port"):
        make_server(tmp_path, served[2], str)


RAW = (
    b"GET http://[ HTTP/1.1",
    b"POST http://[ HTTP/1.1",
    b"GET /x",
    b"\0\xff",
    b"GET / HTTP/9.9",
    b"GET /" + b"a" * 70_000 + b" HTTP/1.1",
    b"HEAD //[ HTTP/1.1",
)


@pytest.mark.parametrize("line", RAW, ids=range(len(RAW)))
def test_what_is_no_request_is_no_traceback(served, line, capfd):
    with socket.create_connection(("127.0.0.1", served[2]), timeout=10) as link, link.makefile("rb") as answer:
        link.sendall(line + f"\r\nHost: 127.0.0.1:{served[2]}\r\n\r\n".encode())
        link.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):  # the rest of a line that is too long was not read
            assert b"200 OK" not in answer.read()
    assert ask(served[2], "/")[0] == 200
    assert capfd.readouterr().err == ""


def test_who_leaves_before_the_answer_is_no_traceback(served, capfd):
    def gone(self, *args):
        raise BrokenPipeError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Handler, "_send", gone)
        with pytest.raises(http.client.RemoteDisconnected):
            ask(served[2], "/")
    assert capfd.readouterr().err == ""


def test_as_many_runs_are_compared_as_a_page_can_show(served):
    names = "&".join(f"run={n}" for n in range(21))
    assert ask(served[2], f"/compare?{names}")[0] == 400
    assert ask(served[2], "/compare?" + "run=a&" * 300 + "run=b")[1] == "compared ['a', 'b']"
