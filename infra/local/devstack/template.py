"""The project's `template.yaml`, prepared for the emulator.

Two things differ from the deployment on AWS. The bus's archive is left out, because the CloudFormation of the emulator
(MiniStack 1.5.33) refuses `AWS::Events::Archive`; and the functions' binaries are named by absolute paths, because the
copy lies in another folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from samcli.yamlhelper import yaml_dump, yaml_parse

from devstack.errors import StackError
from devstack.settings import FUNCTIONS

FUNCTION_TYPE = "AWS::Serverless::Function"


def load(path: Path) -> dict[str, Any]:
    """Returns the template with its short forms (`!Ref`) written out."""
    try:
        value = yaml_parse(path.read_text())
    except OSError as error:
        raise StackError(f"cannot read the template {path}: {error}") from error
    if not isinstance(value, dict) or not isinstance(value.get("Resources"), dict):
        raise StackError(f"{path} is not a template: it has no Resources")
    return value


def prepare(template: dict[str, Any], functions_dir: Path) -> str:
    """Returns the text of the copy for the emulator. Changes `template` in place."""
    resources: dict[str, Any] = template["Resources"]
    for name in [name for name, resource in resources.items() if resource["Type"] == "AWS::Events::Archive"]:
        del resources[name]
    for resource in resources.values():
        if resource["Type"] == FUNCTION_TYPE:
            properties = resource["Properties"]
            properties["CodeUri"] = str(functions_dir / Path(properties["CodeUri"]).name)
    return str(yaml_dump(template))


def http_routes(template: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yields each route of the HTTP API: the function's logical id, and the route key (`GET /healthz`)."""
    for name, resource in template["Resources"].items():
        if resource["Type"] != FUNCTION_TYPE:
            continue
        for event in resource["Properties"].get("Events", {}).values():
            if event["Type"] == "HttpApi":
                properties = event["Properties"]
                yield name, f"{properties['Method'].upper()} {properties['Path']}"


def check_binaries(functions_dir: Path, architecture: str) -> None:
    """Fails unless each function was built, and for this machine."""
    for name in FUNCTIONS:
        if not (functions_dir / name / "bootstrap").is_file():
            raise StackError(f"{functions_dir / name / 'bootstrap'} is missing; `make up` builds it")
    record = functions_dir / "ARCH"
    built_for = record.read_text().strip() if record.exists() else architecture
    if built_for != architecture:
        raise StackError(
            f"{functions_dir} was built for {built_for}, this machine is {architecture}; `make up` builds them for it"
        )
