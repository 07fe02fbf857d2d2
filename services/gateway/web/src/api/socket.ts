import { apiBase, query } from "./http";
import type { Socket } from "./stream";

/** The stream's WebSocket: a ticket that is good once, and where to go on from. */
export function openSocket(ticket: string, cursor: string): Socket {
  const url = new URL(`stream${query({ ticket, cursor })}`, apiBase());
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(url);
  const wrapped: Socket = {
    send: (text) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close: () => socket.close(),
    onmessage: null,
    onclose: null,
  };
  socket.onmessage = (event) => wrapped.onmessage?.(event);
  socket.onclose = () => wrapped.onclose?.();
  return wrapped;
}
