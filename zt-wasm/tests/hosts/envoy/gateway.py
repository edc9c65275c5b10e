"""The API gateway: `examples/api-gateway` as its `envoy.yaml` has it, and its requests said over HTTP.

What the configuration reads from `/etc/envoy` and where it listens is made the test's own; everything else is as a reader
would copy it. Whoever the request's document names, and whatever evidence it holds, is brought about by the means of the
gateway: a token, the accounts service's answer, the address that the load balancer saw.
"""

import concurrent.futures
import copy
import itertools
import json
import os
import re
import threading
import urllib.parse

from cryptography import x509
from stand import (
    Authority,
    Client,
    Envoy,
    Keys,
    Upstream,
    awaits,
    free_port,
    load_yaml,
    replace,
    request,
    seconds,
    socket_address,
)

NOW = "2026-03-02T10:00:00Z"
DATES = ("exp", "iat", "nbf", "auth_time")
ISSUER, AUDIENCE = "https://login.meridian.example", "https://api.meridian.example"
HOST = "api.meridian.example"

# Requests that are not sent as they are, each with what is sent instead, if anything: what the gateway itself composes
# cannot be malformed by a client.
ELSEWHERE = {
    "hidden-token": "a user without a token is a visitor to the gateway: sent as one",
    "early-token": "a token that begins in five minutes ends at jwt_authn; sent with one that begins within its leeway",
    "mistyped-limit": "the count comes from the accounts service: sent with one that is no number",
    "fractional-limit": "metadata do not tell 3 from 3.0: sent with 3.5",
    "mistyped-scope": "a scope that is text is split at its spaces: sent with one that is a number",
    "sorted-forged-token": "what the client says of itself are its headers: sent with a token by another key",
    "sorted-forged-mfa": "what the client says of itself are its headers: sent with `x-mfa`",
    "lone-surrogate": "there is no document: sent with a header that is no UTF-8",
    "scheme-null": None,  # Envoy always knows the scheme.
    "hidden-headers": None,  # Envoy always knows the headers.
    "no-now": None,  # Envoy always has a clock.
    "duplicate-path": None,  # There is no document in which a name could stand twice,
    "deep-headers": None,  # or nest,
    "not-json": None,  # or fail to be JSON,
    "wrong-resource": None,  # or name another resource.
}

# Requests that end before the policy is asked, with the status that Envoy answers; none where it hangs up.
BEFORE = {
    "lower-case-method": 400,
    "address-leading-zero": None,
    "sorted-forged-token": 401,
}


class Gateway:
    """The example behind its Envoy."""

    def __init__(self, folder, example, module, configuration=None, **connection_manager):
        self.folder, self.example = folder, example
        self.keys = Keys()
        self.accounts = {}
        self.authority = Authority(folder, "meridian")
        self.shop = Upstream(delay=lambda asked: 0.3 if "/slow" in asked.path else 0)
        self.service = Upstream(answer=lambda asked: self.accounts.get(asked.headers.get("x-api-key"), {}))
        self.use(module, configuration)
        replace(self._own("jwks.json"), self.keys.jwks())
        certificate = self.authority.issue("gateway", x509.DNSName(HOST))
        for path, name in zip(certificate, ("gateway.crt", "gateway.key")):
            os.replace(path, self._own(name))
        self.port, self.cleartext_port = free_port(), free_port()
        config = self._config(connection_manager)
        self.envoy = Envoy(folder, config, NOW)
        self.client = Client(self.port, self.authority)
        self.cleartext = Client(self.cleartext_port)
        self.marks = itertools.count(1)
        self.because = reasons(example)

    def _own(self, name):
        return os.path.join(self.folder, name)

    def _config(self, connection_manager):
        config = load_yaml(os.path.join(self.example, "envoy.yaml"), {"/etc/envoy": self.folder})
        static = config["static_resources"]
        (listener,) = static["listeners"]
        listener["address"] = socket_address(self.port)
        manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
        manager.update(connection_manager)
        manager["access_log"][0]["typed_config"]["log_format"]["json_format"]["mark"] = "%REQ(X-MARK)%"
        cleartext = copy.deepcopy(listener)
        cleartext.update(name="cleartext", address=socket_address(self.cleartext_port))
        del cleartext["filter_chains"][0]["transport_socket"]
        scheme = {"scheme_to_overwrite": "http"}
        cleartext["filter_chains"][0]["filters"][0]["typed_config"]["scheme_header_transformation"] = scheme
        static["listeners"].append(cleartext)
        ports = {"shop": self.shop.port, "accounts": self.service.port}
        for cluster in static["clusters"]:
            cluster["type"] = "STATIC"
            (endpoint,) = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]
            endpoint["endpoint"]["address"] = socket_address(ports[cluster["name"]])
        return config

    def use(self, module, configuration=None, kind="google.protobuf.StringValue"):
        """Has Envoy take another module, or one with another configuration."""
        policy = load_yaml(os.path.join(self.example, "policy.yaml"), {"/etc/envoy/policy.wasm": module})
        if configuration is not None:
            (resource,) = policy["resources"]
            said = {"@type": f"type.googleapis.com/{kind}", "value": configuration}
            resource["typed_config"]["config"]["configuration"] = said
        replace(self._own("policy.yaml"), json.dumps(policy))

    def mark(self):
        return str(next(self.marks))

    def send(self, said, mark=None):
        """Sends what `say` gave; the answer's status, headers and body."""
        headers = [*said["headers"], ("X-Mark", mark or self.mark())]
        if said["claims"] is not None:
            headers.append(("Authorization", f"Bearer {(said.get('keys') or self.keys).token(said['claims'])}"))
        if said["caller"]:
            headers.append(("X-Api-Key", said["caller"]))
        data = request(said["method"], said["path"], said["host"], headers)
        client = self.cleartext if said["scheme"] == "http" else self.client
        return client.send(data, said["address"])

    def stop(self):
        """Ends; the module must not have trapped in between."""
        self.envoy.stop()
        with open(self.envoy.complaints, encoding="utf-8", errors="replace") as complaints:
            traps = [line for line in complaints if "Function: proxy_" in line]
        assert not traps, traps

    def say(self, name, document):
        """A document as what makes the gateway come to the same."""
        evidence = document.get("evidence", {})
        context = {**document["context"], **evidence.get("zt.oidc.token", {}).get("context", {})}
        line = document["resource"]["properties"]
        client = evidence.get("zt.http.client", {}).get("resource", {}).get("properties", {})
        headers = line.get("headers", client.get("headers", {}))
        self.accounts[name] = {"tier": context.get("tier")}
        if "requests_per_minute" in context:
            self.accounts[name]["requests-per-minute"] = str(context["requests_per_minute"])
        query = urllib.parse.urlencode(line.get("query", {}), doseq=True)
        return {
            "method": line["method"],
            "path": line["path"] + (f"?{query}" if query else ""),
            "host": line["host"],
            "scheme": line.get("scheme"),
            "headers": [(key, value) for key, values in headers.items() for value in values],
            "address": context["source_ip"],
            "claims": claims(document["subject"], context),
            "caller": name,
        }


