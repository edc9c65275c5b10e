"""Decides requests by PyPI's `opa-wasm`.

Arguments: a module, files of requests. A line of JSON for each decision: the text that the host gave to the module, and
the result, or what the host raised. Each request is decided twice: by `opa_eval`, and by way of a context.
"""

import json
import sys

from opa_wasm import OPAPolicy


def decide(policy, value):
    sent = json.dumps(value)
    for by_context in (False, True):
        policy.supports_fastpath = not by_context
        try:
            results = policy.evaluate(value, 0)
            print(json.dumps({"sent": sent, "result": results[0]["result"] if len(results) == 1 else results}))
        except Exception as error:
            print(json.dumps({"sent": sent, "error": str(error)}))
            # What is left of an evaluation that was ended is not to be used.
            policy = OPAPolicy(sys.argv[1])


def main():
    policy = OPAPolicy(sys.argv[1])
    for path in sys.argv[2:]:
        try:
            with open(path, "rb") as file:
                value = json.loads(file.read())
        except (ValueError, RecursionError):
            continue  # the host gives values only
        decide(policy, value)
    policy.supports_fastpath = True
    for entrypoint, data in ((0, {"users": {}}), (-1, {})):
        policy.set_data(data)
        try:
            policy.evaluate({}, entrypoint)
        except Exception as error:
            print(json.dumps({"abort": str(error)}))


main()
