// What the users of the service wrote against it, as they wrote it. Arguments: base URL, plate, key.
import assert from "node:assert/strict";

const [baseUrl, plate, apiKey] = process.argv.slice(2);
const streams = `${baseUrl}/${plate}/streams`;

async function send(method, path, body) {
  const response = await fetch(`${streams}${path}`, {
    method,
    headers: { Authorization: apiKey, "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const answer = await response.json();
  assert.equal(response.status, 200, JSON.stringify(answer));
  assert.equal(answer.ok, true);
  return answer.data.result;
}

const ID = /^\d+-\d+$/;

const id = await send("POST", "/add", { key: "events", values: { type: "signup", user_id: 123 } });
assert.match(id, ID);
console.log("add");

assert.equal(await send("GET", "/length/events"), 1);
console.log("length");

const range = new URLSearchParams({ start: "-", end: "+", count: "10" });
assert.deepEqual(await send("GET", `/range/events?${range}`), [
  [id, ["type", "signup", "user_id", "123"]],
]);
console.log("range");

const reading = send("POST", "/read", {
  streams: [
    { key: "events", id: "$" },
    { key: "audit", id: "$" },
  ],
  block_ms: 20000,
  count: 25,
});
const adding = new Promise((resolve) => setTimeout(resolve, 2000)).then(() =>
  send("POST", "/add", { key: "audit", values: { action: "login" } }),
);
const [read, auditId] = await Promise.all([reading, adding]);
assert.deepEqual(read, { audit: [[auditId, ["action", "login"]]] });
console.log("read");

const trimmed = await send("POST", "/trim", {
  key: "events",
  strategy: "maxlen",
  threshold: 1000,
  approximate: true,
});
assert.equal(trimmed, 0);
console.log("trim");

const added = await send("POST", "/command", {
  command: "XADD",
  args: ["events", "*", "type", "signup"],
});
assert.match(added, ID);
console.log("command");

assert.equal(await send("POST", "/events/command", { command: "XLEN" }), 2);
console.log("key command");

const created = await send("POST", "/groups/create", {
  key: "events",
  group: "workers",
  id: "$",
  mkstream: true,
});
assert.equal(created, "OK");
console.log("groups/create");

const jobId = await send("POST", "/add", { key: "events", values: { type: "job" } });
const job = await send("POST", "/groups/read", {
  group: "workers",
  consumer: "worker-1",
  streams: [{ key: "events", id: ">" }],
  count: 10,
});
assert.deepEqual(job, { events: [[jobId, ["type", "job"]]] });
console.log("groups/read");
