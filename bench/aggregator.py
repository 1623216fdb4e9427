"""A stand-in for an aggregator: takes every message after a moment, and remembers each key.

    python -m bench.aggregator PORT

`POST /send` with our key as the body; `GET /told` says how many came, and how many came twice.
"""

import asyncio
import json
import sys
from collections import Counter

import uvicorn

LATENCY = 0.05
"""Seconds an aggregator takes to answer."""
KEYS: Counter[bytes] = Counter()


async def app(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("only http is answered")
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    if scope["path"] == "/send":
        KEYS[body] += 1
        await asyncio.sleep(LATENCY)
        answer = b"OK"
    else:
        twice = sum(many - 1 for many in KEYS.values())
        answer = json.dumps({"messages": len(KEYS), "twice": twice}).encode()
    head = [(b"content-length", b"%d" % len(answer))]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": answer})


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_level="error", access_log=False)
