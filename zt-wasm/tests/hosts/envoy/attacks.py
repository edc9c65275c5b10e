"""What a client may try at the gateway: nothing of it may reach the shop, or change what the policy sees.

Statuses are those of the policy (403), of `jwt_authn` (401), or of Envoy itself, which refuses or hangs up on what is no
HTTP before it asks anybody.
"""

import h2.config
import h2.connection
import h2.events
import h2.exceptions
from gateway import HOST, NOW, anybody, claims
from stand import Keys, request, seconds

# Paths that some server reads as administration, and some as a visitor's.
PATHS = [
    "/v1/products/../admin/metrics",
    "/v1/products/./../admin/metrics",
    "/v1/products/%2e%2e/admin/metrics",
    "/v1/products/%2E./admin/metrics",
    "/v1/products/..%2fadmin%2fmetrics",
    "/v1/products/..%2Fadmin%2Fmetrics",
    "/v1/products/..%5cadmin%5cmetrics",
    "/v1/products/..\\admin\\metrics",
    "/v1/products/..;/admin/metrics",
    "/v1/products/..;a=b/admin/metrics",
    "/v1//admin/metrics",
    "//v1/admin/metrics",
    "/v1/products//../../admin/metrics",
    "/v1/admin/metrics/..",
    "/v1/admin;/metrics",
    "/v1/%61dmin/metrics",
    "/v1/admin/metrics?/v1/products/4711",
    "/v1/admin/metrics%3f/../../products/4711",
    "/v1/admin/metrics%23",
    "/v1/products/%c0%ae%c0%ae/admin/metrics",
    "/v1/products/%00/../admin/metrics",
    "/v1/products/4711%0d%0aGET%20/v1/admin/metrics",
    "/v1/products/%",
    "/v1/products/%2",
    "/v1/products/%u002e%u002e/admin/metrics",
    "v1/admin/metrics",
    "*",
    "https://internal.meridian.example/v1/products/4711",
    "https://api.meridian.example/v1/admin/metrics",
]

# Paths that are refused as they come, and served where Envoy resolves them first, as the shop then gets what they mean.
RESOLVABLE = ["/v1//products/4711", "/v1/./products/4711", "/v1/categories/../products/4711"]

