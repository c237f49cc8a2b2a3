//! The automerge sync protocol: `sync::State` for each document, in this process, its messages counted.
//!
//! There is no transport around the messages and no storage under the documents, which is this peer's best case.

use automerge::sync::{Message, State, SyncDoc};
use automerge::transaction::Transactable;
use automerge::{ActorId, AutoCommit, ROOT};
use serde_json::{Map, Value as Json};

use crate::measure::cost;
use crate::sync::Result;
use crate::sync::proxy::Traffic;
use crate::sync::table::{Job, Spent, Table};

const SIDE: &str = "automerge protocol";

/// One document on both sides.
struct Pair {
    server: AutoCommit,
    client: AutoCommit,
    states: [State; 2],
}

/// Runs every job.
pub fn measure(records: &[Map<String, Json>], table: &mut Table) -> Result<()> {
    let mut pairs = records.iter().map(Pair::new).collect::<Result<Vec<_>>>()?;
    let count = pairs.len();
    table.add(SIDE, count, Job::History, exchange(&mut pairs)?);
    reconnect(&mut pairs);
    table.add(SIDE, count, Job::Idle, exchange(&mut pairs)?);
    for pair in pairs.iter_mut().take(10) {
        pair.server.put(ROOT, "estimated_work_duration", "pulled")?;
        pair.server.commit();
    }
    reconnect(&mut pairs);
    table.add(SIDE, count, Job::Pull, exchange(&mut pairs)?);
    for pair in pairs.iter_mut().take(10) {
        pair.client.put(ROOT, "estimated_work_duration", "pushed")?;
        pair.client.commit();
    }
    reconnect(&mut pairs);
    table.add(SIDE, count, Job::Push, exchange(&mut pairs)?);
    Ok(())
}

impl Pair {
    /// A record as a document: one creating change, ten that write one field each, three actors.
    fn new(record: &Map<String, Json>) -> Result<Self> {
        let [first, second, third] = [0xaa, 0xbb, 0xcc].map(|byte| ActorId::from([byte; 16]));
        let mut server = AutoCommit::new().with_actor(first);
        for (name, value) in record {
            server.put(ROOT, name, value.as_str().unwrap_or_default())?;
        }
        server.commit();
        let fields: Vec<&String> = record.keys().filter(|name| !name.starts_with("sys_")).collect();
        for (change, name) in (0..10).zip(fields.iter().cycle()) {
            server.set_actor(if change < 4 {
                ActorId::from([0xaa; 16])
            } else if change < 7 {
                second.clone()
            } else {
                third.clone()
            });
            server.put(ROOT, *name, format!("{} ", record[*name].as_str().unwrap_or_default()))?;
            server.commit();
        }
        // As a server holds it: saved and loaded again.
        let server = AutoCommit::load(&server.save())?;
        Ok(Self { server, client: AutoCommit::new(), states: [State::new(), State::new()] })
    }
}

/// What both sides remember of each other when they meet again.
fn reconnect(pairs: &mut [Pair]) {
    for pair in pairs {
        for state in &mut pair.states {
            if let Ok(kept) = State::decode(&state.encode()) {
                *state = kept;
            }
        }
    }
}

/// Both sides speak about every document until neither has anything to say.
fn exchange(pairs: &mut [Pair]) -> Result<Spent> {
    let mut spent = Spent::default();
    loop {
        let mut spoken = false;
        for up in [true, false] {
            let (processor, bytes) = speak(pairs, up)?;
            spoken |= bytes > 0;
            let Traffic { up_bytes, down_bytes, turns, .. } = &mut spent.traffic;
            *(if up { up_bytes } else { down_bytes }) += bytes;
            *turns += u64::from(up && bytes > 0);
            let [client, server] = [&mut spent.client, &mut spent.server];
            // Making a message is its sender's work, taking it in its receiver's.
            *(if up { &mut *client } else { &mut *server }) += processor[0];
            *(if up { &mut *server } else { &mut *client }) += processor[1];
        }
        if !spoken {
            return Ok(spent);
        }
    }
}

/// One side says what it has to say about every document: the processor time of both, and the bytes.
fn speak(pairs: &mut [Pair], up: bool) -> Result<([std::time::Duration; 2], u64)> {
    let mut messages = Vec::with_capacity(pairs.len());
    let (making, ()) = cost(|| {
        for pair in &mut *pairs {
            let (document, state) = pair.side(up);
            messages.push(document.sync().generate_sync_message(state).map(Message::encode));
        }
    });
    let bytes = messages.iter().flatten().map(|message| message.len() as u64).sum();
    let (taking, taken) = cost(|| {
        for (pair, message) in pairs.iter_mut().zip(messages) {
            let Some(message) = message else { continue };
            let (document, state) = pair.side(!up);
            document.sync().receive_sync_message(state, Message::decode(&message)?)?;
        }
        Ok::<_, Box<dyn std::error::Error>>(())
    });
    taken?;
    Ok(([making.processor, taking.processor], bytes))
}

impl Pair {
    fn side(&mut self, client: bool) -> (&mut AutoCommit, &mut State) {
        let [of_client, of_server] = &mut self.states;
        if client { (&mut self.client, of_client) } else { (&mut self.server, of_server) }
    }
}
