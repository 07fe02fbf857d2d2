import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";

/** Most that a first visit may load, compressed: everything but the languages that are not chosen. */
const FIRST_LOAD_BYTES_MAX = 250_000;

/** Prints what a first visit loads, and fails the build when that is too much. */
function budget(): Plugin {
  return {
    name: "budget",
    apply: "build",
    writeBundle(options) {
      const root = options.dir ?? "dist";
      const sizes = readdirSync(root, { recursive: true, encoding: "utf8" })
        .filter((name) => /\.(html|js|css)$/.test(name))
        .map((name) => gzipSync(readFileSync(join(root, name)), { level: 9 }).length);
      const total = sizes.reduce((sum, size) => sum + size, 0);
      console.log(`first load: ${(total / 1000).toFixed(1)} KB compressed, with all languages`);
      if (total > FIRST_LOAD_BYTES_MAX) {
        throw new Error(`the client is larger than ${FIRST_LOAD_BYTES_MAX} bytes compressed`);
      }
    },
  };
}

export default defineConfig({
  // Relative, for a site may live behind a path prefix.
  base: "./",
  plugins: [svelte(), budget()],
  build: {
    target: "es2022",
    // Inlined files would be data: addresses, which the content security policy forbids.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: { "/v1": { target: process.env["IM_SERVER"] ?? "http://127.0.0.1:8080", ws: true } },
  },
});
