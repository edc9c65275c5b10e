"""Requests put together from parts of the example's, to be decided in Envoy and by the engine.

Callers, request lines, queries, headers, addresses and counts are drawn apart, each from some request of the example or
from what is odd about its kind; so callers come with paths, addresses and hours that no example thought of.
"""

import copy
import random

from attacks import PATHS

COUNT = 400
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE"]
ODD_QUERIES = [
    {"account": [""]},
    {"q": ["ä + b & c = d", "%", "%61"], "": ["x"]},
    {"order": ["1", "2"], "account": ["ann"]},
    {"account": ["ann", "ann"], "zürich": ["日本"]},
    {"a\0b": ["\t", "\r\n"]},
]
ODD_ADDRESSES = ["::1", "2001:db8:acce::9", "::ffff:192.0.2.1", "100.64.0.1", "198.51.100.1", "10.20.0.0"]
ODD_COUNTS = [0, 60, 61, 600, 601, 3000, 3001, -1, 2**50, 3.5, 1e26]


def documents(parents):
    """Documents with the instants at which to ask, from documents that can be said as they are."""
    draw = random.Random(20261121)
    for _ in range(COUNT):
        yield document(draw, parents)


def document(draw, parents):
    def parent():
        return copy.deepcopy(draw.choice(parents)[0])

    caller, now = draw.choice(parents)
    line = parent()["resource"]["properties"]
    line["query"] = draw.choice([{}, parent()["resource"]["properties"]["query"], *ODD_QUERIES])
    line["headers"] = parent()["resource"]["properties"].get("headers", {})
    if draw.random() < 0.5:
        line["method"] = draw.choice(METHODS)
    if draw.random() < 0.2:
        line["path"] = draw.choice([path for path in PATHS if path.startswith("/") and "?" not in path])
    context = parent()["context"]
    own = caller["context"]
    mixed = {name: own[name] for name in ("token", "mfa", "mfa_at") if name in own}
    mixed["source_ip"] = draw.choice([own["source_ip"], own["source_ip"], context["source_ip"], *ODD_ADDRESSES])
    mixed["tier"] = draw.choice([own["tier"], context["tier"]])
    mixed["requests_per_minute"] = draw.choice([3, 3, 3, 3, *ODD_COUNTS])
    resource = {"type": "zt.http.Request", "id": "-", "properties": line}
    parts = {"subject": caller["subject"], "action": {"name": "call"}, "resource": resource, "context": mixed}
    return copy.deepcopy(parts), now
