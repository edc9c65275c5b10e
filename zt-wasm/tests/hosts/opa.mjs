// Decides requests by npm's `@open-policy-agent/opa-wasm`.
//
// Arguments: the package's folder, a module, files of requests. A line of JSON for each decision: the text that the host
// gave to the module (`null` where that was the file's own bytes), and the result, or what the host threw.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [folder, path, ...requests] = process.argv.slice(2);
const { loadPolicy } = createRequire(folder + "/")("@open-policy-agent/opa-wasm");
const policy = await loadPolicy(readFileSync(path));
const entrypoint = Object.keys(policy.entrypoints)[0];

function decide(sent, input) {
  try {
    const results = policy.evaluate(input, entrypoint);
    console.log(JSON.stringify({ sent, result: results.length === 1 ? results[0].result : results }));
  } catch (error) {
    console.log(JSON.stringify({ sent, error: String(error) }));
  }
}

for (const request of requests) {
  const bytes = readFileSync(request);
  decide(null, bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  let parsed, sent;
  try {
    parsed = JSON.parse(bytes.toString("utf8"));
    sent = JSON.stringify(parsed);
  } catch {
    continue; // no JSON, or nested too deep for it: only its bytes can be given
  }
  decide(sent, parsed);
}

// No request at all, what is no entrypoint, and data. All but the first end in an abort.
decide("", undefined);
try {
  policy.evaluate({}, 1);
} catch (error) {
  console.log(JSON.stringify({ abort: String(error) }));
}
policy.setData({ users: {} });
try {
  policy.evaluate({}, 0);
} catch (error) {
  console.log(JSON.stringify({ abort: String(error) }));
}
policy.setData({});
decide("{}", {});
