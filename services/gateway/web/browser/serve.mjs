// Serves `dist` with the headers of the gateway and passes everything else on to a running server:
// for the browser tests of a build that is not in the gateway yet.
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer, request } from "node:http";
import { connect } from "node:net";
import { extname, join, normalize } from "node:path";

const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
export const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-ancestors 'none'; " +
  "base-uri 'none'; form-action 'self'; require-trusted-types-for 'script'; trusted-types svelte-trusted-html";

/** Resolves to the address that it answers at, and a function that ends it. */
export function serve(dist, server) {
  const to = new URL(server);
  const front = createServer((incoming, answer) => {
    const path = normalize(new URL(incoming.url, "http://x").pathname);
    const file = join(dist, path === "/" ? "index.html" : path);
    if (existsSync(file) && statSync(file).isFile()) {
      answer.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream", "content-security-policy": POLICY });
      createReadStream(file).pipe(answer);
      return;
    }
    const passed = request({ host: to.hostname, port: to.port, path: incoming.url, method: incoming.method, headers: incoming.headers }, (got) => {
      answer.writeHead(got.statusCode, got.headers);
      got.pipe(answer);
    });
    passed.on("error", () => answer.destroy());
    incoming.pipe(passed);
  });
  front.on("upgrade", (incoming, socket, head) => {
    const back = connect(Number(to.port), to.hostname, () => {
      const lines = Object.entries(incoming.headers).map(([name, value]) => `${name}: ${value}`);
      back.write(`${incoming.method} ${incoming.url} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
      back.write(head);
      back.pipe(socket).pipe(back);
    });
    back.on("error", () => socket.destroy());
    socket.on("error", () => back.destroy());
  });
  return new Promise((done) => {
    front.listen(0, "127.0.0.1", () => done({ address: `http://127.0.0.1:${front.address().port}`, close: () => front.close() }));
  });
}
