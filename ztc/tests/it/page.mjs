// Has a browser decide with a page, as somebody who chooses a module, types requests and clicks:
// node page.mjs chromium page.html policy.wasm INSTANT request.json...
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [chromium, page, module, instant, ...requests] = process.argv.slice(2);

const clock = `<script>
  globalThis.Date = class extends Date {
    constructor() { super(${JSON.stringify(instant)}); }
  };
</script>`;

/** Runs in the page, after its own script. */
async function visit(bytes, requests) {
  const part = (id) => document.getElementById(id);
  const chosen = new DataTransfer();
  chosen.items.add(new File([Uint8Array.from(bytes)], "policy.wasm"));
  part("module").files = chosen.files;
  part("module").dispatchEvent(new Event("change"));
  while (part("decide").disabled) await new Promise((resolve) => setTimeout(resolve, 10));
  const answers = requests.map((request) => {
    part("request").value = request;
    part("decide").click();
    return JSON.parse(part("decision").textContent);
  });
  // What HTML would write otherwise is written as JSON's escapes, so that the page's text is JSON.
  const escaped = (letter) => "\\u" + letter.charCodeAt(0).toString(16).padStart(4, "0");
  document.body.textContent = JSON.stringify(answers).replace(/[^ -%'-;=?-~]/g, escaped);
}

const texts = requests.map((request) => readFileSync(request, "utf8"));
const given = [[...readFileSync(module)], texts].map((each) => JSON.stringify(each).replaceAll("<", "\\u003c"));
const visitor = `<script type="module">(${visit})(${given.join(", ")});</script>`;

const folder = mkdtempSync(join(tmpdir(), "zt-page-"));
try {
  const visited = join(folder, "page.html");
  const [head, body] = readFileSync(page, "utf8").split("<style>");
  writeFileSync(visited, [head, clock, "<style>", body.replace("</html>", () => visitor + "</html>")].join(""));
  const html = execFileSync(
    chromium,
    [
      "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", `--user-data-dir=${join(folder, "profile")}`,
      "--virtual-time-budget=60000", "--dump-dom", pathToFileURL(visited).href,
    ],
    { encoding: "utf8", maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "ignore"], timeout: 120_000 },
  );
  for (const answer of JSON.parse(html.match(/<body>(.*)<\/body>/s)[1])) console.log(JSON.stringify(answer));
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
