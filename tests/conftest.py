"""Fixtures for all tests."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

import httpcore  # noqa: F401 - httpx imports it when it first needs it; within a test of pytester it would come twice
import httpx
import pytest

from redis_servers import SERVER, RedisServer, cluster
from support import AppWorld, Server, World, serving

if TYPE_CHECKING:
    from collections.abc import Iterator


pytest_plugins = ["pytester"]
collect_ignore = ["examples"]  # projects of their own, which tests run as their users would


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One real server for the whole session."""
    with serving() as running:
        yield running


@pytest.fixture
def sandbox(server: Server, request: pytest.FixtureRequest) -> str:
    """The base URL of a world that only this test knows."""
    name = re.sub(r"[^A-Za-z0-9._-]", "-", request.node.name)
    return f"{server.url}/~{name[-50:]}-{abs(hash(request.node.nodeid)) % 10**8}"


@pytest.fixture(scope="session")
def client() -> Iterator[httpx.Client]:
    """An HTTP client with keep-alive."""
    with httpx.Client() as one:
        yield one


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project with the plugin, whose sessions know nothing of the one that runs this test."""
    monkeypatch.delenv("RESCIND_URL", raising=False)
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:cacheprovider")
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_TESTRUNUID"):  # of the session that runs this test
        monkeypatch.delenv(name, raising=False)
    return pytester


@pytest.fixture
def restless_threads() -> Iterator[None]:
    """Threads that are switched as often as can be, so that a missing lock shows."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One real Redis for the whole session. Where there is none, its tests are skipped, unless REQUIRE_REDIS is set."""
    if SERVER is None:
        reason = "needs redis-server: apt-get install redis-server"
        if os.environ.get("REQUIRE_REDIS"):
            pytest.fail(reason)
        pytest.skip(reason)
    running = RedisServer(tmp_path_factory.mktemp("redis"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def redis_cluster(redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:  # noqa: ARG001 - it skips, or fails, where there is no Redis
    """The URL of a real cluster of three nodes."""
    with cluster(tmp_path_factory.mktemp("cluster")) as url:
        yield url


@pytest.fixture(params=["memory", "redis"])
def world(request: pytest.FixtureRequest) -> World:
    """The four vendors in this process, as new, with a clock that stands still; over each store."""
    if request.param == "app":
        return AppWorld()
    if request.param == "memory":
        return World()
    return World(store=request.getfixturevalue("redis_server").url)
