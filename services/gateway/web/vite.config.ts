import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";

/** Most that a first visit may load, compressed: everything but the languages that are not chosen. */
const FIRST_LOAD_BYTES_MAX = 250_000;

/** Packs what browsers take packed, prints what a first visit loads, and fails if that is too much. */
function pack(): Plugin {
  return {
    name: "pack",
    apply: "build",
    writeBundle(options) {
      const root = options.dir ?? "dist";
      let total = 0;
      for (const name of readdirSync(root, { recursive: true, encoding: "utf8" })) {
        if (!/\.(html|js|css|svg)$/.test(name)) continue;
        const packed = gzipSync(readFileSync(join(root, name)), { level: 9 });
        writeFileSync(join(root, `${name}.gz`), packed);
        total += packed.length;
      }
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
  plugins: [svelte(), pack()],
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
