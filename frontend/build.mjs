// Makes dist/: one script a page, with what it needs from npm inside, and the licences of all that.
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const dist = join(here, "dist");

// Each of these may be combined with GPL-3.0-or-later; the same question as in deny.toml.
const allowed = ["Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "0BSD", "BSD-0-Clause", "(Apache-2.0 AND BSD-3-Clause)"];

await rm(dist, { recursive: true, force: true });
await mkdir(dist);
const options = {
  outdir: dist,
  bundle: true,
  minify: true,
  legalComments: "none",
  target: ["chrome111", "firefox115", "safari16.4"],
  logLevel: "warning",
};
await build({ ...options, format: "iife", entryPoints: [join(here, "src/call.js"), join(here, "src/desk.js"), join(here, "src/charts.js")] });
// What a page loads only when it is needed is a module.
await build({ ...options, format: "esm", entryPoints: { "agent-call": join(here, "src/agent_call.js") } });
await writeFile(join(dist, "licences.txt"), await licences());

// livekit-client comes with its own dependencies already inside: what is bundled is what it installs beside it.
async function licences() {
  const { packages } = JSON.parse(await readFile(join(here, "package-lock.json"), "utf8"));
  const bundled = Object.entries(packages).filter(([path, it]) => path !== "" && !it.dev && !it.optional && !it.peer);
  const texts = ["What others wrote of the scripts that Callstead's pages run, and their licences.\n"];
  for (const [path, { version, license }] of bundled) {
    const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
    if (!allowed.includes(license)) throw new Error(`${name} is under ${license}: may it be combined with the GPL?`);
    texts.push(`${"=".repeat(78)}\n${name} ${version} (${license})\n\n${await notices(join(here, path))}`);
  }
  return texts.join("\n");
}

async function notices(folder) {
  const files = (await readdir(folder)).filter((name) => /^(licen[cs]e|notice|copying)/i.test(name)).sort();
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), "utf8")));
  return texts.join("\n") || "No text came with it: see package.json there.\n";
}
