from aumdoctor.checks.dynamic_scope_misses import dynamic_scope_misses
from tests.builders import azure_vm, configuration, dynamic_scope, estate, examine

SCHEDULE = configuration()


def calls(*machines, **scope_filter):
    scope = dynamic_scope(SCHEDULE, **scope_filter)
    built = examine(estate(*machines, configurations=(SCHEDULE,), assignments=(scope,)), dynamic_scope_misses)
    return {remedy.name: remedy.calls for remedies in built.remedies for remedy in remedies}


def test_the_other_spelling_is_added_and_all_else_is_sent_as_it_was() -> None:
    made = calls(
        azure_vm("vm-1", tags={"Wave": "Wave-A", "App": "Web"}),
        azure_vm("vm-2", tags={"Wave": "WAVE-A", "App": "Web"}),
        tags={"Wave": ("wave-a",), "App": ("Web",)},
        os_types=("Windows",),
        tag_operator="All",
    )
    (call,) = made["widen-dynamic-scope"]
    assert call.method == "PUT"
    assert call.path.endswith("/configurationAssignments/scope-1")
    assert call.body is not None
    assert call.body["location"] == "global"
    assert call.body["properties"] == {
        "maintenanceConfigurationId": SCHEDULE.id,
        "filter": {
            "resourceTypes": [],
            "resourceGroups": [],
            "osTypes": ["Windows"],
            "locations": [],
            "tagSettings": {
                "tags": {"Wave": ["wave-a", "Wave-A", "WAVE-A"], "App": ["Web"]},
                "filterOperator": "All",
            },
        },
    }


def test_a_name_that_differs_is_nothing_that_a_value_could_cure() -> None:
    assert list(calls(azure_vm("vm-1", tags={"WAVE": "wave-a"}), tags={"Wave": ("wave-a",)})) == [
        "correct-dynamic-scope"
    ]


def test_a_scope_that_matches_nothing_at_all_is_not_widened() -> None:
    assert list(calls(azure_vm("vm-1", tags={"Wave": "other"}), tags={"Wave": ("wave-a",)})) == [
        "correct-dynamic-scope"
    ]
