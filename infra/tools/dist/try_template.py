"""Deploys the template of a release into the AWS emulator as `aws cloudformation deploy` does, with zip files in S3.

Usage: .local/tools/venv/bin/python infra/tools/dist/try_template.py DIST. Needs no Rust.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "local"))

from devstack import aws, deploy, emulator, processes  # noqa: E402
from devstack.settings import FUNCTIONS, REGION, Settings  # noqa: E402
from devstack.state import State  # noqa: E402
from samcli.yamlhelper import yaml_dump, yaml_parse  # noqa: E402

STACK = "release"
BUCKET = "artifacts"
PREFIX = "bitrelay/"


def main(dist: Path) -> int:
    """Starts an emulator, deploys and compares. Returns the exit code."""
    [template] = dist.glob("bitrelay-*.yaml")
    with tempfile.TemporaryDirectory() as folder:
        state = State(Path(folder))
        state.make()
        unused = Path(folder)
        settings = Settings(state_dir=unused, template=template, functions_dir=unused, simulator=unused, port=0)
        process = emulator.start(settings, state)
        try:
            return _deploy(template, emulator.endpoint_url(process.port))
        finally:
            processes.stop(state, process)


def _deploy(template: Path, endpoint_url: str) -> int:
    bucket = aws.client("s3", endpoint_url)
    bucket.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    for archive in template.parent.glob("*.zip"):
        bucket.put_object(Bucket=BUCKET, Key=f"{PREFIX}{archive.name}", Body=archive.read_bytes())
    parameters = {"ArtifactBucket": BUCKET, "ArtifactPrefix": PREFIX, "Architecture": deploy.architecture()}
    formation = aws.client("cloudformation", endpoint_url)
    change = {"StackName": STACK, "ChangeSetName": STACK}
    formation.create_change_set(
        **change,
        ChangeSetType="CREATE",
        TemplateBody=_without_archive(template),
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )
    formation.get_waiter("change_set_create_complete").wait(**change, WaiterConfig={"Delay": 1})
    formation.execute_change_set(**change)
    formation.get_waiter("stack_create_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})
    stack = formation.describe_stacks(StackName=STACK)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    lambdas = aws.client("lambda", endpoint_url)
    for name in FUNCTIONS:
        found = lambdas.get_function_configuration(FunctionName=outputs[f"{name.capitalize()}Function"])
        print(f"{name}: {found['CodeSize']} bytes, {found['Runtime']}, {' '.join(found['Architectures'])}")
    print(f"The template deploys. Release: {outputs['Release']}")
    return 0


def _without_archive(template: Path) -> str:
    """Returns the template without the archive of the bus, which the emulator refuses (devstack/template.py)."""
    value: dict[str, Any] = yaml_parse(template.read_text())
    value["Resources"].pop("Archive")
    return str(yaml_dump(value))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
