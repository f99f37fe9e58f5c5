import http from "node:http";
import https from "node:https";
import type { Fence } from "./fence.ts";

/**
 * A `fetch` for the SDK that asks the fence as the last thing before a request leaves.
 *
 * Not the built-in one: it may wait for a connection after it was called, and what was allowed then may be forbidden when the connection stands. Here
 * the connection stands first, then the fence is asked, and the bytes are written in the same turn of the event loop as its answer.
 */
export function fencedFetch(fence: Fence): typeof fetch {
  const agents = { "http:": new http.Agent({ keepAlive: true }), "https:": new https.Agent({ keepAlive: true }) };
  return (input, init) => {
    const url = new URL(String(input));
    const isHttps = url.protocol === "https:";
    const body = init?.body === undefined || init.body === null ? undefined : String(init.body);
    return new Promise<Response>((resolve, reject) => {
      const request = (isHttps ? https : http).request(url, {
        method: init?.method ?? "GET",
        headers: Object.fromEntries(new Headers(init?.headers)),
        agent: isHttps ? agents["https:"] : agents["http:"],
      });
      const abort = () => request.destroy(init?.signal?.reason ?? new DOMException("aborted", "AbortError"));
      init?.signal?.addEventListener("abort", abort, { once: true });
      request.once("error", reject);
      request.once("close", () => init?.signal?.removeEventListener("abort", abort));
      request.once("response", (answer) => resolve(toResponse(answer, request)));
      request.once("socket", (socket) => {
        const send = () =>
          fence().then(
            () => void (request.destroyed || request.end(body)),
            (error: Error) => {
              reject(error);
              request.destroy(error);
            },
          );
        if (request.reusedSocket) void send();
        else socket.once(isHttps ? "secureConnect" : "connect", send);
      });
      if (body !== undefined) request.setHeader("content-length", Buffer.byteLength(body));
    });
  };
}

function toResponse(answer: http.IncomingMessage, request: http.ClientRequest): Response {
  const headers = new Headers();
  for (const [name, value] of Object.entries(answer.headers)) headers.set(name, Array.isArray(value) ? value.join(", ") : (value ?? ""));
  const status = answer.statusCode ?? 500;
  const empty = status === 204 || status === 205 || status === 304;
  if (empty) answer.resume();
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      answer.on("data", (chunk: Buffer) => controller.enqueue(new Uint8Array(chunk)));
      answer.once("end", () => controller.close());
      answer.once("error", (error) => controller.error(error));
      answer.once("aborted", () => controller.error(new Error("The connection was cut in the middle of an answer.")));
    },
    cancel: () => void request.destroy(),
  });
  return new Response(empty ? null : stream, { status, headers });
}
