from __future__ import annotations

import os

import pytest

from running_server import RunningServer, binary
from segsam_wire import Client


def pytest_collection_modifyitems(items):
    if binary() is None:
        reason = "SEGSAM_BINARY names no program: swift build -c release --product segsam"
        for item in items:
            if "offline" not in item.keywords:
                item.add_marker(pytest.mark.skip(reason=reason))
    if not os.environ.get("SEGSAM_SLOW"):
        for item in items:
            if "slow" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="slow; set SEGSAM_SLOW to run it"))


@pytest.fixture(scope="session")
def server():
    """One server for all tests. That it lives through every one of them is a test, too."""
    running = RunningServer()
    yield running
    assert running.is_running, f"the server died during the tests:\n{running.errors()}"
    assert running.stop() == 0


@pytest.fixture(autouse=True)
def still_running(request):
    running = request.getfixturevalue("server") if "server" in request.fixturenames else None
    yield
    if running:
        assert running.is_running, f"the server died:\n{running.errors()}"


@pytest.fixture(params=["REQ", "DEALER", "DEALER with an empty frame"])
def any_client(request, server):
    """A client of each kind that the ROUTER must serve alike."""
    kind = request.param.split()[0]
    with Client(server.endpoint, kind, envelope=" " in request.param) as client:
        yield client


@pytest.fixture
def client(server):
    with Client(server.endpoint) as client:
        yield client
