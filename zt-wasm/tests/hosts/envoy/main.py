"""Modules in Envoy: `main.py gateway|mesh|settings|duties FOLDER MODULE...`, called by `tests/it/envoy.rs`.

Ends with an error where anything is not as expected, and prints what was checked.
"""

import json
import os
import sys

import attacks
import duties
import gateway
import mesh
import mixed
import settings


def through_the_gateway(folder, example, module, swapped):
    """The example's requests, before and after the module is replaced; then attacks."""
    with open(os.path.join(example, "expected.json"), encoding="utf-8") as file:
        expected = json.load(file)
    for name in os.listdir(os.path.join(example, "requests")):
        assert name.removesuffix(".json") in expected, name
    stand = gateway.Gateway(folder, example, module)
    try:
        before = gateway.check_all(stand, expected)
        exact = gateway.exact(example, expected)
        plain = [(document, now) for document, now in exact if "evidence" not in document]
        decided = gateway.decided(stand, [*exact, *mixed.documents(plain)])
        with open(os.path.join(folder, "decided.json"), "w", encoding="utf-8") as file:
            json.dump(decided, file)
        gateway.check_swap(stand, swapped)
        gateway.check_broken(stand, os.path.join(example, "envoy.yaml"))
        after = gateway.check_all(stand, expected)
        assert before == after
        attacks.all_attacks(stand)
    finally:
        stand.stop()
    unsaid = sorted(name for name, how in gateway.ELSEWHERE.items() if how is None)
    print(f"gateway: {len(decided)} decisions to be compared")
    print(f"gateway: {before} of {len(expected)} requests, twice; cannot be said over HTTP: {', '.join(unsaid)}")
    with_other_settings(subfolder(folder, "other"), example, module)


def with_other_settings(folder, example, module):
    """Confusing paths again, where Envoy resolves them before the policy sees them; and what is large, where it lets it in."""
    for action in ("UNESCAPE_AND_FORWARD", "REJECT_REQUEST", "UNESCAPE_AND_REDIRECT"):
        manager = {"normalize_path": True, "merge_slashes": True, "path_with_escaped_slashes_action": action}
        stand = gateway.Gateway(folder, example, module, **manager)
        try:
            attacks.paths(stand, resolvable=True)
        finally:
            stand.stop()
    stand = gateway.Gateway(folder, example, module, **attacks.ROOMY)
    try:
        attacks.large(stand)
    finally:
        stand.stop()


def subfolder(folder, name):
    path = os.path.join(folder, name)
    os.makedirs(path, exist_ok=True)
    return path


def main(what, folder, *rest):
    if what == "gateway":
        through_the_gateway(folder, *rest)
    elif what == "mesh":
        mesh.certified(folder, *rest)
        mesh.optional(subfolder(folder, "optional"), *rest)
        print("mesh: certificates")
    elif what == "duties":
        duties.carried(folder, *rest)
        print("duties: carried, refused")
    elif what == "settings":
        settings.changed(folder, *rest)
        settings.never_taken(subfolder(folder, "never"), *rest)
        print("settings: changed, refused")
    else:
        raise SystemExit(f"unknown: {what}")


if __name__ == "__main__":
    main(*sys.argv[1:])
