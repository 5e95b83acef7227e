"""What several contract suites start once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.redis_process import ClusterProcesses


@pytest.fixture(scope="session")
def own_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterProcesses]:
    """A Redis Cluster of three nodes, which nobody breaks."""
    cluster = ClusterProcesses(tmp_path_factory.mktemp("cluster"))
    yield cluster
    cluster.stop()
