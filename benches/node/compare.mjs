// Compares modules of zt, OPA's own modules and Cedar's module in Node.js, on the same policies and requests, and prints a
// table for each case. Without arguments all cases; with `--quick` shorter; names choose cases.
//
// Every engine's decisions are compared with those expected before anything is timed.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";

import { engines, read } from "./engines.mjs";

const CASES = join(import.meta.dirname, "cases");
const quick = process.argv.includes("--quick");
/**
 * Samples of a median, how long each is at least in milliseconds, and calls that are timed one by one. Samples are short,
 * so that most of them are not interrupted on a busy machine.
 */
const [SAMPLES, SAMPLE_MS, SINGLE] = quick ? [100, 0.25, 1_000] : [1_000, 0.25, 5_000];
/** No engine may keep a case longer than this with single calls, in milliseconds. */
const SINGLE_MS = quick ? 500 : 4_000;

if (!existsSync(CASES)) {
  console.error("There are no cases: cargo run --profile bench -p zt-benches --bin export");
  process.exit(1);
}
const named = process.argv.slice(2).filter((argument) => !argument.startsWith("-"));
const names = ["open", "gateway", "admission", "gdrive", "github", "tinytodo"];
const unknown = [...named, ...readdirSync(CASES)].filter((name) => !names.includes(name));
if (unknown.length > 0) throw new Error(`no case: ${unknown}`);

const [only] = named;
if (named.length === 1) await compare(only);
else {
  // A process for each case: what V8 learnt of one does not slow down the next.
  console.log("| case | engine | module, bytes | median | p99 | the SDK's share |");
  console.log("|---|---|---:|---:|---:|---:|");
  for (const name of named.length > 0 ? named : names) {
    const arguments_ = [import.meta.filename, name, ...(quick ? ["--quick"] : [])];
    const { status } = spawnSync(process.execPath, arguments_, { stdio: "inherit" });
    if (status !== 0) process.exit(1);
  }
}

/** Prints the rows of a case. */
async function compare(name) {
  const it = read(join(CASES, name));
  const found = await engines(it);
  if (!found.some((engine) => engine.name === "OPA")) {
    console.error("There is no `opa` to compile Rego with (OPA=/path/to/opa): OPA's modules are missing.");
  }
  for (const engine of found) agree(name, it, engine);
  for (const row of timed(found, it.requests.length)) console.log(`| ${[name, ...row].join(" | ")} |`);
}

/** Throws unless an engine decides all requests as expected. */
function agree(name, it, engine) {
  it.allowed.forEach((allowed, number) => {
    const decided = engine.decide(number);
    if (decided !== allowed) throw new Error(`${name}: ${engine.name} says ${decided} of ${it.requests[number]}`);
  });
}

/** Rows of a table. Engines take turns, so that whatever else the machine does meets all of them. */
function timed(found, requests) {
  const runs = found.flatMap(({ decide, host }) => (host ? [decide, host] : [decide]));
  const medians = new Map(runs.map((run) => [run, []]));
  const sized = new Map(runs.map((run) => [run, calls(run, requests)]));
  for (let sample = 0; sample < SAMPLES; sample++) {
    for (const run of runs) medians.get(run).push(batch(run, requests, sized.get(run), sample) / sized.get(run));
  }
  const median = (run) => at(medians.get(run), 0.5);
  return found.map(({ name, bytes, decide, host }) => {
    const p99 = at(single(decide, requests), 0.99);
    return [name, bytes.toLocaleString("en"), time(median(decide)), time(p99), host ? time(median(host)) : ""];
  });
}

/** How many calls fill a sample; finding it out warms the engine up. */
function calls(run, requests) {
  const warm = performance.now() + (quick ? 100 : 500);
  let count = 1;
  for (;;) {
    const took = batch(run, requests, count, 0);
    if (took < SAMPLE_MS) count *= 2;
    else if (performance.now() > warm) return count;
  }
}

/** Milliseconds of so many calls, request after request. */
function batch(run, requests, count, sample) {
  let number = (sample * count) % requests;
  const start = performance.now();
  for (let call = 0; call < count; call++) {
    run(number);
    number = number + 1 < requests ? number + 1 : 0;
  }
  return performance.now() - start;
}

/** Milliseconds of single calls, a clock's reading included. */
function single(run, requests) {
  const all = [];
  const end = performance.now() + SINGLE_MS;
  for (let call = 0; call < SINGLE && performance.now() < end; call++) {
    const start = performance.now();
    run(call % requests);
    all.push(performance.now() - start);
  }
  return all;
}

function at(values, quantile) {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))];
}

function time(milliseconds) {
  const [value, unit] = milliseconds < 1 ? [milliseconds * 1e3, "µs"] : [milliseconds, "ms"];
  return `${value.toPrecision(3)} ${unit}`;
}
