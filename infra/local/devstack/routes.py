"""The HTTP API's routes, which the emulator (MiniStack 1.5.33) does not read from SAM's template.

SAM writes routes into the API's OpenAPI `Body`; the emulator ignores it and answers 404. So they are created here with
the calls of API Gateway v2, read from the template, and each calls its function in the template.
"""

from __future__ import annotations

from typing import Any

from devstack import aws, template
from devstack.settings import STACK_NAME


def create(original: dict[str, Any], api_id: str, endpoint_url: str) -> None:
    """One integration a function, one route for each of its HTTP events."""
    gateway = aws.client("apigatewayv2", endpoint_url)
    stack = aws.client("cloudformation", endpoint_url)
    functions = aws.client("lambda", endpoint_url)
    integrations: dict[str, str] = {}
    for logical_id, route_key in template.http_routes(original):
        if logical_id not in integrations:
            resource = stack.describe_stack_resource(StackName=STACK_NAME, LogicalResourceId=logical_id)
            name = resource["StackResourceDetail"]["PhysicalResourceId"]
            arn = functions.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
            integrations[logical_id] = gateway.create_integration(
                ApiId=api_id, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0"
            )["IntegrationId"]
        gateway.create_route(
            ApiId=api_id, RouteKey=route_key, Target=f"integrations/{integrations[logical_id]}"
        )
