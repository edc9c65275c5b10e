// The engines, each made ready for a case: `decide(number)` takes a request as the bytes or the text that came, and gives
// whether it is allowed. Whatever does not depend on the request is done beforehand.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Policy } from "../../examples/hosts/node.mjs";

const require = createRequire(import.meta.url);
const { loadPolicy } = require("@open-policy-agent/opa-wasm");
const cedar = require("@cedar-policy/cedar-wasm/nodejs");

const NOW = new Date("2026-03-02T10:00:00Z");
const ENCODER = new TextEncoder();

/** A case as `cargo run -p zt-benches --bin export` wrote it. */
export function read(folder) {
  const file = (name) => readFileSync(join(folder, name));
  return { file, folder, ...JSON.parse(file("case.json")) };
}

/** All engines that decide a case. */
export async function engines(it) {
  const found = [];
  for (const [name, full] of [["zt, core, effect", false], ["zt, core, full", true]]) {
    found.push(await core(name, it, full));
  }
  const whole = (result) => result.effect === "allow";
  found.push(await opa("zt, opa, full", it, it.file("opa.wasm"), it.requests, {}, whole));
  const bare = (result) => result === true;
  found.push(await opa("zt, opa, bare", it, it.file("opa-bare.wasm"), it.requests, {}, bare));
  const module = compiled(it);
  if (module) found.push(await opa("OPA", it, module, it.inputs ?? it.requests, it.data, bare));
  if (it.cedar) found.push(cedarWasm(it));
  return found;
}

async function core(name, it, full) {
  const module = it.file("core.wasm");
  const policy = await Policy.load(module);
  const requests = it.requests.map((text) => ENCODER.encode(text));
  const decide = (number) => policy.decide(requests[number], { now: NOW, full }).effect === "allow";
  return { name, bytes: module.length, decide };
}

/** A module in OPA's own SDK, which is given the text's bytes; and the SDK's own share of each call. */
async function opa(name, it, module, inputs, data, isAllowed) {
  const buffers = inputs.map((text) => ENCODER.encode(text).buffer);
  const load = async (prepare = () => {}) => {
    const policy = await loadPolicy(module);
    // Modules of zt have their entities baked in.
    if (Object.keys(data).length > 0) policy.setData(data);
    prepare(policy);
    return (number) => isAllowed(policy.evaluate(buffers[number])[0].result);
  };
  const [decide, host] = [await load(), await load((policy) => answered(policy, buffers))];
  return { name, bytes: module.length, decide, host };
}

/**
 * Makes a policy's module answer at once, always what it answers to the first request: what is left of a call is the
 * SDK's. The answer is behind the longest request, where none overwrites it.
 */
function answered(policy, buffers) {
  const [at, [first]] = [policy.dataHeapPtr, buffers];
  const end = at + Math.max(...buffers.map((buffer) => buffer.byteLength));
  const missing = end - policy.mem.buffer.byteLength;
  if (missing > 0) policy.mem.grow(Math.ceil(missing / 65536));
  new Uint8Array(policy.mem.buffer).set(new Uint8Array(first), at);
  const { exports } = policy.wasmInstance;
  const answer = exports.opa_eval(0, 0, policy.dataAddr, at, first.byteLength, end, 0);
  policy.wasmInstance = { exports: { ...exports, opa_eval: () => answer } };
}

/** What OPA's compiler makes of the policy; nothing if there is no `opa`. */
function compiled(it) {
  const folder = mkdtempSync(join(tmpdir(), "zt-benches-"));
  try {
    const bundle = join(folder, "bundle.tar.gz");
    const command = process.env.OPA ?? "opa";
    const policy = join(it.folder, "policy.rego");
    const built = spawnSync(command, ["build", "-t", "wasm", "-e", it.entrypoint, "-o", bundle, policy]);
    if (built.error?.code === "ENOENT") return undefined;
    if (built.status !== 0) throw new Error(`${command}: ${built.stderr}`);
    const untarred = spawnSync("tar", ["-xzOf", bundle, "/policy.wasm"], { maxBuffer: 1 << 26 });
    if (untarred.status !== 0) throw new Error(`tar: ${untarred.stderr}`);
    return untarred.stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Cedar's module. It keeps policies and a schema; entities come with each call, here the fewest that the policies read. */
function cedarWasm(it) {
  const { policy, schema, entities } = it.cedar;
  const id = it.folder;
  succeeded(cedar.preparsePolicySet(id, { staticPolicies: policy }));
  if (schema) succeeded(cedar.preparseSchema(id, schema));
  const known = new Map(entities.map((entity) => [key(entity.uid), entity]));
  const needed = it.requests.map((text) => {
    const { subject, resource } = JSON.parse(text);
    return withAncestors(known, [subject, resource]);
  });
  const decide = (number) => {
    const { subject, action, resource, context } = JSON.parse(it.requests[number]);
    const { type, id: name, properties } = resource;
    const given = properties ? [{ uid: { type, id: name }, attrs: properties, parents: [] }] : needed[number];
    const answer = cedar.statefulIsAuthorized({
      principal: subject,
      action: { type: "Action", id: action.name },
      resource: { type, id: name },
      context: context ?? {},
      entities: given,
      preparsedPolicySetId: id,
      preparsedSchemaName: schema ? id : undefined,
      validateRequest: false,
    });
    succeeded(answer);
    return answer.response.decision === "allow";
  };
  const file = require.resolve("@cedar-policy/cedar-wasm/nodejs").replace(/[^/\\]*$/, "cedar_wasm_bg.wasm");
  return { name: "Cedar", bytes: readFileSync(file).length, decide };
}

function succeeded(answer) {
  if (answer.type !== "success") throw new Error(JSON.stringify(answer.errors));
  if (answer.response?.diagnostics.errors.length > 0) throw new Error(JSON.stringify(answer.response.diagnostics));
}

function key({ type, id }) {
  return `${type}::${id}`;
}

/** Entities and all that they are in. The policies read attributes of the entities themselves alone. */
function withAncestors(known, pending) {
  const found = new Map();
  while (pending.length > 0) {
    const uid = pending.pop();
    const entity = known.get(key(uid));
    if (!entity || found.has(key(uid))) continue;
    found.set(key(uid), entity);
    pending.push(...entity.parents);
  }
  return [...found.values()];
}
