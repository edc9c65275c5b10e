"""Parameters from the plugin's configuration: what they change, what is refused, and what holds then."""

from gateway import Gateway, anybody
from stand import awaits

REFUSED = "extension_config_discovery.http_filter.zt.config_fail"
TAKEN = "extension_config_discovery.http_filter.zt.config_reload"
STRING, STRUCT = "google.protobuf.StringValue", "google.protobuf.Struct"
# Addresses: one that the policy blocks unless it is told otherwise, and another.
BLOCKED, OTHER = "192.0.2.9", "203.0.113.7"


def let_through(gateway):
    """Of the two addresses, those whose requests come to the upstream; a denial says why."""
    through = []
    for address in (BLOCKED, OTHER):
        before = gateway.shop.count
        status, _, body = gateway.send({**anybody(gateway, "/v1/products"), "address": address})
        assert status == 200 or (status == 403 and body.startswith("requests from this network are blocked")), (status, body)
        assert (gateway.shop.count > before) == (status == 200)
        if status == 200:
            through.append(address)
    return through


def taken(gateway, module, value, through):
    before = gateway.envoy.counter(TAKEN)
    gateway.use(module, value)
    awaits(lambda: gateway.envoy.counter(TAKEN) > before, f"that {value} is taken")
    awaits(lambda: let_through(gateway) == through, f"what {value} asks for")


def refused(gateway, module, value, wrong, kind=STRING):
    """It is not taken, the log says why, and what was there before stays."""
    before, through = gateway.envoy.counter(REFUSED), let_through(gateway)
    gateway.use(module, value, kind)
    awaits(lambda: gateway.envoy.counter(REFUSED) > before, f"the refusal of {value}")
    assert let_through(gateway) == through
    with open(gateway.envoy.complaints, encoding="utf-8", errors="replace") as complaints:
        assert wrong in complaints.read(), wrong


def changed(folder, example, module):
    gateway = Gateway(folder, example, module)
    try:
        assert let_through(gateway) == [OTHER]
        taken(gateway, module, '{"blocked": ["203.0.113.0/24", "2001:db8::/32"]}', [BLOCKED])
        refused(gateway, module, '{"blocked": "203.0.113.0/24"}', "setting `blocked`: expected a value of type Set<IpRange>")
        refused(gateway, module, '{"blocks": []}', "there is no setting `blocks`; there are: blocked")
        refused(gateway, module, '{"blocked": [', "the settings are no JSON object")
        refused(gateway, module, {"blocked": []}, "the settings are no JSON object", STRUCT)
        taken(gateway, module, '{"blocked": []}', [BLOCKED, OTHER])
        taken(gateway, module, '{"blocked": ["0.0.0.0/0"]}', [])
        taken(gateway, module, "", [OTHER])
    finally:
        gateway.stop()


def never_taken(folder, example, module):
    """Envoy that has never had a filter but one that is refused answers for itself, and lets nothing through."""
    gateway = Gateway(folder, example, module, configuration='{"blocked": 5}')
    try:
        status = gateway.send(anybody(gateway, "/v1/products"))[0]
        assert status == 500 and gateway.shop.count == 0, status
        taken(gateway, module, "{}", [OTHER])
    finally:
        gateway.stop()
