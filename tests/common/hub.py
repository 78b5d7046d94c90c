"""A stand-in of the Hugging Face Hub: a local server of what huggingface_hub asks for."""

import base64
import hashlib
import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_RESOLVE = re.compile(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)")


class Repository:
    """The commits of a repository: files by name."""

    def __init__(self):
        self.commits = []
        self.messages = []
        self.private = None

    def commit(self, files, message=""):
        before = dict(self.commits[-1][1]) if self.commits else {}
        files = before | files
        text = repr(sorted(files.items())) + str(len(self.commits))
        self.commits.append((hashlib.sha1(text.encode()).hexdigest(), files))
        self.messages.append(message)
        return self.commits[-1][0]

    def find(self, revision):
        if revision == "main" and self.commits:
            return self.commits[-1]
        return next((each for each in self.commits if each[0] == revision), None)


class Hub:
    """The repositories of the server, and the paths that it was asked for."""

    def __init__(self):
        self.repositories = {}
        self.asked = []

    def put(self, name, folder):
        """Make a repository of a folder. Return the commit."""
        files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }
        return self.repositories.setdefault(name, Repository()).commit(files)


class _Handler(BaseHTTPRequestHandler):
    hub: Hub

    def log_message(self, *args):
        pass

    def do_HEAD(self):
        self._file()

    def do_GET(self):
        if not self._file():
            self._answer(404, {"error": "not found"})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.hub.asked.append(self.path)
        repositories = self.hub.repositories
        if self.path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked['organization']}/{asked['name']}"
            repository = repositories.setdefault(name, Repository())
            repository.private = asked.get("private") or asked.get("visibility") == "private"
            self._answer(200, {"url": f"http://{self.headers['Host']}/{name}"})
        elif self.path == "/api/validate-yaml":
            self._answer(200, {"errors": [], "warnings": []})
        elif match := re.fullmatch(r"/api/models/(.+)/preupload/main", self.path):
            files = [
                {"path": each["path"], "uploadMode": "regular", "shouldIgnore": False}
                for each in json.loads(body)["files"]
            ]
            self._answer(200, {"files": files})
        elif match := re.fullmatch(r"/api/models/(.+)/commit/main", self.path):
            lines = [json.loads(line) for line in body.splitlines()]
            files = {
                each["value"]["path"]: base64.b64decode(each["value"]["content"])
                for each in lines
                if each["key"] == "file"
            }
            message = lines[0]["value"]["summary"]
            commit = repositories[match[1]].commit(files, message)
            url = f"http://{self.headers['Host']}/{match[1]}/commit/{commit}"
            self._answer(200, {"success": True, "commitOid": commit, "commitUrl": url})
        else:
            self._answer(404, {"error": "not found"})

    def _file(self):
        """Answer a request for a file."""
        match = _RESOLVE.fullmatch(self.path)
        if not match:
            return False
        name, revision, file = match.groups()
        self.hub.asked.append(self.path)
        repository = self.hub.repositories.get(name)
        found = repository and repository.find(revision)
        if repository is None:
            self._refuse("RepoNotFound")
        elif found is None:
            self._refuse("RevisionNotFound")
        elif file not in found[1]:
            self._refuse("EntryNotFound")
        else:
            content = found[1][file]
            self.send_response(200)
            self.send_header("X-Repo-Commit", found[0])
            self.send_header("ETag", f'"{hashlib.sha1(content).hexdigest()}"')
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)
        return True

    def _refuse(self, code):
        self.send_response(404)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _answer(self, status, values):
        content = json.dumps(values).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def served():
    """Yield a Hub and the address of its server. The server stops when the block ends."""
    hub = Hub()
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield hub, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