def reasons(example):
    """Each denying rule's `because`, from the policy's text."""
    found = {}
    for name in ("gateway.zt", "routes.zt"):
        with open(os.path.join(example, name), encoding="utf-8") as file:
            found.update(re.findall(r'^deny (\w+)(?:(?!^\S).)*?because "(.*?)"$', file.read(), re.DOTALL | re.MULTILINE))
    return found


def claims(subject, context):
    """The token that says what the context says; visitors have none."""
    if "token" not in context:
        return None
    token = dict(context["token"])
    for name in DATES:
        if name in token:
            token[name] = seconds(token[name])
    if isinstance(token.get("scope"), list):
        token["scope"] = " ".join(token["scope"])
    if len(token["aud"]) == 1:
        (token["aud"],) = token["aud"]
    token.update(subject.get("properties", {}))
    if subject["type"] == "Partner":
        token["gty"] = "client-credentials"
    if "mfa" in context:
        token["mfa"] = context["mfa"]
    if "mfa_at" in context:
        token["mfa_at"] = seconds(context["mfa_at"])
    return token


def said_otherwise(gateway, name, said):
    """What is sent for a request of `ELSEWHERE`."""
    if name == "early-token":
        said["claims"]["nbf"] = seconds(NOW) + 30
    elif name == "mistyped-limit":
        gateway.accounts[name]["requests-per-minute"] = "three"
    elif name == "fractional-limit":
        gateway.accounts[name]["requests-per-minute"] = "3.5"
    elif name == "mistyped-scope":
        said["claims"]["scope"] = 7
    elif name == "sorted-forged-token":
        said["claims"] = claims({"type": "User"}, {"token": {"iss": ISSUER, "sub": "ann", "aud": [AUDIENCE]}})
        said["keys"] = Keys()
    elif name == "sorted-forged-mfa":
        said["headers"].append(("X-Mfa", "true"))
    elif name == "lone-surrogate":
        said["headers"].append(("X-Word", b"\xff\xfe".decode("utf-8", "surrogateescape")))
    return said


def document_of(example, name):
    """An example's request, under the name that the gateway gives all requests."""
    with open(os.path.join(example, "requests", f"{name}.json"), encoding="utf-8") as file:
        document = json.load(file)
    document["resource"]["id"] = "-"
    return document


def requests(gateway, expected):
    """The requests that can be sent, by name, in the order of their instants."""
    for name, outcome in sorted(expected.items(), key=lambda item: item[1].get("now") or NOW):
        if ELSEWHERE.get(name, "") is not None:
            said = gateway.say(name, document_of(gateway.example, name))
            yield name, outcome, said_otherwise(gateway, name, said)


def exact(example, expected):
    """Documents and instants of the requests that are sent as they are, and get to the policy."""
    names = [name for name in expected if name not in ELSEWHERE and name not in BEFORE]
    return [(document_of(example, name), expected[name]["now"]) for name in names]


def status_of(name, outcome):
    if name in BEFORE:
        return BEFORE[name]
    if outcome["effect"] == "allow":
        return 200
    return 401 if outcome.get("challenge") else 403


