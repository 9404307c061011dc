"""Access to the emulator from this machine: endpoint, region and its fixed credentials."""

from __future__ import annotations

import os
from typing import Any

import boto3
from botocore.config import Config

from devstack.settings import REGION

# The emulator's own administrator. No other service accepts these.
ACCESS_KEY = "test"
SECRET_KEY = "test"

# Variables that a child process inherits. The person's AWS profile, keys and endpoints must not leak into the stack.
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TERM", "TZ")


def clean_environment() -> dict[str, str]:
    """Returns the environment for programs that do not use AWS."""
    return {name: os.environ[name] for name in INHERITED if name in os.environ}


def environment(endpoint_url: str) -> dict[str, str]:
    """Returns the environment for programs that use the emulator and no other AWS."""
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
    """Returns a boto3 client of the emulator."""
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
