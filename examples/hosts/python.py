"""Decides requests with a policy's module in Python, by the package `wasmtime`.

    ztc build --target core policy.zt --entities entities.json -o policy.wasm
    pip install wasmtime
    python python.py [--settings settings.json] [--data entities.json] policy.wasm INSTANT request.json...

INSTANT is one in RFC 3339, `clock` for the clock's, or `none`. Each request is answered on a line. A module that was built
with `--setting` takes its parameters here, one built with `--takes-data` its entities. The ABI is described in zt-wasm/ABI.md.
"""

import argparse
import json
import threading
import time
from datetime import datetime, timezone
from pathlib import Path

from wasmtime import Config, Engine, Instance, Module, Store

ABI = 1
MEMORY_BYTES_MAX = 64 << 20
TICK_SECONDS = 0.01
TICKS_MAX = 50


class Policy:
    """A policy's module. It decides one request after the other in the same memory, for one thread."""

    def __init__(self, module: bytes):
        config = Config()
        config.epoch_interruption = True
        self.engine = Engine(config)
        self.module = Module(self.engine, module)
        self.settings = None
        self.data = None
        threading.Thread(target=self._tick, daemon=True).start()
        self._start()
        version = self.exports.get("zt_abi_version")
        if version is None or version.value(self.store) != ABI:
            raise ValueError(f"this is no module for version {ABI} of the ABI")

    def _tick(self):
        """Time passes: a decision that lasts longer than its ticks ends as an error."""
        while True:
            time.sleep(TICK_SECONDS)
            self.engine.increment_epoch()

    def _start(self):
        self.store = Store(self.engine)
        self.store.set_limits(memory_size=MEMORY_BYTES_MAX)
        self.store.set_epoch_deadline(TICKS_MAX)
        # A module imports nothing: it can only answer.
        self.exports = Instance(self.store, self.module, []).exports(self.store)
        if self.settings is not None:
            self.configure(self.settings)
        if self.data is not None:
            self.set_data(self.data)

    def describe(self) -> dict:
        """What the module says of itself."""
        return json.loads(self._text(self.exports["zt_describe"](self.store)))

    def configure(self, settings: bytes):
        """Puts settings in force, as JSON: of a module built with `--setting`, before it has data."""
        self.store.set_epoch_deadline(TICKS_MAX)
        at = self.exports["zt_alloc"](self.store, len(settings)) & 0xFFFF_FFFF
        if at:
            self.exports["memory"].write(self.store, settings, at)
        told = self._text(self.exports["zt_configure"](self.store, at, len(settings)))
        if told:
            raise ValueError(told.decode())
        # A fresh instance gets them, too.
        self.settings = settings

    def set_data(self, entities: bytes):
        """Puts entity data in force, as JSON, in place of all that were: of a module built with `--takes-data`."""
        self.store.set_epoch_deadline(TICKS_MAX)
        at = self.exports["zt_alloc_data"](self.store, len(entities)) & 0xFFFF_FFFF
        if at:
            self.exports["memory"].write(self.store, entities, at)
        told = self.exports["zt_set_data"](self.store, at, len(entities)) if at else 2
        if told:
            raise ValueError("the entity data do not fit the policy" if told == 1 else "there is no memory for the data")
        self.data = entities

    def decide(self, request: bytes, now: datetime | None, full: bool = True) -> dict:
        """The decision on a request, which is JSON; `now` is None if nobody knows the time."""
        try:
            return json.loads(self._decide(request, now, full))
        except Exception as error:
            # Whatever went wrong: this instance is spent, and nobody was allowed anything.
            self._start()
            return {"effect": "deny", "reason": "failed", "error": str(error)}

    def _decide(self, request: bytes, now: datetime | None, full: bool) -> bytes:
        self.store.set_epoch_deadline(TICKS_MAX)
        at = self.exports["zt_alloc"](self.store, len(request)) & 0xFFFF_FFFF
        # 0 means that the request is too long. It is decided nevertheless: it is invalid, and denied.
        if at:
            self.exports["memory"].write(self.store, request, at)
        millis = round(now.timestamp() * 1000) if now else 0
        arguments = (at, len(request), int(now is not None), millis, int(full))
        return self._text(self.exports["zt_decide"](self.store, *arguments))

    def _text(self, span: int) -> bytes:
        """A text in the module's memory: its address in the lower half of a number, its length in the upper one."""
        at, length = span & 0xFFFF_FFFF, span >> 32 & 0xFFFF_FFFF
        return bytes(self.exports["memory"].read(self.store, at, at + length))


def read_instant(text: str) -> datetime | None:
    if text == "none":
        return None
    if text == "clock":
        return datetime.now(timezone.utc)
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--settings", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("module", type=Path)
    parser.add_argument("instant", type=read_instant)
    parser.add_argument("requests", type=Path, nargs="*")
    given = parser.parse_args()
    policy = Policy(given.module.read_bytes())
    if given.settings:
        policy.configure(given.settings.read_bytes())
    if given.data:
        policy.set_data(given.data.read_bytes())
    for request in given.requests:
        print(json.dumps(policy.decide(request.read_bytes(), given.instant)))


if __name__ == "__main__":
    main()
