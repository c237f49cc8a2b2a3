// An automerge-repo that fetches every document over one WebSocket and keeps it in files.
import * as Automerge from "@automerge/automerge";
import { Repo } from "@automerge/automerge-repo";
import { WebSocketClientAdapter } from "@automerge/automerge-repo-network-websocket";
import { NodeFSStorageAdapter } from "@automerge/automerge-repo-storage-nodefs";
import { obey } from "./told.mjs";

const [directory, url] = process.argv.slice(2);
const TRIES = 5;
const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
let repo;
let handles = [];

/** A document asked for before the peer is ready may be called unavailable; it is asked for again. */
async function find(address) {
  for (let left = TRIES; ; left -= 1) {
    try {
      return await repo.find(address);
    } catch (error) {
      if (left === 0) throw error;
      await wait(1000);
    }
  }
}

obey({
  async connect() {
    const adapter = new WebSocketClientAdapter(url);
    repo = new Repo({ network: [adapter], storage: new NodeFSStorageAdapter(directory), sharePolicy: async () => true });
    await new Promise((done) => repo.networkSubsystem.once("peer", done));
  },
  async pull(urls) {
    handles = [];
    for (let first = 0; first < urls.length; first += 200) {
      handles.push(...(await Promise.all(urls.slice(first, first + 200).map(find))));
    }
    await repo.flush();
    return { records: handles.filter((handle) => handle.isReady()).length };
  },
  /** Waits until so many documents hold a mark. */
  async holds(count, mark) {
    const there = () => handles.slice(0, count).every((handle) => String(handle.doc().estimated_work_duration) === mark);
    while (!there()) await wait(5);
  },
  edit(count, mark) {
    handles.slice(0, count).forEach((handle) => handle.change((draft) => { draft.estimated_work_duration = new Automerge.ImmutableString(mark); }));
  },
});
