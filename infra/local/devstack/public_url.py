"""The address of the OAuth pages, which the function cannot learn from the emulator.

On AWS, API Gateway sends its own name with every request. The emulator (MiniStack 1.5.33) serves an API below a path,
sends a name that does not work, and chooses the API's id during the deploy. So the setting is changed afterwards.
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
