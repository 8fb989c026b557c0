// Follows subscriptions with the protocols' own clients and prints what they received.
import { createClient as createSseClient } from "graphql-sse";
import { createClient as createSocketClient } from "graphql-ws";
import WebSocket from "ws";

const [url, socketUrl] = process.argv.slice(2);

async function collect(client, query) {
  const received = [];
  try {
    for await (const result of client.iterate({ query })) received.push(result);
  } catch (error) {
    received.push({ failed: Array.isArray(error) ? error.map((one) => one.extensions.code) : String(error) });
  }
  return received;
}

const socket = createSocketClient({
  url: socketUrl, webSocketImpl: WebSocket, connectionParams: { authorization: "ada" }, keepAlive: 200, retryAttempts: 0,
});
const stream = createSseClient({ url, headers: { Authorization: "ada" }, retryAttempts: 0 });
const queries = ["subscription { count }", "{ who }", "subscription { nothing }"];
const [overSocket, overStream] = await Promise.all(
  [socket, stream].map((client) => Promise.all(queries.map((query) => collect(client, query)))),
);
console.log(JSON.stringify({ overSocket, overStream }));
await socket.dispose();
stream.dispose();
