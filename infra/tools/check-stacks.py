#!/usr/bin/env python3
"""Checks that several stacks of a template fit into one account, and that an example deploys them.

Every name that an account or a region has only once must contain the name of the stack, or follow from another resource
of the stack. In the example, each environment has a stack of its own, and gives allowed values to known parameters.

Usage: check-stacks.py TEMPLATE SAMCONFIG. Needs the tools' environment (cfn-lint). Prints problems; exits 1 if there
are any.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cfnlint.decode import decode
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER
from cfnlint.template.transforms._sam import Transform

REGION = "eu-west-1"


def identifiers(kind: str) -> set[str]:
    """Returns the properties that name a resource of a type, and that cannot be changed later."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema
    fixed = [*schema.get("primaryIdentifier", []), *schema.get("createOnlyProperties", [])]
    return {path.removeprefix("/properties/") for path in fixed if path.endswith(("Name", "Id"))}


def referred(value: Any) -> Iterator[str]:
    """Yields the names that a value refers to: of parameters, resources and pseudo parameters."""
    match value:
        case {"Ref": name}:
            yield name
        case {"Fn::GetAtt": [name, *_]}:
            yield name
        case {"Fn::Sub": str(text)} | {"Fn::Sub": [str(text), _]}:
            yield from (part.split("}")[0].split(".")[0] for part in text.split("${")[1:])
        case dict():
            for inner in value.values():
                yield from referred(inner)
        case list():
            for inner in value:
                yield from referred(inner)


def names(template: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yields every name of an account or a region, with its place in the template. A resource inside another one, such
    as a stage of an API, is named by both."""
    for resource, definition in template["Resources"].items():
        properties = definition.get("Properties", {})
        parts = {name: properties[name] for name in identifiers(definition["Type"]) if name in properties}
        if parts:
            yield f"{resource}: {', '.join(sorted(parts))}", parts
    for output, definition in template.get("Outputs", {}).items():
        if "Export" in definition:
            yield f"{output}: Export", definition["Export"]


def shared_names(template: dict[str, Any]) -> Iterator[str]:
    """Yields a problem for each name that two stacks would share."""
    own = {"AWS::StackName", "AWS::StackId", *template["Resources"]}
    for place, value in names(template):
        if not own.intersection(referred(value)):
            yield f"{place} is the same in every stack; put ${{AWS::StackName}} into it"


def is_allowed(parameter: dict[str, Any], value: str) -> bool:
    """True if CloudFormation takes the value."""
    if "AllowedValues" in parameter:
        return value in map(str, parameter["AllowedValues"])
    if parameter["Type"] == "Number":
        return value.isdigit() and parameter["MinValue"] <= int(value) <= parameter["MaxValue"]
    return re.fullmatch(parameter.get("AllowedPattern", ".*"), value) is not None


def wrong_settings(parameters: dict[str, Any], environments: dict[str, Any]) -> Iterator[str]:
    """Yields the problems of the environments."""
    stacks = [environment["deploy"]["parameters"]["stack_name"] for environment in environments.values()]
    if len(set(stacks)) != len(stacks):
        yield f"two environments deploy one stack: {stacks}"
    for name, environment in environments.items():
        for override in environment["deploy"]["parameters"]["parameter_overrides"]:
            parameter, _, value = override.partition("=")
            if parameter not in parameters:
                yield f"{name}: the template has no parameter {parameter}"
            elif not is_allowed(parameters[parameter], value):
                yield f"{name}: {parameter} may not be {value}"


def main(words: list[str]) -> int:
    """Checks one template and one example. Returns the exit code."""
    path, example = words
    template, problems = decode(path)
    if template is None or problems:
        print(f"{path}: not a template")
        return 1
    parameters = template["Parameters"]
    transform = Transform(path, template, REGION)
    transform.transform_template()
    settings = tomllib.loads(Path(example).read_text())
    settings.pop("version")
    found = [f"{path}: {text}" for text in shared_names(transform.template())]
    found += [f"{example}: {text}" for text in wrong_settings(parameters, settings)]
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
