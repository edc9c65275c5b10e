// Runs the script of a page with stand-ins for the page's parts: node page.mjs page.html policy.wasm INSTANT request.json...
import { readFile } from "node:fs/promises";

const [page, module, instant, ...requests] = process.argv.slice(2);
const script = (await readFile(page, "utf8")).match(/<script type="module">(.*)<\/script>/s)[1];

const parts = {};
const document = {
  getElementById: (id) => (parts[id] ??= { addEventListener: (name, act) => (parts[id][name] = act) }),
};
class Fixed extends Date {
  constructor() {
    super(instant);
  }
}
const AsyncFunction = (async () => {}).constructor;
await new AsyncFunction("document", "Date", script)(document, Fixed);

const bytes = await readFile(module);
await parts.module.change({ target: { files: [{ arrayBuffer: async () => bytes }] } });
if (parts.decide.disabled !== false) throw new Error(parts.about.textContent);
for (const request of requests) {
  document.getElementById("request").value = await readFile(request, "utf8");
  parts.decide.click();
  console.log(JSON.stringify(JSON.parse(parts.decision.textContent)));
}
