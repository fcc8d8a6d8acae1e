"""The real server as a child process."""

from __future__ import annotations

import functools
import json
import os
import random
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
"""Of the repository: the server finds its models from there."""


def binary() -> Path | None:
    path = Path(os.environ.get("SEGSAM_BINARY", ""))
    return path.resolve() if path.is_file() and os.access(path, os.X_OK) else None


def segsam(*arguments: str) -> str:
    """Runs it to its end; what it printed."""
    return subprocess.run(
        [str(binary()), *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60,
        check=True).stdout


@functools.cache
def serve_help() -> str:
    return segsam("serve", "--help")


def free_endpoint() -> str:
    """One to which a server can return: below the ports that the system hands out to others."""
    for port in random.sample(range(20_000, 30_000), 100):
        with socket.socket() as trial:
            try:
                trial.bind(("127.0.0.1", port))
            except OSError:
                continue
            return f"tcp://127.0.0.1:{port}"
    raise AssertionError("no port is free")


class RealServer:
    """`segsam serve`, from its ready line to its end."""

    def __init__(self, *arguments: str, bind="tcp://127.0.0.1:*", publish="tcp://127.0.0.1:*"):
        self.log = tempfile.TemporaryFile(prefix="segsam-server-")
        self.process = subprocess.Popen(
            [str(binary()), "serve", "--bind", bind, "--publish", publish, *arguments],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=self.log)
        watchdog = threading.Timer(120, self.process.kill)
        watchdog.start()
        line = self.process.stdout.readline()
        watchdog.cancel()
        if not line:
            self.process.wait(10)
            raise AssertionError(f"no ready line; it said:\n{self.errors()}")
        ready = json.loads(line)
        self.endpoint, self.publish = ready["bind"], ready["publish"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def errors(self) -> str:
        self.log.seek(0)
        return self.log.read().decode(errors="replace")[-4000:]

    def kill(self):
        self.process.kill()
        self._end()

    def stop(self):
        self.process.terminate()
        self._end()

    def _end(self):
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log.close()
