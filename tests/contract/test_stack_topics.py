"""`rewake topics create` on both brokers."""

from __future__ import annotations

import pytest

from schemas.topics import BY_NAME, Partitions
from streams import stacks
from streams.provision import PartitionsDiffer, Provisioner, provide, specs_of
from tests.topics import delete, recreate


@pytest.fixture(params=["embedded", "real"])
def options(request: pytest.FixtureRequest) -> dict[str, str]:
    stack: stacks.Stack = request.getfixturevalue(f"{request.param}_stack")
    return {"bootstrap_servers": stack.bootstrap}


async def test_topics_are_created_once_and_found_as_wanted(options: dict[str, str], prefix: str) -> None:
    await recreate(options["bootstrap_servers"], app=prefix, partitions=3)
    async with Provisioner(options) as broker:
        existing = await broker.existing(specs_of(prefix))
    assert {name: topic.partitions for name, topic in existing.items()} == {
        spec.name: 3 if spec.partitions is Partitions.CUSTOMER else 1 for spec in specs_of(prefix)
    }
    again = await provide(options, app=prefix, default_partitions=8, history=True)
    assert (again.create, again.lengthen, again.differences, again.partitions) == ((), (), (), 3)


async def test_another_partition_count_is_refused_and_nothing_is_created(options: dict[str, str], prefix: str) -> None:
    await recreate(options["bootstrap_servers"], app=prefix, partitions=2)
    other = f"{prefix}-other"
    with pytest.raises(PartitionsDiffer, match="need 5 partitions"):
        await provide(options, app=other, partitions=5, default_partitions=8)
    async with Provisioner(options) as broker:
        assert f"{other}-customers-changelog" not in await broker.existing(specs_of(other))


async def test_a_dry_run_creates_nothing(options: dict[str, str], prefix: str) -> None:
    await recreate(options["bootstrap_servers"], app=prefix, partitions=2)
    other = f"{prefix}-dry"
    planned = await provide(options, app=other, default_partitions=8, dry_run=True)
    assert [one.name for one in planned.create] == [f"{other}-customers-changelog", f"{other}-heartbeat"]
    async with Provisioner(options) as broker:
        assert f"{other}-customers-changelog" not in await broker.existing(specs_of(other))


@pytest.mark.real_only("the embedded broker cannot change a topic's settings, and ignores LogAppendTime")
async def test_history_keeps_records_for_ever_and_leaves_the_other_settings(
    real_stack: stacks.Stack, prefix: str
) -> None:
    options = {"bootstrap_servers": real_stack.bootstrap}
    await recreate(real_stack.bootstrap, app=prefix, partitions=2)
    async with Provisioner(options) as broker:
        before = await broker.existing(specs_of(prefix))
    await delete(real_stack.bootstrap, {"cart-events", "products"})
    await provide(options, app=prefix, default_partitions=2)
    changed = await provide(options, app=prefix, default_partitions=2, history=True)
    assert changed.lengthen == ("cart-events",)
    async with Provisioner(options) as broker:
        after = await broker.existing(specs_of(prefix))
    assert after["cart-events"].config["retention.ms"] == "-1"
    wanted = {**BY_NAME["cart-events"].config(), "retention.ms": "-1"}
    assert {name: after["cart-events"].config[name] for name in wanted} == wanted
    assert after["products"].config["cleanup.policy"] == "compact"
    assert after["site-views"] == before["site-views"]
