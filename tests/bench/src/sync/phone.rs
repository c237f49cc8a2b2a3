//! Our client as a process: a real device with its encrypted store, told what to do line by line.

use std::io::{BufRead, Write};
use std::path::Path;

use fieldline_device::runtime::{Entropy, Runtime, now};
use fieldline_device::view::Item;
use fieldline_device::{Command, DatabaseKey, Device};
use fieldline_model::{DocumentId, TableName, Value};
use fieldline_store::lists::Span;
use fieldline_sync::session::Event;
use serde_json::{Value as Json, json};

use crate::data::DAY;
use crate::sync::Result;

/// The word on the command line that makes a process a phone.
pub const COMMAND: &str = "sync-phone";

struct Phone {
    runtime: Runtime,
    tokio: tokio::runtime::Runtime,
}

/// Does what the lines on standard input say, until there are no more.
pub fn run(mut words: impl Iterator<Item = String>) -> Result<()> {
    let directory = words.next().ok_or("the phone's directory is missing")?;
    let device = Device::open(Path::new(&directory), &DatabaseKey::new([7; 32]))?;
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let phone = Phone { runtime: Runtime::new(device)?, tokio };
    for line in std::io::stdin().lock().lines() {
        let answer = phone.obey(&serde_json::from_str(&line?)?);
        println!("{}", answer.unwrap_or_else(|error| json!({ "error": error.to_string() })));
        std::io::stdout().flush()?;
    }
    Ok(())
}

impl Phone {
    fn obey(&self, words: &Json) -> Result<Json> {
        let text = |index: usize| words[index].as_str().unwrap_or_default();
        match text(0) {
            "enrol" => self.tokio.block_on(self.runtime.enrol(text(1), text(2), text(3), "bench"))?,
            "exchange" => return self.exchange(),
            "sync" => (0..words[1].as_u64().unwrap_or(1)).try_for_each(|_| self.sync())?,
            "today" => return Ok(json!({ "jobs": self.today()?.len() })),
            "edit" => self.edit(words[1].as_u64().unwrap_or(0) as usize, words[2].as_i64().unwrap_or(0))?,
            "holds" => return Ok(json!({ "held": self.held(words[1].as_i64().unwrap_or(0))? })),
            "search" => {
                let hits = self.runtime.device().search(text(1))?.len();
                return Ok(json!({ "hits": hits }));
            }
            other => return Err(format!("there is no word {other}").into()),
        }
        Ok(json!({}))
    }

    /// One exchange: how far an initial sync has come, and whether everything is exchanged.
    fn exchange(&self) -> Result<Json> {
        let events = self.tokio.block_on(self.runtime.sync_once())?.unwrap_or_default();
        let failed = events.iter().any(|event| matches!(event, Event::Failed { .. }));
        let done = events.iter().any(|event| matches!(event, Event::Synced { .. }));
        let progress = events.iter().find_map(|event| match event {
            Event::Progress(progress) => Some(json!([progress.done, progress.total])),
            _ => None,
        });
        if failed { Err("an exchange failed".into()) } else { Ok(json!({ "progress": progress, "synced": done })) }
    }

    fn sync(&self) -> Result<()> {
        let events = self.tokio.block_on(self.runtime.sync_until_idle())?;
        let done = events.iter().any(|event| matches!(event, Event::Synced { .. }));
        if done { Ok(()) } else { Err(format!("the phone did not come to the end of its sync: {events:?}").into()) }
    }

    fn today(&self) -> Result<Vec<DocumentId>> {
        let items = self.runtime.device().today(Span { from: DAY.0, until: DAY.1 })?;
        Ok(items.into_iter().map(|item| item.document).filter(|id| id.table == *"wm_task").collect())
    }

    /// Writes one field of so many of today's jobs, one edit each.
    fn edit(&self, count: usize, mark: i64) -> Result<()> {
        for document in self.today()?.into_iter().take(count) {
            let fields = [("estimated_work_duration".into(), Some(Value::Integer(mark)))].into();
            let command = Command::SetFields { document, fields };
            self.runtime.device().execute(command, now(), &mut Entropy::default())?;
        }
        Ok(())
    }

    /// How many tasks of a list hold a mark.
    fn held(&self, mark: i64) -> Result<usize> {
        let tasks = self.runtime.device().by_table(&TableName::from("wm_task"))?;
        let marked = |item: &&Item| item.fields.get("estimated_work_duration") == Some(&Value::Integer(mark));
        Ok(tasks.iter().filter(marked).count())
    }
}
