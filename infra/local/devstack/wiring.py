"""The parts around a deployment: the link, a subscriber's queue behind a rule on the bus, the webhook."""

from __future__ import annotations

import datetime
import json
import secrets

from devstack import aws
from devstack.simulator import User

QUEUE_NAME = "bitrelay-demo-events"
RULE_NAME = "bitrelay-demo-events"
SECRET_BYTES = 24


def create_link(endpoint_url: str, prefix: str, link: str, user: User) -> str:
    """Creates the link: one secret in Secrets Manager. Returns its new webhook secret."""
    secret = secrets.token_hex(SECRET_BYTES)
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    value = {
        "version": 1,
        "template": "bitbucket-user-token",
        "webhook_secrets": [{"value": secret, "created_at": now}],
        "credential": {"type": "basic", "username": user.username, "password": user.token},
    }
    aws.client("secretsmanager", endpoint_url).create_secret(
        Name=prefix + link, SecretString=json.dumps(value)
    )
    return secret


def create_subscriber(endpoint_url: str, bus: str) -> str:
    """Creates a queue that receives every event of the bus, like any subscriber's. Returns its URL."""
    queues = aws.client("sqs", endpoint_url)
    events = aws.client("events", endpoint_url)
    url = str(queues.create_queue(QueueName=QUEUE_NAME)["QueueUrl"])
    queue_arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    pattern = json.dumps({"source": ["bitrelay"]})
    rule_arn = events.put_rule(Name=RULE_NAME, EventBusName=bus, EventPattern=pattern)["RuleArn"]
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue_arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
            }
        ],
    }
    queues.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    events.put_targets(Rule=RULE_NAME, EventBusName=bus, Targets=[{"Id": "queue", "Arn": queue_arn}])
    return url
