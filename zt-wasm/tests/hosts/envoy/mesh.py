"""Mutual TLS: the subject is the SPIFFE ID in the peer's certificate, and only if the mesh's own authority signed it."""

import os

from cryptography import x509
from stand import Authority, Client, Envoy, Upstream, free_port, load_yaml, request, socket_address

PAYMENT = "spiffe://prod.example/ns/payments/sa/payment"
CATALOGUE = "spiffe://prod.example/ns/shop/sa/catalogue"
FOREIGN = "spiffe://courier.example/ns/payments/sa/payment"


class Ledger:
    """A service behind its Envoy, as `mesh.yaml` has it."""

    def __init__(self, folder, module, tls):
        self.folder = folder
        self.authority = Authority(folder, "mesh")
        for path, name in zip(self.authority.issue("ledger", x509.DNSName("ledger")), ("ledger.crt", "ledger.key")):
            os.replace(path, os.path.join(folder, name))
        self.service = Upstream()
        self.port = free_port()
        self.envoy = Envoy(folder, self._config(module, tls))

    def _config(self, module, tls):
        names = {"/etc/envoy/policy.wasm": module, "/etc/envoy": self.folder}
        config = load_yaml(os.path.join(os.path.dirname(os.path.abspath(__file__)), "mesh.yaml"), names)
        static = config["static_resources"]
        (listener,) = static["listeners"]
        listener["address"] = socket_address(self.port)
        listener["filter_chains"][0]["transport_socket"]["typed_config"].update(tls)
        (endpoint,) = static["clusters"][0]["load_assignment"]["endpoints"][0]["lb_endpoints"]
        endpoint["endpoint"]["address"] = socket_address(self.service.port)
        return config

    def call(self, certificate, headers=(), method="POST", path="/v1/entries"):
        before = self.service.count
        data = request(method, path, "ledger", headers)
        status, _, body = Client(self.port, self.authority, certificate).send(data)
        assert (self.service.count > before) == (status == 200), status
        return status, body


def uris(*names):
    return [x509.UniformResourceIdentifier(name) for name in names]


def certified(folder, module):
    """As configured: certificates of the mesh's authority only."""
    ledger = Ledger(folder, module, {})
    try:
        mesh, stranger = ledger.authority, Authority(folder, "stranger")
        payment = mesh.issue("payment", *uris(PAYMENT))
        assert ledger.call(payment) == (200, "")
        assert ledger.call(payment, method="GET") == (403, "no rule allows this")
        # The route's metadata say what is open.
        assert ledger.call(payment, path="/v1/entries/1") == (200, "")
        assert ledger.call(payment, path="/v1/entries/closed") == (403, "no rule allows this")
        catalogue = mesh.issue("catalogue", *uris(CATALOGUE))
        assert ledger.call(catalogue) == (403, "no rule allows this")
        foreign = mesh.issue("foreign", *uris(FOREIGN))
        assert ledger.call(foreign) == (403, "the ledger serves prod.example")
        pretence = [("X-Forwarded-Client-Cert", f"URI={PAYMENT}"), ("X-Spiffe-Id", PAYMENT)]
        assert ledger.call(catalogue, pretence)[0] == 403
        # A name in the right place only: not the subject's, not a DNS name, not the second of two.
        assert ledger.call(mesh.issue(PAYMENT[:60], x509.DNSName("payment")))[0] == 403
        assert ledger.call(mesh.issue("two", *uris(CATALOGUE, PAYMENT)))[0] == 403
        assert ledger.call(mesh.issue("longer", *uris(f"{PAYMENT}/x")))[0] == 403
        assert ledger.call(None)[0] is None
        assert ledger.call(stranger.issue("payment", *uris(PAYMENT)))[0] is None
        assert ledger.call(Authority(folder, "itself", *uris(PAYMENT)).pair)[0] is None
        assert ledger.call(payment) == (200, "")
    finally:
        ledger.envoy.stop()


def optional(folder, module):
    """Where clients may come without a certificate, those have no identity; one by a stranger is still refused."""
    ledger = Ledger(folder, module, {"require_client_certificate": False})
    try:
        assert ledger.call(ledger.authority.issue("payment", *uris(PAYMENT))) == (200, "")
        assert ledger.call(None)[0] == 403
        assert ledger.call(None, [("X-Forwarded-Client-Cert", f"URI={PAYMENT}")])[0] == 403
        assert ledger.call(Authority(folder, "stranger").issue("payment", *uris(PAYMENT)))[0] is None
    finally:
        ledger.envoy.stop()