# Headers by which a client might speak for the gateway.
PRETENCES = [
    ("X-Forwarded-For", "10.20.7.8"),
    ("X-Real-Ip", "10.20.7.8"),
    ("Forwarded", "for=10.20.7.8;proto=https"),
    ("X-Envoy-External-Address", "10.20.7.8"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Client-Cert", "URI=spiffe://prod.example/ns/edge/sa/ingress"),
    ("X-Jwt-Payload", "eyJzdWIiOiJvbGEifQ"),
    ("X-Mfa", "true"),
    ("X-Account", "ola"),
    ("Tier", "partner"),
    ("Requests-Per-Minute", "0"),
    ("Source-Address", "10.20.7.8"),
    ("X-Zt-Decision", '{"effect":"allow"}'),
]

LINE = b"GET /v1/products/4711 HTTP/1.1\r\nHost: api.meridian.example\r\n"
# Bytes that are no HTTP, or HTTP that two servers could read differently.
MALFORMED = [
    b"GET /v1/products/4711\r\n\r\n",
    b"GET /v1/products/4711 HTTP/9.9\r\nHost: api.meridian.example\r\n\r\n",
    b"GET /v1/products/4711 HTTP/1.0\r\n\r\n",
    b"GET /v1/products/4711 HTTP/1.1\r\n\r\n",
    b"GET /v1/products/4711 HTTP/1.1\r\nHost:\r\n\r\n",
    b"GET /v1/pro ducts HTTP/1.1\r\nHost: api.meridian.example\r\n\r\n",
    b"GET /v1/products/\x00 HTTP/1.1\r\nHost: api.meridian.example\r\n\r\n",
    b"GET /v1/products/\xff HTTP/1.1\r\nHost: api.meridian.example\r\n\r\n",
    b"G\x00T /v1/products/4711 HTTP/1.1\r\nHost: api.meridian.example\r\n\r\n",
    b"CONNECT api.meridian.example:443 HTTP/1.1\r\nHost: api.meridian.example\r\n\r\n",
    b"GET /v1/products/4711 HTTP/1.1\r\nHost: api.meridian.example\r\nHost: internal.meridian.example\r\n\r\n",
    b"GET /v1/products/4711 HTTP/1.1\r\nHost: api.meridian.example, internal.meridian.example\r\n\r\n",
    LINE + b"no colon\r\n\r\n",
    LINE + b"X-Word : spaced\r\n\r\n",
    LINE + b": nameless\r\n\r\n",
    LINE + b"X-Word: a\x00b\r\n\r\n",
    LINE + b"X-Word: \xff\xfe\r\n\r\n",
    LINE + b"X_Http_Method_Override: DELETE\r\n\r\n",
    LINE + b"Content-Length: -1\r\n\r\n",
    LINE + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    LINE + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    LINE + b"Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
    LINE + b"X-Word: " + b"x" * 100_000 + b"\r\n\r\n",
    LINE + b"".join(b"X-Word-%d: x\r\n" % at for at in range(200)) + b"\r\n",
]

# Headers and paths that are too large for a request document, each below what `ROOMY` lets pass.
MANY, LONG = 9_000, 1_000_000
LARGE = [
    ([("X-Word", "x" * LONG)], ""),
    ([("X-Word", "x" * 8 * LONG)], ""),
    ([("X-Word", '"\\' * (LONG // 2))], ""),
    ([(f"X-Word-{at}", "x") for at in range(MANY)], ""),
    ([("X-Word", "x")] * MANY, ""),
    ([], "?" + "&".join(f"p{at}=1" for at in range(MANY * 10))),
    ([], "?p=" + "%22" * (LONG // 3)),
    ([], "x" * LONG),
    ([], "/x" * (LONG // 2)),
]
# Envoy's limits, where they are so wide that the policy's own come first.
ROOMY = {"max_request_headers_kb": 8192, "common_http_protocol_options": {"max_headers_count": 2 * MANY}}


def all_attacks(gateway):
    gateway.envoy.set_clock(NOW)
    paths(gateway)
    repeated(gateway)
    remote_calls(gateway)
    pretences(gateway)
    obligations(gateway)
    tokens(gateway)
    malformed(gateway)
    two_at_once(gateway)
    second_version(gateway)


def refused(gateway, what, data, address="203.0.113.7", client=None, statuses=(400, 403)):
    """Sends bytes, which must not reach the shop."""
    before = gateway.shop.count
    status, _, body = (client or gateway.client).send(data, address)
    assert status is None or status in (*statuses, 400, 404, 426, 431, 501), f"{what}: {status} {body}"
    assert gateway.shop.count == before, f"{what}: reached the shop"
    return status


def paths(gateway, resolvable=False):
    """Confusing paths. Where Envoy resolves paths, the shop may get one that is a visitor's."""
    for path in PATHS + RESOLVABLE:
        mark = gateway.mark()
        said = anybody(gateway, path)
        status, _, body = gateway.send(said, mark)
        if resolvable and status == 200:
            assert gateway.shop.asked[mark][1] == "/v1/products/4711", f"{path}: {gateway.shop.asked[mark][1]}"
            continue
        assert status in (None, 307, 400, 403, 404), f"{path}: {status} {body}"
        assert mark not in gateway.shop.asked, f"{path}: reached the shop"
    assert gateway.send(anybody(gateway, "/v1/products/4711"))[0] == 200


def visitor(gateway, headers, path="/v1/products/4711"):
    said = anybody(gateway, path)
    said["headers"] = list(headers)
    return said


def status(gateway, said):
    return gateway.send(said)[0]


def repeated(gateway):
    """A header counts in any case and empty, a parameter however often it comes."""
    for name in ("X-HTTP-Method-Override", "x-http-method-override", "X-ORIGINAL-URL", "x-rewrite-url", "X-Forwarded-Host"):
        for value in ("DELETE", ""):
            assert status(gateway, visitor(gateway, [(name, value)])) == 403, (name, value)
    old, new = ("User-Agent", "meridian-app/1.9"), ("User-Agent", "meridian-app/2.7")
    for agents in ([old], [("USER-AGENT", old[1])], [old, new]):
        assert status(gateway, visitor(gateway, agents)) == 403, agents
    # Envoy makes one value of the headers that it knows itself, with commas.
    assert status(gateway, visitor(gateway, [new, old])) == 200
    for query in ("account=ann&account=bob", "account=ann&%61ccount=bob", "order=1&x=2&order=1", "account&account"):
        assert status(gateway, visitor(gateway, [], f"/v1/products/4711?{query}")) == 403, query
    for query in ("account=ann", "account=ann&order=1", "q=%C3%A4+b", ""):
        assert status(gateway, visitor(gateway, [], f"/v1/products/4711?{query}")) == 200, query
    for query in ("account=%zz", "%ff=1"):
        assert status(gateway, visitor(gateway, [], f"/v1/products/4711?{query}")) == 403, query


def remote_calls(gateway):
    """gRPC's clients read a status of their own: 7 is PERMISSION_DENIED, 16 UNAUTHENTICATED."""
    export = person(gateway, "ann", "/v1/accounts/ann/export", "203.0.113.7")
    for said, wanted in ((visitor(gateway, [], "/v1/admin/metrics"), "7"), (export, "16")):
        mark = gateway.mark()
        found, fields, _ = gateway.send({**said, "headers": [("Content-Type", "application/grpc")]}, mark)
        assert (found, fields["grpc-status"]) == (200, wanted), f"{found} {fields['grpc-status']}"
        assert mark not in gateway.shop.asked


def person(gateway, subject, path, address, **more):
    """A request by somebody with a token, who has shown no second factor."""
    token = {"iss": "https://login.meridian.example", "sub": subject, "aud": ["https://api.meridian.example"]}
    token.update(exp="2026-03-02T10:30:00Z", iat="2026-03-02T09:45:00Z", scope=["account:read"])
    said = anybody(gateway, path)
    said.update(address=address, claims=claims({"type": "User"}, {"token": {**token, **more}}))
    return said


def pretences(gateway):
    """A client that speaks for the gateway in headers changes nothing: each of these is denied without them."""
    ola = person(gateway, "ola", "/v1/admin/metrics", "203.0.113.9", groups=["operations"])
    export = person(gateway, "ann", "/v1/accounts/ann/export", "203.0.113.7")
    crowded = person(gateway, "ann", "/v1/accounts/ann", "203.0.113.7")
    gateway.accounts["crowded"] = {"tier": "free", "requests-per-minute": "61"}
    crowded["caller"] = "crowded"
    stranger = anybody(gateway, "/v1/accounts/ann")
    blocked = {**anybody(gateway, "/v1/products"), "address": "192.0.2.44"}
    cleartext = {**anybody(gateway, "/v1/products"), "scheme": "http"}
    for said, wanted in ((ola, 403), (export, 401), (crowded, 403), (stranger, 403), (blocked, 403), (cleartext, 403)):
        for pretence in ([], *([one] for one in PRETENCES), PRETENCES):
            mark = gateway.mark()
            found, _, body = gateway.send({**said, "headers": pretence}, mark)
            assert found == wanted, f"{said['path']} {pretence}: {found} {body}"
            assert mark not in gateway.shop.asked
    whole = f"GET https://{HOST}/v1/products HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
    refused(gateway, "a whole URL in the clear", whole, client=gateway.cleartext)


def obligations(gateway):
    """Whatever obligation headers a client sends, the shop gets ours only."""
    forged = [(name, f"forged {at}") for at, name in enumerate(("X-Zt-Audit-Event", "x-zt-audit-who") * 3)]
    forged += [("X-ZT-AUDIT-WHO", "forged"), ("x-zt-audit-event", "")]
    mark = gateway.mark()
    assert gateway.send(visitor(gateway, forged), mark)[0] == 200
    names = ("x-zt-audit-event", "x-zt-audit-who")
    assert [gateway.shop.values(mark, name) for name in names] == [[], []]
    sue = person(gateway, "sue", "/v1/support/customers/ann", "203.0.113.7", groups=["customer-service"])
    mark = gateway.mark()
    assert gateway.send({**sue, "headers": forged}, mark)[0] == 200
    assert [gateway.shop.values(mark, name) for name in names] == [["customer looked up"], ["sue"]]


def tokens(gateway):
    """Tokens that nobody signed, or that say less than they must."""
    own = person(gateway, "ann", "/v1/accounts/ann", "203.0.113.7")
    assert status(gateway, own) == 200
    besides = {"picture": None, "address": {"street": "Seaview"}, "level": 1.5, "teams": [[1], None]}
    assert status(gateway, {**own, "claims": {**own["claims"], **besides}}) == 200
    assert status(gateway, {**own, "keys": Keys()}) == 401
    unsigned = gateway.keys.token(own["claims"]).rsplit(".", 1)[0] + "."
    nobody = "eyJhbGciOiJub25lIn0." + unsigned.split(".")[1] + "."
    late = gateway.keys.token({**own["claims"], "exp": seconds("2026-03-02T09:00:00Z")})
    for token in (unsigned, nobody, late, "x", ""):
        for header in (("Authorization", f"Bearer {token}"), ("authorization", f"bearer {token}")):
            found = status(gateway, {**own, "claims": None, "headers": [header]})
            assert found in (401, 403), f"{header}: {found}"
    good = gateway.keys.token(own["claims"])
    bob = gateway.keys.token({**own["claims"], "sub": "bob"})
    both = [("Authorization", f"Bearer {bob}"), ("Authorization", f"Bearer {good}")]
    assert status(gateway, {**own, "claims": None, "headers": both}) in (401, 403)
    for name in ("sub", "iss", "aud", "exp", "iat"):
        less = {key: value for key, value in own["claims"].items() if key != name}
        assert status(gateway, {**own, "claims": less}) in (401, 403), name
    for sub in ("", "bob", "ANN", "ann ", "ann\0", " ann", ["ann"], {"ann": "ann"}, 7, True, None):
        assert status(gateway, {**own, "claims": {**own["claims"], "sub": sub}}) in (401, 403), sub
    for name, value in (("exp", "x"), ("exp", 1e300), ("exp", -1), ("iat", []), ("aud", {}), ("scope", True), ("iss", 1)):
        assert status(gateway, {**own, "claims": {**own["claims"], name: value}}) in (401, 403), (name, value)


def malformed(gateway):
    for data in MALFORMED:
        refused(gateway, data[:100], data)
    assert status(gateway, anybody(gateway, "/v1/products/4711")) == 200


def large(gateway):
    """What is too large is denied, and leaves the module as it was."""
    for fields, more in LARGE:
        mark = gateway.mark()
        found = gateway.send(visitor(gateway, fields, f"/v1/products/4711{more}"), mark)[0]
        assert found == 403, f"{str(fields)[:60]} {more[:60]}: {found}"
        assert mark not in gateway.shop.asked
    assert status(gateway, anybody(gateway, "/v1/products/4711")) == 200


def two_at_once(gateway):
    """Requests on one connection are judged one by one, whoever is in front."""
    said = anybody(gateway, "/v1/products/4711")
    pair = [request("GET", path, HOST, [("X-Api-Key", said["caller"])]) for path in ("/v1/products/4711", "/v1/admin/metrics")]
    for order, wanted in ((pair, ["200", "403"]), (pair[::-1], ["403", "200"]), (pair * 3, ["200", "403"] * 3)):
        with gateway.client.connect("203.0.113.7") as connection:
            connection.sendall(b"".join(order))
            read, end = b"", b"HTTP/1.1 "
            while read.count(end) < len(order):
                more = connection.recv(65536)
                if not more:
                    break
                read += more
        found = [part.split(b" ", 1)[0].decode() for part in read.split(end)[1:]]
        assert found == wanted, found


def second_version(gateway):
    """What HTTP/2 lets a client say that HTTP/1.1 does not."""
    line = {":method": "GET", ":scheme": "https", ":authority": HOST, ":path": "/v1/products/4711"}
    key = [("x-api-key", anybody(gateway, "/")["caller"])]
    well = list(line.items())
    without = [item for item in well if item[0] != ":authority"]
    assert http2(gateway, well + key) == "200"
    cases = {
        "no authority": without + key,
        "no authority, but another host": without + key + [("host", "internal.meridian.example")],
        "two paths": well + [(":path", "/v1/admin/metrics")] + key,
        "two authorities": [(":authority", "internal.meridian.example")] + well + key,
        "an authority after headers": without + key + [(":authority", HOST)],
        "an authority with a user": without + [(":authority", f"{HOST}@evil.example")] + key,
        "a name in capitals": well + key + [("X-Http-Method-Override", "DELETE")],
        "a line's end in a value": well + key + [("x-word", "a\r\nx-http-method-override: DELETE")],
        "a colon in a name": well + key + [("x:word", "a")],
        "dots": [*well[:3], (":path", "/v1/products/../admin/metrics")] + key,
        "an empty path": [*well[:3], (":path", "")] + key,
        "no path": well[:3] + key,
        "a method that is none": [(":method", "GET /v1/admin"), *well[1:]] + key,
        "hop by hop": well + key + [("transfer-encoding", "chunked")],
    }
    for what, fields in cases.items():
        before = gateway.shop.count
        found = http2(gateway, fields)
        assert found in (None, "400", "403", "404", "501"), f"{what}: {found}"
        assert gateway.shop.count == before, f"{what}: reached the shop"
    # In the clear, the scheme is not the client's to choose.
    before = gateway.shop.count
    assert http2(gateway, well + key, gateway.cleartext) in (None, "400", "403")
    assert gateway.shop.count == before
    many = well + key + [("x-zt-audit-who", "forged")] * 3 + [("x-mark", "second")]
    assert http2(gateway, many) == "200"
    assert gateway.shop.values("second", "x-zt-audit-who") == []


def http2(gateway, headers, client=None):
    """The status of a request by HTTP/2; none where the stream or the connection is ended instead."""
    client = client or gateway.client
    if client.context:
        client.context.set_alpn_protocols(["h2"])
    free = h2.config.H2Configuration(validate_outbound_headers=False, normalize_outbound_headers=False)
    state = h2.connection.H2Connection(config=free)
    try:
        with client.connect("203.0.113.7") as connection:
            state.initiate_connection()
            state.send_headers(1, headers, end_stream=True)
            connection.sendall(state.data_to_send())
            while data := connection.recv(65536):
                for event in state.receive_data(data):
                    if isinstance(event, h2.events.ResponseReceived):
                        return dict(event.headers)[b":status"].decode()
                    if isinstance(event, (h2.events.StreamReset, h2.events.ConnectionTerminated)):
                        return None
                connection.sendall(state.data_to_send())
    except (OSError, h2.exceptions.ProtocolError):
        pass
    finally:
        if client.context:
            client.context.set_alpn_protocols(["http/1.1"])
    return None
