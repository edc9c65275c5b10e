"""Obligations on their way to the upstream: as headers that no client can send, or not at all."""

import json

from stand import Client, Envoy, Upstream, free_port, request, socket_address

EXTENSIONS = "type.googleapis.com/envoy.extensions.filters"
DECISION = "%FILTER_STATE(wasm.zt.decision:PLAIN)%"
# What the route says, which the rule writes to headers.
WORDS = {"/gold": "gold", "/text": "gold, or \"silver\"", "/broken": "gold\r\nx-admin: 1", "/tab": "gold\told"}


class Tagged:
    """An upstream behind its Envoy, with a route for each word."""

    def __init__(self, folder, module):
        self.upstream, self.port = Upstream(), free_port()
        cluster = {"endpoint": {"address": socket_address(self.upstream.port)}}
        upstream = {"name": "up", "type": "STATIC"}
        upstream["load_assignment"] = {"cluster_name": "up", "endpoints": [{"lb_endpoints": [cluster]}]}
        manager = {"@type": f"{EXTENSIONS}.network.http_connection_manager.v3.HttpConnectionManager"}
        manager.update(stat_prefix="tags", use_remote_address=True, access_log=[self._log()])
        manager["http_filters"] = [self._policy(module), self._router()]
        hosts = [{"name": "all", "domains": ["*"], "routes": [*map(self._route, WORDS), self._route("/")]}]
        manager["route_config"] = {"virtual_hosts": hosts}
        filters = [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]
        listener = {"name": "tags", "address": socket_address(self.port), "filter_chains": [{"filters": filters}]}
        self.envoy = Envoy(folder, {"static_resources": {"listeners": [listener], "clusters": [upstream]}})

    @staticmethod
    def _log():
        form = {"mark": "%REQ(X-MARK)%", "details": "%RESPONSE_CODE_DETAILS%", "decision": DECISION}
        kind = "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog"
        log = {"@type": kind, "log_format": {"json_format": form}}
        return {"name": "envoy.access_loggers.stdout", "typed_config": log}

    @staticmethod
    def _policy(module):
        code = {"runtime": "envoy.wasm.runtime.v8", "code": {"local": {"filename": module}}}
        config = {"name": "zt", "failure_policy": "FAIL_RELOAD", "vm_config": code}
        return {"name": "zt", "typed_config": {"@type": f"{EXTENSIONS}.http.wasm.v3.Wasm", "config": config}}

    @staticmethod
    def _router():
        kind = {"@type": f"{EXTENSIONS}.http.router.v3.Router"}
        return {"name": "envoy.filters.http.router", "typed_config": kind}

    @staticmethod
    def _route(path):
        said = {"metadata": {"filter_metadata": {"tags": {"word": WORDS[path]}}}} if path in WORDS else {}
        return {"match": {"prefix": path}, "route": {"cluster": "up"}, **said}

    def call(self, mark, path, *headers):
        data = request("GET", path, "tags.example", [("X-Mark", mark), *headers])
        status, _, body = Client(self.port).send(data)
        return status, body

    def logged(self, mark):
        lines = self.envoy.accessed(lambda lines: any(line["mark"] == mark for line in lines))
        (line,) = [line for line in lines if line["mark"] == mark]
        return line["details"], json.loads(line["decision"])


def carried(folder, module):
    tagged = Tagged(folder, module)
    forged = [("X-Zt-Level", "root"), ("x-zt-level", "admin"), ("User-Agent", "forged"), ("Connection", "x-zt-level")]
    try:
        for path in ("/gold", "/text"):
            for headers in ([], forged):
                mark = f"{path} {len(headers)}"
                assert tagged.call(mark, path, *headers) == (200, ""), path
                # Also a header that Envoy knows itself.
                for name in ("x-zt-level", "user-agent"):
                    assert tagged.upstream.values(mark, name) == [WORDS[path]], tagged.upstream.asked[mark]
        # Without an obligation there is none of its headers.
        assert tagged.call("plain", "/plain", *forged) == (200, "")
        assert not tagged.upstream.values("plain", "x-zt-level"), tagged.upstream.asked["plain"]
        before = tagged.upstream.count
        for path in ("/broken", "/tab"):
            said = "access comes with the obligation `tag`, which no header can carry"
            assert tagged.call(path, path) == (403, said), path
            details, decision = tagged.logged(path)
            assert details == "zt_obligation", details
            (rule,) = decision.pop("rules")
            assert rule["rule"] == "tagged", rule
            assert decision == {"effect": "deny", "obligation": "tag", "reason": "obligation"}, decision
        assert tagged.upstream.count == before
    finally:
        tagged.envoy.stop()
