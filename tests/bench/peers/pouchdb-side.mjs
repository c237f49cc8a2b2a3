// What both sides of PouchDB are made of: its core with LevelDB underneath, as pouchdb-node has it.
import PouchDB from "pouchdb-core";
import leveldb from "pouchdb-adapter-leveldb";
import http from "pouchdb-adapter-http";
import mapreduce from "pouchdb-mapreduce";
import replication from "pouchdb-replication";

export default PouchDB.plugin(leveldb).plugin(http).plugin(mapreduce).plugin(replication);

/** Changes one field of so many records, each in a revision of its own. */
export async function edit(database, count, mark) {
  const page = await database.allDocs({ include_docs: true, limit: count });
  const docs = page.rows.map(({ doc }) => ({ ...doc, estimated_work_duration: mark }));
  await database.bulkDocs(docs);
}
