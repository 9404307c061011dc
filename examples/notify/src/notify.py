"""One line for each event on bitrelay's bus: printed, and posted as {"text": line} to NOTIFY_URL if there is one."""

import html
import json
import os
import urllib.request


def line(detail):
    """Summarizes one event. `detail` is the envelope of docs/EVENTS.md."""
    subject = detail["subject"]
    name = subject.get("repository", {}).get("full_name") or detail["link"]
    number = f" #{subject['id']}" if "id" in subject else ""
    actor = (detail["actor"] or {}).get("nickname") or "somebody"
    changes = ", ".join(change["type"] for change in detail["changes"] or [])
    return f"{name}{number}: {actor}, {detail['key']}" + (f" ({changes})" if changes else "")


def handler(event, _context):
    """Entry point for Lambda, which retries twice after an error. So a line may appear twice."""
    text = line(event["detail"])
    print(text)
    if url := os.environ.get("NOTIFY_URL"):
        # A title such as "<!channel>" must not call everybody: Slack reads "<" as markup.
        body = json.dumps({"text": html.escape(text, quote=False)}).encode()
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=5).close()
