"""The CloudFormation template of a release, made from template.yaml.

Text is replaced, not YAML: comments and short forms stay. CloudFormation itself runs the SAM transform, so that
`aws cloudformation deploy` or the console of AWS deploys it without the SAM CLI. Run as a program, this prints the
template of a release 0.0.0, for a check of its form.
"""

from __future__ import annotations

import re
from pathlib import Path

# Most bytes of a template that `aws cloudformation deploy` sends without a bucket
# (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html).
MAX_BYTES = 51_200

CODE = re.compile(r"^(?P<indent> +)CodeUri: target/lambda/(?P<function>\w+)/$", re.MULTILINE)
OUTPUT = re.compile(r"(?<=\n  Release:\n)(?P<rest>(?:    .*\n)*?)    Value: .*\n")

PARAMETERS = """\
Parameters:
  ArtifactBucket:
    Description: Bucket of this region with the zip files of the functions.
    Type: String
    AllowedPattern: ^[a-z0-9.-]{3,63}$
    ConstraintDescription: the name of a bucket
  ArtifactPrefix:
    Description: Start of the zip files' keys in ArtifactBucket, with a slash at its end if it is a folder.
    Type: String
    Default: ""
"""
GROUP = """\
    ParameterGroups:
      - Label: { default: "This release" }
        Parameters: [ArtifactBucket, ArtifactPrefix]
"""


def functions(text: str) -> list[str]:
    """Returns the names of the functions, in the order of the template."""
    return [found["function"] for found in CODE.finditer(text)]


def zip_name(function: str, version: str, architecture: str) -> str:
    """Returns the name of a function's zip file."""
    return f"{function}-{version}-{architecture}.zip"


def name_release(text: str, release: str) -> str:
    """Returns the template with this release in its output `Release`."""
    named, count = OUTPUT.subn(lambda found: f"{found['rest']}    Value: {release}\n", text)
    return _once(named, count, "output Release")


def package(text: str, version: str, release: str) -> str:
    """Returns the template whose functions are zip files in a bucket."""

    def code(found: re.Match[str]) -> str:
        indent = found["indent"]
        key = zip_name(found["function"], version, "${Architecture}")
        return f"{indent}CodeUri:\n{indent}  Bucket: !Ref ArtifactBucket\n{indent}  Key: !Sub ${{ArtifactPrefix}}{key}"

    text = name_release(text, release)
    text = CODE.sub(code, text)
    for name, block in (("Parameters:\n", PARAMETERS), ("    ParameterGroups:\n", GROUP)):
        text, count = re.subn(f"^{name}", lambda _: block, text, flags=re.MULTILINE)
        _once(text, count, name.strip())
    size = len(text.encode())
    if size > MAX_BYTES:
        raise SystemExit(
            f"error: the template of the release has {size} bytes; CloudFormation takes {MAX_BYTES} without a bucket"
        )
    return text


def _once(text: str, count: int, place: str) -> str:
    if count != 1:
        raise SystemExit(f"error: template.yaml has {count} times {place!r}, not once")
    return text


if __name__ == "__main__":
    print(package((Path(__file__).resolve().parents[3] / "template.yaml").read_text(), "0.0.0", "0.0.0"), end="")
