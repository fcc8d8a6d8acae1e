from __future__ import annotations

import pytest

from real_server import RealServer, binary


@pytest.fixture(scope="session")
def server():
    """One real server for all tests that need one."""
    if binary() is None:
        pytest.skip("SEGSAM_BINARY names no program: swift build -c release --product segsam")
    with RealServer() as running:
        yield running
        assert running.is_running, f"the server died during the tests:\n{running.errors()}"
