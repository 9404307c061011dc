"""`sam build` and `sam deploy`, as a user runs them, into the emulator."""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path
from typing import Any

from devstack import aws, template
from devstack.errors import StackError
from devstack.settings import REGION, STACK_NAME, Settings, tool
from devstack.state import State

STEP_SECONDS = 300
ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


def architecture() -> str:
    """Returns this machine's processor by Lambda's name. The emulator runs the functions on this machine."""
    found = ARCHITECTURES.get(platform.machine().lower())
    if platform.system() != "Linux" or found is None:
        raise StackError(
            f"the local stack runs the functions' Linux binaries directly, and this is {platform.system()} on "
            f"{platform.machine()}; use a Linux machine, virtual machine or container"
        )
    return found


def build(settings: Settings, state: State) -> dict[str, Any]:
    """Prepares the template and packages the prebuilt binaries. Returns the project's own template."""
    template.check_binaries(settings.functions_dir, architecture())
    original = template.load(settings.template)
    prepared = state.work / "template.yaml"
    prepared.write_text(template.prepare(template.load(settings.template), settings.functions_dir))
    arguments: list[str | Path] = ["build", "--template", prepared, "--build-dir", state.work / "build"]
    _sam(state, "sam-build", aws.clean_environment(), arguments)
    return original


def deploy(settings: Settings, state: State, endpoint_url: str, bitbucket_url: str) -> dict[str, str]:
    """Deploys the output of `build`. Returns the stack's outputs."""
    parameters = settings.parameters(architecture(), bitbucket_url)
    words = [f"{name}={value}" for name, value in parameters.items()]
    packaged = state.work / "build" / "template.yaml"
    arguments: list[str | Path] = ["deploy", "--template", packaged, "--stack-name", STACK_NAME]
    arguments += [
        "--resolve-s3",
        "--capabilities",
        "CAPABILITY_IAM",
        "--no-confirm-changeset",
        "--no-progressbar",
    ]
    arguments += ["--region", REGION, "--parameter-overrides", *words]
    _sam(state, "sam-deploy", aws.environment(endpoint_url), arguments)
    stacks = aws.client("cloudformation", endpoint_url).describe_stacks(StackName=STACK_NAME)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stacks[0]["Outputs"]}


def _sam(state: State, name: str, env: dict[str, str], arguments: list[str | Path]) -> None:
    """Runs one command of the SAM CLI with its output in a log."""
    program = tool("sam")
    log = state.logs / f"{name}.log"
    if not program.exists():
        raise StackError(f"{program} is missing; run `make tools`")
    # Telemetry off; no colours in a log.
    env = env | {"SAM_CLI_TELEMETRY": "0", "NO_COLOR": "1", "SAM_CLI_POLL_DELAY": "1"}
    with log.open("wb") as file:
        try:
            code = subprocess.run(
                [str(word) for word in [program, *arguments]],
                check=False,
                env=env,
                cwd=state.work,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                timeout=STEP_SECONDS,
            ).returncode
        except subprocess.TimeoutExpired:
            raise StackError(f"`sam {arguments[0]}` did not end within {STEP_SECONDS} s", log) from None
    if code != 0:
        raise StackError(f"`sam {arguments[0]}` failed (exit code {code})", log)
