// Decides requests with a policy's module in Node.js, without any package.
//
//   ztc build --target core policy.zt --entities entities.json -o policy.wasm
//   node node.mjs [--settings settings.json] [--data entities.json] [--slots] policy.wasm INSTANT request.json...
//
// INSTANT is one in RFC 3339, `clock` for the clock's, or `none`. Each request is answered on a line. A module that
// was built with `--setting` takes its parameters here, one built with `--takes-data` its entities, one built with
// `--takes-slots` requests in slots. The ABI is described in zt-wasm/ABI.md.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

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
    if (this.settings) this.configure(this.settings);
    if (this.data) this.setData(this.data);
  }

  /** Puts settings in force, as bytes of JSON; throws what the module has against them. They come before data. */
  configure(bytes) {
    const { memory, zt_alloc, zt_configure } = this.exports;
    const at = zt_alloc(bytes.length) >>> 0;
    if (at !== 0) new Uint8Array(memory.buffer).set(bytes, at);
    const told = this.text(zt_configure(at, bytes.length));
    if (told) throw new Error(told);
    // A fresh instance gets them, too.
    this.settings = bytes;
  }

  /** Puts entity data in force, as bytes of JSON, in place of all that were; throws if the module refuses them. */
  setData(bytes) {
    const { memory, zt_alloc_data, zt_set_data } = this.exports;
    const at = zt_alloc_data(bytes.length) >>> 0;
    if (at !== 0) new Uint8Array(memory.buffer).set(bytes, at);
    const told = at === 0 ? 2 : zt_set_data(at, bytes.length);
    if (told !== 0) throw new Error(told === 1 ? "the entity data do not fit the policy" : "there is no memory");
    this.data = bytes;
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
    return this.answer(() => this.decideText(request, { now, full }));
  }

  /** The same of a request in slots, as [`slotRequest`] makes it. */
  decideSlots(bytes, { now = new Date(), full = true } = {}) {
    return this.answer(() => this.call("zt_decide_slots", bytes, { now, full }));
  }

  answer(decide) {
    try {
      return JSON.parse(decide());
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
    return this.call("zt_decide", isBytes ? text : ENCODER.encode(text), { now, full });
  }

  call(decide, bytes, { now, full }) {
    const { memory, zt_alloc } = this.exports;
    const at = zt_alloc(bytes.length) >>> 0;
    // 0 means that the request is too long. It is decided nevertheless: it is invalid, and denied.
    if (at !== 0) new Uint8Array(memory.buffer).set(bytes, at);
    const millis = BigInt(now?.getTime() ?? 0);
    return this.text(this.exports[decide](at, bytes.length, now ? 1 : 0, millis, full ? 1 : 0));
  }

  /** A text in the module's memory: its address in the lower half of a number, its length in the upper one. */
  text(span) {
    const [at, length] = [span, span >> 32n].map((half) => Number(BigInt.asUintN(32, half)));
    // The memory may have grown, so its buffer is another one.
    return DECODER.decode(new Uint8Array(this.exports.memory.buffer, at, length));
  }
}

const UNSAID = 0xffffffff;

/**
 * A request in slots: bytes without names, for hosts that have the values at hand. `slots` is in what the module says of
 * itself; `request` has the members of a request in JSON, `evidence` apart. Among values, a Date is an instant, and
 * an object of a type and an id a reference to an entity; what no rule reads is left out.
 */
export function slotRequest(slots, { subject, action, resource, context, entities = [] }) {
  const numbers = new Map(slots.slots.map(({ path }, number) => [path, number]));
  const parts = [];
  const u8 = (...bytes) => parts.push(Uint8Array.from(bytes));
  const u32 = (number) => parts.push(new Uint8Array(Uint32Array.of(number).buffer));
  const i64 = (number) => parts.push(new Uint8Array(BigInt64Array.of(BigInt(number)).buffer));
  const text = (string) => {
    const bytes = ENCODER.encode(string);
    u32(bytes.length);
    parts.push(bytes);
  };
  const name = ({ type, id }) => {
    u32(slots.entities.indexOf(type)); // -1 if it is no type: then nobody is meant
    text(id);
  };
  const value = (given) => {
    if (given === null) u8(1);
    else if (typeof given === "boolean") u8(given ? 3 : 2);
    else if (Number.isSafeInteger(given) || typeof given === "bigint") u8(4), i64(given);
    else if (given instanceof Date) u8(6), i64(given.getTime());
    else if (Array.isArray(given)) u8(10), u32(given.length), given.forEach(value);
    else if (typeof given !== "object") u8(5), text(String(given));
    else if (typeof given.type === "string" && typeof given.id === "string") u8(9), name(given);
    else {
      u8(11);
      u32(Object.keys(given).length);
      for (const [key, member] of Object.entries(given)) text(key), value(member);
    }
  };
  const said = (of, values) => {
    if (!values) return u32(UNSAID);
    const path = (key) => `${of}.${/^[A-Za-z_]\w*$/.test(key) ? key : "`" + key + "`"}`;
    const read = Object.entries(values).filter(([key]) => numbers.has(path(key)));
    u32(read.length);
    for (const [key, given] of read) u32(numbers.get(path(key))), value(given);
  };
  const entity = (given) => {
    name(given);
    said(given.type, given.properties);
    given.parents ? value(given.parents) : u8(0);
  };
  u32(1);
  u32(slots.actions.indexOf(action.name));
  entity(subject);
  entity(resource);
  said("context", context);
  u32(entities.length);
  entities.forEach(entity);
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const options = { settings: { type: "string" }, data: { type: "string" }, slots: { type: "boolean" } };
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const [file, instant, ...requests] = positionals;
  const policy = await Policy.load(await readFile(file));
  if (values.settings) policy.configure(await readFile(values.settings));
  if (values.data) policy.setData(await readFile(values.data));
  for (const request of requests) {
    const known = { clock: new Date(), none: null }[instant];
    const now = known === undefined ? new Date(instant) : known;
    const bytes = await readFile(request);
    const decision = values.slots
      ? policy.decideSlots(slotRequest(policy.describe().slots, JSON.parse(bytes)), { now })
      : policy.decide(bytes, { now });
    console.log(JSON.stringify(decision));
  }
}
