// A GraphQL server on node as its documentation writes it: graphql-ws over ws, executing for each subscriber.
// Usage: node server.mjs REDIS CHANNEL, where REDIS is the path of a socket; prints its port.

import { EventEmitter, on } from "node:events";
import { createServer } from "node:http";
import { createConnection } from "node:net";
import { buildSchema } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";

const [redis, channel] = process.argv.slice(2);
const schema = buildSchema(`
  type Slot { start: String! end: String! seatsLeft: Int }
  type Change { revision: Int! cursor: String! added: [Slot!]! removed: [Slot!]! }
  type Query { nothing: Boolean }
  type Subscription { openSlotsChanged: Change! }
`);
const changed = new EventEmitter().setMaxListeners(0);
let revision = 0;

function nextChange() {
  revision += 1;
  const removed = [];
  for (let slot = 0; slot < 16; slot += 1) {
    const minute = Date.UTC(2026, 2, 30, 7) + slot * 1_800_000;
    removed.push({
      start: new Date(minute).toISOString().replace(".000", ""),
      end: new Date(minute + 1_800_000).toISOString().replace(".000", ""),
      seatsLeft: null,
    });
  }
  return { revision, cursor: "c".repeat(88), added: [], removed };
}

async function* follow() {
  yield { openSlotsChanged: { revision, cursor: "c".repeat(88), added: [], removed: [] } };
  for await (const [change] of on(changed, "change")) yield { openSlotsChanged: change };
}

const http = createServer();
const sockets = new WebSocketServer({ server: http, path: "/graphql", perMessageDeflate: false });
useServer({ schema, roots: { subscription: { openSlotsChanged: follow } } }, sockets);

const listening = createConnection(redis, () => listening.write(`SUBSCRIBE ${channel}\r\n`));
let isSubscribed = false;
listening.on("data", () => {
  // The first answer says that we listen; then one message comes at a time.
  if (isSubscribed) changed.emit("change", nextChange());
  isSubscribed = true;
});
http.listen(0, "127.0.0.1", 4096, () => console.log(http.address().port));
