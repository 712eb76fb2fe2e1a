"""A server on this machine that plays a host of files and the Hugging Face Hub."""

import contextlib
import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Host:
    """What the server gives, and what it was asked.

    Attributes:
        files: path to content.
        redirects: path to address.
        breaks: number of answers that end in the middle.
        cut: where they end, in bytes from the beginning of the file.
        ranges: the server honours them.
        etag: of every file; None sends none.
        delay: of each answer, an event to wait for.
        asked: (method, path, Range) of each request.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    breaks: int = 0
    cut: int = 0
    ranges: bool = True
    etag: str | None = '"one"'
    delay: float = 0.0
    status: int = 200
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    address: str = ""

    def url(self, path: str) -> str:
        return f"{self.address}/{path}"


@contextlib.contextmanager
def serving() -> Iterator[Host]:
    """Serve a `Host` while the block runs."""
    host = Host()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def answer(self, *, body: bool) -> None:
            path, wanted = self.path.lstrip("/").partition("?")[0], self.headers["Range"]
            host.asked.append((self.command, path, wanted))
            if path in host.redirects:
                self.send_response(302)
                self.send_header("Location", host.redirects[path])
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            if path not in host.files or host.status != 200:
                self.send_response(host.status if path in host.files else 404)
                self.send_header("X-Error-Code", "EntryNotFound")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.give(host.files[path], wanted, body=body)

        def give(self, data: bytes, wanted: str | None, *, body: bool) -> None:
            begin = 0
            if wanted and host.ranges and self.headers["If-Range"] in (None, host.etag):
                begin = int(wanted.removeprefix("bytes=").partition("-")[0])
            if begin > len(data) or (begin and begin == len(data)):
                self.send_response(416)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206 if begin else 200)
            if begin:
                self.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
            self.send_header("Content-Length", str(len(data) - begin))
            if host.etag:
                self.send_header("ETag", host.etag)
            self.send_header("X-Repo-Commit", COMMIT)
            self.end_headers()
            if not body:
                return
            if host.delay:
                threading.Event().wait(host.delay)
            if host.breaks and begin < host.cut:
                host.breaks -= 1
                self.wfile.write(data[begin : host.cut])
                self.close_connection = True
                self.wfile.flush()
                self.connection.close()
                return
            with contextlib.suppress(ConnectionError):
                self.wfile.write(data[begin:])

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    host.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def sha256(data: bytes) -> str:
    """Return the digest of bytes."""
    return hashlib.sha256(data).hexdigest()
