"""The address that the pages of OAuth are at, which the function cannot learn here.

On AWS, API Gateway says its own name with every request. The emulator (MiniStack 1.5.33) serves an API below a path, says
a name that leads nowhere, and chooses the API's id during the deploy; so the setting is changed after it.
"""

from __future__ import annotations

from devstack import aws

VARIABLE = "BITRELAY_PUBLIC_URL"


def tell(function: str, url: str, endpoint_url: str) -> None:
    """Changes one variable of a function's environment."""
    functions = aws.client("lambda", endpoint_url)
    variables = functions.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    functions.update_function_configuration(
        FunctionName=function, Environment={"Variables": variables | {VARIABLE: url}}
    )
