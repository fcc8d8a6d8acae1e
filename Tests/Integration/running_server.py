"""The real server as a child process."""

from __future__ import annotations

import json
import os
import pathlib
import queue
import shlex
import signal
import subprocess
import tempfile
import threading


def binary() -> pathlib.Path | None:
    """`SEGSAM_BINARY`, or None where it is not set or names no program."""
    path = pathlib.Path(os.environ.get("SEGSAM_BINARY", ""))
    return path.resolve() if path.is_file() and os.access(path, os.X_OK) else None


class RunningServer:
    """`segsam serve` on ports of the system's choice, from its ready line to its end."""

    def __init__(
        self, *arguments: str, timeout: float = 240.0, environment: dict[str, str] | None = None
    ):
        self.log = tempfile.TemporaryFile(prefix="segsam-server-")
        command = [str(binary()), "serve", "--bind", "tcp://127.0.0.1:*",
                   "--publish", "tcp://127.0.0.1:*", *arguments,
                   *shlex.split(os.environ.get("SEGSAM_SERVE_ARGUMENTS", ""))]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self.log, env=os.environ | (environment or {}))
        self.lines: queue.Queue = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        try:
            line = self.lines.get(timeout=timeout)
        except queue.Empty:
            line = None
        if line is None:
            self.kill()
            raise AssertionError(
                f"no ready line within {timeout} s, exit code {self.process.returncode}; "
                f"it said:\n{self.errors()}")
        self.ready = json.loads(line)
        self.endpoint, self.publish = self.ready["bind"], self.ready["publish"]

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.decode())
        self.lines.put(None)

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def errors(self) -> str:
        """What it wrote to stderr: all of it, or its beginning and its end."""
        self.log.seek(0)
        text = self.log.read().decode(errors="replace")
        return text if len(text) < 4000 else f"{text[:2000]}\n…\n{text[-2000:]}"

    def resident_bytes(self) -> int:
        """Of the process now, from /proc."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("the server is gone")

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self, timeout: float = 60.0) -> int:
        return self.process.wait(timeout)

    def kill(self):
        if self.is_running:
            self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.terminate()
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"it did not stop on SIGTERM:\n{self.errors()}") from None
