// What every peer's process has in common: it is told what to do one line at a time and says when it is done.
// A line is a JSON array of words; the answer is one JSON object a line. CPU, memory and bytes are measured from outside.
import { createInterface } from "node:readline";
import { readFileSync } from "node:fs";

/** The records all sides hold: one JSON object a line. */
export function records(file) {
  return readFileSync(file, "utf8").trimEnd().split("\n").map((line) => JSON.parse(line));
}

/** The history all sides give a record: its fields in the order in which its ten changes write them. */
export function changed(record) {
  const fields = Object.keys(record).filter((name) => !name.startsWith("sys_"));
  return Array.from({ length: 10 }, (_, index) => fields[index % fields.length]);
}

/** Answers commands until there are no more. */
export function obey(commands) {
  const lines = createInterface({ input: process.stdin });
  let turn = Promise.resolve();
  lines.on("line", (line) => {
    const [word, ...rest] = JSON.parse(line);
    turn = turn
      .then(() => commands[word](...rest))
      .then((answer) => console.log(JSON.stringify(answer ?? {})))
      .catch((error) => console.log(JSON.stringify({ error: String(error?.stack ?? error) })));
  });
  lines.on("close", () => process.exit(0));
}
