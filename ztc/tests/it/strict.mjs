// Gives a host one request that slots can say, and some that they cannot: node strict.mjs HOST policy.wasm

import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

const [host, module] = process.argv.slice(2);
const { Policy } = await import(pathToFileURL(host));
const policy = await Policy.load(await readFile(module));
const now = new Date("2026-03-02T10:00:00Z");

const said = (properties, others = {}) => ({
  subject: { type: "Person", id: "ann", properties: { trained: true, secret: "x", ...properties } },
  action: { name: "open" },
  resource: { type: "Door", id: "front" },
  context: { code: true, shown_at: new Date("2026-03-02T09:58:00Z") },
  ...others,
});

const requests = [
  said({}),
  said({}, { evidence: { badge: { context: { code: false } } } }),
  said({}, { subject: { type: "Person", id: 5 } }),
  said({}, { resource: { type: "Door", id: undefined } }),
  said({ secret: 1.5 }),
  said({ secret: undefined }),
  said({ secret: "\ud800" }),
  said({ secret: new Map([["type", "x"]]) }),
  said({}, { context: { code: true, shown_at: new Date(NaN) } }),
];
for (const request of requests) console.log(JSON.stringify(policy.decideSlots(request, { now })));
