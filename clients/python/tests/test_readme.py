"""The examples of the README, word for word, against the real server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from phantoms import ct_slice, ct_volume, nifti, png, windowed

PACKAGE = Path(__file__).resolve().parents[1]
EXAMPLES = re.findall(
    r"```python\n(.*?)```", (PACKAGE / "README.md").read_text(encoding="utf-8"), re.DOTALL)


def test_there_are_five():
    assert len(EXAMPLES) == 5
    for code in EXAMPLES:
        compile(code, "README.md", "exec")


@pytest.mark.parametrize("n", range(5), ids=["names", "nibabel", "held", "async", "stream"])
def test_example(server, tmp_path, n):
    if "nibabel" in EXAMPLES[n].split("with")[0]:
        pytest.importorskip("nibabel")
    (tmp_path / "abdomen.png").write_bytes(png(windowed(ct_slice(100, 160, 160))))
    (tmp_path / "ct.nii.gz").write_bytes(nifti(
        ct_volume(5).transpose(2, 1, 0), np.diag([-1.5, -1.5, 4, 1])))
    np.save(tmp_path / "slice.npy", ct_slice(101, 160, 160))
    code = EXAMPLES[n].replace("tcp://127.0.0.1:5555", server.endpoint).replace(
        "tcp://127.0.0.1:5556", server.publish)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120,
        env=os.environ | {"PYTHONPATH": str(PACKAGE / "src"), "PYTHONUTF8": "1"})
    assert done.returncode == 0 and not done.stderr, done.stderr
    lines = done.stdout.splitlines()
    if n == 0:
        assert [line.split()[0] for line in lines] == ["pancreas", "left_kidney", "liver"]
    if n == 1:
        assert lines[-1] == "4 of 4" and (tmp_path / "liver.nii.gz").exists()
    if n == 2:
        assert "pancreas" in lines[-1] and "<html" in (tmp_path / "report.html").read_text("utf-8")
    if n == 3:
        assert [line.split()[0] for line in lines] == ["liver", "spleen", "left_kidney"]
    if n == 4:
        assert [line.split()[0] for line in lines] == ["liver", "spleen"]
