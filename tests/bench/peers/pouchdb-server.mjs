// PouchDB behind express-pouchdb, with the routes that replication needs. The leaf revisions are loaded together with the
// ids of the ten before them, which is all that PouchDB sends of a history.
import { createHash } from "node:crypto";
import express from "express";
import routes from "express-pouchdb";
import PouchDB, { edit } from "./pouchdb-side.mjs";
import { obey, records } from "./told.mjs";

const [directory, file] = process.argv.slice(2);
const Kept = PouchDB.defaults({ prefix: `${directory}/` });
const database = new Kept("records");

const revision = (id, number) => createHash("md5").update(`${id}/${number}`).digest("hex");

obey({
  async load() {
    const docs = records(file).map(({ sys_id, ...fields }) => {
      const ids = Array.from({ length: 11 }, (_, index) => revision(sys_id, 11 - index));
      return { ...fields, _id: sys_id, _rev: `11-${ids[0]}`, _revisions: { start: 11, ids } };
    });
    for (let first = 0; first < docs.length; first += 500) {
      await database.bulkDocs(docs.slice(first, first + 500), { new_edits: false });
    }
    return { records: (await database.info()).doc_count };
  },
  serve() {
    const app = express().use("/", routes(Kept, { mode: "minimumForPouchDB", inMemoryConfig: true, logPath: `${directory}/log.txt` }));
    return new Promise((done) => {
      const server = app.listen(0, "127.0.0.1", () => done({ port: server.address().port }));
    });
  },
  edit: (count, mark) => edit(database, count, mark),
});
