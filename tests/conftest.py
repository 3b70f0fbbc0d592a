"""Fixtures for all tests."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import httpx
import pytest

from support import Server, World, serving

if TYPE_CHECKING:
    from collections.abc import Iterator


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
def restless_threads() -> Iterator[None]:
    """Threads that are switched as often as can be, so that a missing lock shows."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def world() -> World:
    """The four vendors in this process, as new, with a clock that stands still."""
    return World()
