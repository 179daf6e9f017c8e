"""The text of the queries."""

import duckdb
import duckdb_kql
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.azure import graph
from aumdoctor.azure.collection import POLICY_DEFINITIONS

NAMES = [
    "arc_machines",
    "assessments",
    "assignments",
    "configurations",
    "extensions",
    "installations",
    "policy_states",
    "runs",
    "subscriptions",
    "virtual_machines",
]


@pytest.mark.parametrize("name", NAMES)
def test_every_query_projects_an_id_in_a_stable_order_so_that_it_pages(name: str) -> None:
    lines = [line for line in graph.query_text(name).splitlines() if line and not line.startswith("//")]
    assert lines[-1] == "| order by id asc"
    assert lines[-2].startswith("| project id")


def test_the_policies_asked_for_are_the_ones_that_are_known() -> None:
    text = graph.query_text("policy_states")
    assert all(definition in text for definition in POLICY_DEFINITIONS)


def test_a_query_is_narrowed_to_resource_groups_right_behind_its_table() -> None:
    text = graph.narrowed(graph.query_text("virtual_machines"), ["rg-a", "o'brien"])
    assert text.splitlines()[1:3] == ["resources", "| where resourceGroup in~ ('rg-a', 'o\\'brien')"]
    assert graph.narrowed("x", []) == "x"


names = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)


def test_a_name_cannot_leave_its_literal() -> None:
    with duckdb.connect(config={"threads": 1}) as connection:  # to open one for each name takes longer than to ask

        @given(names)
        def is_found_alone(name: str) -> None:
            connection.execute("create or replace table t(id varchar)")
            connection.execute("insert into t values (?), ('other')", [name])
            sql = duckdb_kql.to_sql(f"t | where id == {graph.literal(name)}")
            rows = connection.execute(sql).fetchall()
            assert rows.count((name,)) == (2 if name == "other" else 1)
            assert len(rows) == (2 if name == "other" else 1)

        is_found_alone()