def check_all(gateway, expected):
    """Sends every request that can be sent, and compares status, headers, body, and the decision in the access log."""
    sent = []
    for name, outcome, said in requests(gateway, expected):
        gateway.envoy.set_clock(outcome["now"])
        mark = gateway.mark()
        status, headers, body = gateway.send(said, mark)
        assert status == status_of(name, outcome), f"{name}: {status} {body}"
        assert (mark in gateway.shop.asked) == (status == 200), f"{name}: what the shop was asked"
        check_answer(gateway, name, outcome, status, headers, body)
        if status == 200:
            check_obligations(gateway, name, outcome, mark)
        sent.append((name, outcome, mark, status))
    check_log(gateway, sent)
    return len(sent)


def check_answer(gateway, name, outcome, status, headers, body):
    """What the caller reads: the reasons, or how to step up."""
    if name in BEFORE or status == 200:
        return
    if status == 401:
        challenge = 'Bearer error="insufficient_user_authentication", acr_values="urn:meridian:acr:mfa", max_age=900'
        assert headers["www-authenticate"] == challenge, f"{name}: {headers['www-authenticate']}"
        return
    assert headers["content-type"] == "text/plain; charset=utf-8", f"{name}: {headers['content-type']}"
    if name not in ELSEWHERE:
        wanted = [gateway.because[rule] for rule in outcome["rules"]] or ["no rule allows this"]
        assert body == "\n".join(wanted), f"{name}: {body}"


def check_obligations(gateway, name, outcome, mark):
    """What the shop reads: the obligations' arguments as headers, in order."""
    obligations = outcome.get("obligations", [])
    for header, argument in (("x-zt-audit-event", "event"), ("x-zt-audit-who", "who")):
        found = gateway.shop.values(mark, header)
        assert found == [obligation["args"][argument] for obligation in obligations], f"{name}: {header} {found}"


def check_log(gateway, sent):
    """Each decision is in the access log, by the rules that the example expects."""
    decided = {mark: (name, outcome, status) for name, outcome, mark, status in sent if name not in BEFORE}
    lines = gateway.envoy.accessed(lambda lines: decided.keys() <= {line["mark"] for line in lines})
    for line in lines:
        if line["mark"] not in decided:
            continue
        name, outcome, status = decided[line["mark"]]
        decision = json.loads(line["decision"])
        assert line["status"] == status, f"{name}: {line}"
        assert decision["effect"] == outcome["effect"], f"{name}: {decision}"
        if name not in ELSEWHERE:
            assert [rule["rule"] for rule in decision["rules"]] == outcome["rules"], f"{name}: {decision}"
            assert decision.get("reason") == outcome.get("reason"), f"{name}: {decision}"
        if status == 403:
            assert line["details"] == ("zt_invalid" if decision.get("reason") == "invalid" else "zt_denied"), line


def decided(gateway, documents):
    """Each document with the decision that Envoy logged, as text, for the engine to be compared with. Those of one instant
    are sent side by side."""
    asked = {}

    def ask(document, now):
        mark = f"mixed-{gateway.mark()}"
        status = gateway.send(gateway.say(mark, document), mark)[0]
        assert status in (200, 401, 403), f"{status}: {document}"
        asked[mark] = {"document": document, "now": now}

    for now in sorted({now for _, now in documents}):
        gateway.envoy.set_clock(now)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda document: ask(document, now), [one for one, at in documents if at == now]))
    lines = gateway.envoy.accessed(lambda lines: asked.keys() <= {line["mark"] for line in lines})
    logged = {line["mark"]: line["decision"] for line in lines}
    return [{**one, "decision": logged[mark]} for mark, one in asked.items()]


def check_swap(gateway, module):
    """Replaces the module while requests are under way: each ends well, and soon new ones meet the new module, which alone
    serves `/v1/swapped`."""
    swapped = anybody(gateway, "/v1/swapped")
    assert gateway.send(swapped)[0] == 403
    under_way = [threading.Thread(target=lambda: kept.append(gateway.send(slow)[0])) for _ in range(8)]
    kept, slow = [], anybody(gateway, "/v1/products/slow")
    for at, thread in enumerate(under_way):
        thread.start()
        if at == 4:
            gateway.use(module)
    awaits(lambda: gateway.send(swapped)[0] == 200, "the new module")
    for thread in under_way:
        thread.join()
    assert kept == [200] * len(under_way), kept


def check_broken(gateway, module):
    """A module that does not load is refused, and the one before stays."""
    swapped = anybody(gateway, "/v1/swapped")
    refused = "extension_config_discovery.http_filter.zt.config_fail"
    before = gateway.envoy.counter(refused)
    gateway.use(module)
    awaits(lambda: gateway.envoy.counter(refused) > before, "the refusal of the broken module")
    assert gateway.send(swapped)[0] == 200


def anybody(gateway, path):
    """A visitor's request."""
    gateway.accounts["visitor"] = {"tier": "free", "requests-per-minute": "1"}
    said = {"method": "GET", "path": path, "host": HOST, "scheme": "https", "headers": []}
    return {**said, "address": "203.0.113.7", "claims": None, "caller": "visitor"}
