// Has a host decide documents as requests in slots: node slots.mjs HOST [--data entities.json] policy.wasm INSTANT request.json...
//
// A document does not say which of its objects are references and which are maps. In the tests' policies, what has a type
// and an id and nothing else is a reference.

import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

const [host, ...rest] = process.argv.slice(2);
const { Policy, Reference } = await import(pathToFileURL(host));

function revive(key, value) {
  const isReference = value && Object.keys(value).sort().join() === "id,type" && typeof value.type === "string";
  return isReference && !["subject", "resource"].includes(key) ? new Reference(value.type, value.id) : value;
}

const data = rest[0] === "--data" ? await readFile(rest.splice(0, 2)[1]) : null;
const [module, instant, ...requests] = rest;
const policy = await Policy.load(await readFile(module));
if (data) policy.setData(data);
for (const file of requests) {
  const request = JSON.parse(await readFile(file, "utf8"), revive);
  console.log(JSON.stringify(policy.decideSlots(request, { now: new Date(instant) })));
}
