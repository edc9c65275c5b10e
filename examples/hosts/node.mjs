// Decides requests with a policy's module in Node.js, without any package.
//
//   ztc build --target core policy.zt --entities entities.json -o policy.wasm
//   node node.mjs policy.wasm INSTANT request.json...
//
// INSTANT is one in RFC 3339, `clock` for the clock's, or `none`. Each request is answered on a line. The ABI is
// described in zt-wasm/ABI.md.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const ABI = 1;
const DECODER = new TextDecoder();
const ENCODER = new TextEncoder();

/** A policy's module. It decides one request after the other in the same memory. */
export class Policy {
  /** From the module's bytes; throws if they are no module for the target `core`. */
  static async load(bytes) {
    return new Policy(await WebAssembly.compile(bytes));
  }

  constructor(module) {
    this.module = module;
    this.start();
    if (this.exports.zt_abi_version?.value !== ABI) {
      throw new Error(`this is no module for version ${ABI} of the ABI`);
    }
  }

  start() {
    // A module imports nothing: it can only answer.
    this.exports = new WebAssembly.Instance(this.module, {}).exports;
  }

  /** What the module says of itself. */
  describe() {
    return JSON.parse(this.text(this.exports.zt_describe()));
  }

  /**
   * The decision on a request: a value, its JSON text, or the bytes of that, which are best as they came. `now` is a
   * Date, or null if nobody knows the time; without `full` the decision is the effect and its obligations alone.
   */
  decide(request, { now = new Date(), full = true } = {}) {
    try {
      return JSON.parse(this.decideText(request, { now, full }));
    } catch (error) {
      // Whatever went wrong: this instance is spent, and nobody was allowed anything.
      this.start();
      return { effect: "deny", reason: "failed", error: String(error) };
    }
  }

  /** The same as JSON text; throws if the module fails, which counts as a denial. */
  decideText(request, { now, full }) {
    const isBytes = request instanceof Uint8Array;
    const text = isBytes || typeof request === "string" ? request : JSON.stringify(request);
    const bytes = isBytes ? text : ENCODER.encode(text);
    const { memory, zt_alloc, zt_decide } = this.exports;
    const at = zt_alloc(bytes.length) >>> 0;
    // 0 means that the request is too long. It is decided nevertheless: it is invalid, and denied.
    if (at !== 0) new Uint8Array(memory.buffer).set(bytes, at);
    const millis = BigInt(now?.getTime() ?? 0);
    return this.text(zt_decide(at, bytes.length, now ? 1 : 0, millis, full ? 1 : 0));
  }

  /** A text in the module's memory: its address in the lower half of a number, its length in the upper one. */
  text(span) {
    const [at, length] = [span, span >> 32n].map((half) => Number(BigInt.asUintN(32, half)));
    // The memory may have grown, so its buffer is another one.
    return DECODER.decode(new Uint8Array(this.exports.memory.buffer, at, length));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [file, instant, ...requests] = process.argv.slice(2);
  const policy = await Policy.load(await readFile(file));
  for (const request of requests) {
    const now = { clock: new Date(), none: null }[instant];
    const decision = policy.decide(await readFile(request), { now: now === undefined ? new Date(instant) : now });
    console.log(JSON.stringify(decision));
  }
}
