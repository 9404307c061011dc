"""How programs on this machine reach the emulator: endpoint, region and its fixed credentials."""

from __future__ import annotations

import os
from typing import Any

import boto3
from botocore.config import Config

from devstack.settings import REGION

# The emulator's own administrator. Nothing else listens to these.
ACCESS_KEY = "test"
SECRET_KEY = "test"

# What a child process may inherit. The person's own AWS profile, keys and endpoints must not leak into the stack.
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TERM", "TZ")


def clean_environment() -> dict[str, str]:
    """The environment for programs that are not told about AWS."""
    return {name: os.environ[name] for name in INHERITED if name in os.environ}


def environment(endpoint_url: str) -> dict[str, str]:
    """The environment for programs that talk to the emulator and to nothing else of AWS."""
    return clean_environment() | {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def client(service: str, endpoint_url: str) -> Any:
    """A boto3 client of the emulator."""
    # `Any`: boto3 makes its clients' methods at run time.
    make: Any = boto3.client
    return make(
        service,
        endpoint_url=endpoint_url,
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=Config(connect_timeout=5, read_timeout=70, retries={"max_attempts": 2}),
    )
