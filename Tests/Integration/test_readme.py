"""What the README says works: its Python client, word for word."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys

from phantoms import ct_slice, png, windowed

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"


def test_python_client(server, tmp_path):
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert "tcp://127.0.0.1:5555" in code
    (tmp_path / "abdomen.png").write_bytes(png(windowed(ct_slice(100))))
    code = code.replace("tcp://127.0.0.1:5555", server.endpoint)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120,
        env=os.environ | {"PYTHONUTF8": "1"})
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["pancreas", "左肾"]
