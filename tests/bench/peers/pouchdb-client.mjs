// A PouchDB that replicates with the server.
import PouchDB, { edit } from "./pouchdb-side.mjs";
import { obey } from "./told.mjs";

const [directory, url] = process.argv.slice(2);
const database = new PouchDB("records", { prefix: `${directory}/` });
const remote = new PouchDB(`${url}/records`, { adapter: "http" });

obey({
  async pull() {
    const done = await database.replicate.from(remote, { batch_size: 500 });
    return { records: (await database.info()).doc_count, written: done.docs_written };
  },
  push: async () => ({ written: (await database.replicate.to(remote)).docs_written }),
  edit: (count, mark) => edit(database, count, mark),
});
