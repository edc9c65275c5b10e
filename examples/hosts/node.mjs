// Decides requests with a policy's module in Node.js, without any package.
//
//   ztc build --target core policy.zt --entities entities.json -o policy.wasm
//   node node.mjs [--settings settings.json] [--data entities.json] policy.wasm INSTANT request.json...
//
// INSTANT is one in RFC 3339, `clock` for the clock's, or `none`. Each request is answered on a line. A module that
// was built with `--setting` takes its parameters here, one built with `--takes-data` its entities. Requests in slots
// are for programs that have values and no JSON: `decideSlots`. The ABI is described in zt-wasm/ABI.md.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const ABI = 1;
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
    const { zt_alloc, zt_configure } = this.exports;
    const at = zt_alloc(bytes.length) >>> 0;
    if (at !== 0) this.memory().set(bytes, at);
    const told = this.text(zt_configure(at, bytes.length));
    if (told) throw new Error(told);
    // A fresh instance gets them, too.
    this.settings = bytes;
  }

  /** Puts entity data in force, as bytes of JSON, in place of all that were; throws if the module refuses them. */
  setData(bytes) {
    const { zt_alloc_data, zt_set_data } = this.exports;
    const at = zt_alloc_data(bytes.length) >>> 0;
    if (at !== 0) this.memory().set(bytes, at);
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

  /** The same of a request for [`slotRequest`]; one that it cannot put into slots is denied. */
  decideSlots(request, { now = new Date(), full = true } = {}) {
    let bytes;
    try {
      this.slots ??= this.describe().slots;
      bytes = slotRequest(this.slots, request);
    } catch (error) {
      return failed(error);
    }
    return this.answer(() => this.call("zt_decide_slots", bytes, { now, full }));
  }

  answer(decide) {
    try {
      return JSON.parse(decide());
    } catch (error) {
      // Whatever went wrong: this instance is spent, and nobody was allowed anything.
      this.start();
      return failed(error);
    }
  }

  /** The same as JSON text; throws if the module fails, which counts as a denial. */
  decideText(request, { now, full }) {
    const isBytes = request instanceof Uint8Array;
    const text = isBytes || typeof request === "string" ? request : JSON.stringify(request);
    return this.call("zt_decide", isBytes ? text : ENCODER.encode(text), { now, full });
  }

  call(decide, bytes, { now, full }) {
    const at = this.exports.zt_alloc(bytes.length) >>> 0;
    // 0 means that the request is too long. It is decided nevertheless: it is invalid, and denied.
    if (at !== 0) this.memory().set(bytes, at);
    const millis = BigInt(now?.getTime() ?? 0);
    return this.text(this.exports[decide](at, bytes.length, now ? 1 : 0, millis, full ? 1 : 0));
  }

  /** A text in the module's memory: its address in the lower half of a number, its length in the upper one. */
  text(span) {
    const at = Number(BigInt.asUintN(32, span));
    return this.memory().toString("utf8", at, at + Number(BigInt.asUintN(32, span >> 32n)));
  }

  /** The module's memory. Where it has grown, its buffer is another one. */
  memory() {
    const { buffer } = this.exports.memory;
    if (this.bytes?.buffer !== buffer) this.bytes = Buffer.from(buffer);
    return this.bytes;
  }
}

function failed(error) {
  return { effect: "deny", reason: "failed", error: String(error) };
}

/** A reference to an entity, among the values of a request in slots. */
export class Reference {
  constructor(type, id) {
    Object.assign(this, { type, id });
  }
}

const UNSAID = 0xffffffff;

/**
 * A request in slots: bytes without names, for programs that have the values at hand. `slots` is in what the module says
 * of itself; `request` has the members of a request in JSON. Values are null, Booleans, whole numbers, strings (decimals,
 * addresses and all else that JSON writes as strings), Dates (instants), [`Reference`]s, arrays (sets and lists) and plain
 * objects (maps and records); what no rule reads is left out. Throws for whatever could mean something else in JSON:
 * other values, and evidence by who says it, which slots have no room for.
 */
export function slotRequest(slots, { subject, action, resource, context, evidence, entities = [] }) {
  if (evidence !== undefined) throw new TypeError("slots have no room for evidence by who says it");
  const numbers = new Map(slots.slots.map(({ path }, number) => [path, number]));
  const parts = [];
  const u8 = (...bytes) => parts.push(Uint8Array.from(bytes));
  const u32 = (number) => parts.push(new Uint8Array(Uint32Array.of(number).buffer));
  const i64 = (number) => parts.push(new Uint8Array(BigInt64Array.of(BigInt(number)).buffer));
  const text = (string) => {
    // Half of a surrogate pair would become another character.
    if (typeof string !== "string" || /\p{Surrogate}/u.test(string)) throw new TypeError("an id, a key or a string is no text");
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
    else if (typeof given === "string") u8(5), text(given);
    else if (Array.isArray(given)) u8(10), u32(given.length), given.forEach(value);
    else if (given instanceof Reference) u8(9), name(given);
    else if (typeof given === "object" && Object.getPrototypeOf(given) === Object.prototype) {
      u8(11);
      u32(Object.keys(given).length);
      for (const [key, member] of Object.entries(given)) text(key), value(member);
    } else throw new TypeError(`slots have no room for ${String(given)}`);
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
    given.parents ? value(given.parents.map(({ type, id }) => new Reference(type, id))) : u8(0);
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
  const options = { settings: { type: "string" }, data: { type: "string" } };
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const [file, instant, ...requests] = positionals;
  const policy = await Policy.load(await readFile(file));
  if (values.settings) policy.configure(await readFile(values.settings));
  if (values.data) policy.setData(await readFile(values.data));
  for (const request of requests) {
    const known = { clock: new Date(), none: null }[instant];
    const now = known === undefined ? new Date(instant) : known;
    console.log(JSON.stringify(policy.decide(await readFile(request), { now })));
  }
}
