// automerge-repo with its WebSocket server and its file storage: a document a record, one creating change and ten that
// change one field each, by three actors.
import { createServer } from "node:http";
import * as Automerge from "@automerge/automerge";
import { Repo } from "@automerge/automerge-repo";
import { WebSocketServerAdapter } from "@automerge/automerge-repo-network-websocket";
import { NodeFSStorageAdapter } from "@automerge/automerge-repo-storage-nodefs";
import { WebSocketServer } from "ws";
import { changed, obey, records } from "./told.mjs";

const [directory, file, count] = process.argv.slice(2);
const ACTORS = ["aa", "bb", "cc"].map((byte) => byte.repeat(16));
const http = createServer();
const sockets = new WebSocketServer({ server: http });
const repo = new Repo({
  network: [new WebSocketServerAdapter(sockets)],
  storage: new NodeFSStorageAdapter(directory),
  sharePolicy: async () => false,
});
let handles = [];

function history(record) {
  const strings = (fields) => Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, new Automerge.ImmutableString(String(value))]));
  let doc = Automerge.from(strings(record), { actor: ACTORS[0] });
  changed(record).forEach((field, index) => {
    const actor = ACTORS[index < 4 ? 0 : index < 7 ? 1 : 2];
    if (Automerge.getActorId(doc) !== actor) doc = Automerge.clone(doc, { actor });
    doc = Automerge.change(doc, (draft) => { draft[field] = new Automerge.ImmutableString(`${record[field]}`); });
  });
  return Automerge.save(doc);
}

obey({
  async load() {
    handles = records(file).slice(0, Number(count)).map((record) => repo.import(history(record)));
    await repo.flush();
    return { records: handles.length, urls: handles.map((handle) => handle.url) };
  },
  serve: () => new Promise((done) => http.listen(0, "127.0.0.1", () => done({ port: http.address().port }))),
  edit(many, mark) {
    handles.slice(0, many).forEach((handle) => handle.change((draft) => { draft.estimated_work_duration = new Automerge.ImmutableString(mark); }));
  },
});
