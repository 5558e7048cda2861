"""What a program asks the engine itself, and what it must not ask."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.fake_cloud import Stack, item, output_of, secret

_READ = "pulumi:pulumi:readStackResourceOutputs"


def test_a_program_reads_what_its_stack_had_before(stack: Stack) -> None:
    calls = {"before": [_READ, {"stackName": "organization/declared/dev"}]}
    assert stack.up(item("a", key=secret("canary")), calls=calls).outputs["before"].value["outputs"] == {}
    read = stack.up(item("a", key=secret("canary"), size=2), calls=calls).outputs["before"]
    assert read.value["outputs"]["urn:pulumi:dev::declared::fake:index:Item::a"] == {
        "type": "fake:index:Item",
        "outputs": {"key": "canary", "made": "made-1"},
    }


def test_another_stack_cannot_be_read(stack: Stack) -> None:
    calls = {"before": [_READ, {"stackName": "organization/declared/other"}]}
    error = stack.fails(calls=calls)
    assert 'unknown stack "organization/declared/other"' in "\n".join([str(error), *error.diagnostics])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"import_": "id-1"}, "import"),
        ({"replacement_trigger": "now"}, "replacement_trigger"),
    ],
)
def test_what_is_not_modelled_is_refused_with_its_name(stack: Stack, options: dict[str, Any], words: str) -> None:
    error = stack.fails(item("a", options))
    told = "\n".join([str(error), *error.diagnostics])
    assert "is not modelled by the embedded engine; use Pulumi itself" in told
    assert words in told
    assert stack.cloud.writes() == []


def test_a_package_without_a_provider_is_refused_by_name(stack: Stack) -> None:
    error = stack.fails({"name": "bucket", "type": "aws:s3/bucket:Bucket", "props": {}, "made": []})
    assert "aws" in str(error)
    assert "embedded engine" in str(error)


def test_unknown_functions_fail_with_the_providers_words(stack: Stack) -> None:
    error = stack.fails(item("a"), calls={"odd": ["fake:index:odd", {}]})
    assert "unknown function fake:index:odd" in "\n".join([str(error), *error.diagnostics])


def test_two_resources_of_one_name_are_refused(stack: Stack) -> None:
    error = stack.fails(item("a"), item("b", uses=output_of("a")), item("a", size=2))
    assert "Duplicate resource URN" in "\n".join([str(error), *error.diagnostics])
