//! What happened to the records here without their owner: kept until they have looked, the newest [`MOST`] of it.

use fieldline_model::{DocumentId, SysId, Timestamp};
use rusqlite::{Row, named_params};

use crate::error::Doing;
use crate::{Result, Tx, View};

/// Nobody reads more; the records themselves are all here.
const MOST: i64 = 1_000;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewsKind {
    /// The record came.
    Came,
    /// Somebody edited it.
    Edited {
        /// The edit as it came.
        edit: Vec<u8>,
    },
    /// The record left; nothing else of it is here.
    Left {
        /// What people recognised it by.
        display: String,
    },
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewsRow {
    /// Its number; newer ones are higher.
    pub id: u64,
    /// The record.
    pub document: DocumentId,
    /// What happened.
    pub kind: NewsKind,
    /// When the device learned of it.
    pub at: Timestamp,
}

impl View<'_> {
    /// What nobody has looked at yet, newest first.
    pub fn news(&self) -> Result<Vec<NewsRow>> {
        self.connection
            .prepare_cached("SELECT id, table_name, sys_id, kind, display, edit, at FROM news ORDER BY id DESC")
            .and_then(|mut sql| sql.query_map([], row)?.collect())
            .doing("reading what is new")
    }
}

fn row(row: &Row<'_>) -> rusqlite::Result<NewsRow> {
    let table: String = row.get(1)?;
    let kind = match row.get_ref(3)?.as_str()? {
        "came" => NewsKind::Came,
        "left" => NewsKind::Left { display: row.get(4)? },
        _ => NewsKind::Edited { edit: row.get(5)? },
    };
    Ok(NewsRow {
        id: row.get::<_, i64>(0)?.unsigned_abs(),
        document: DocumentId::new(table.as_str(), SysId(row.get(2)?)),
        kind,
        at: Timestamp(row.get(6)?),
    })
}

impl Tx<'_> {
    /// Notes that something happened to a record.
    pub fn add_news(&self, document: &DocumentId, kind: &NewsKind, at: Timestamp) -> Result<()> {
        let doing = format_args!("noting what is new about {document}");
        let (name, display, edit) = match kind {
            NewsKind::Came => ("came", "", None),
            NewsKind::Edited { edit } => ("edited", "", Some(edit)),
            NewsKind::Left { display } => ("left", display.as_str(), None),
        };
        let sql = "INSERT INTO news (table_name, sys_id, kind, display, edit, at)
                   VALUES (:table, :sys_id, :kind, :display, :edit, :at)";
        self.connection
            .prepare_cached(sql)
            .and_then(|mut sql| {
                sql.execute(named_params! {
                    ":table": document.table.as_str(), ":sys_id": document.sys_id.0, ":kind": name,
                    ":display": display, ":edit": edit, ":at": at.0,
                })
            })
            .doing(doing)?;
        let old = self.connection.last_insert_rowid() - MOST;
        self.connection
            .prepare_cached("DELETE FROM news WHERE id <= ?1")
            .and_then(|mut sql| sql.execute([old]))
            .doing(doing)?;
        Ok(())
    }

    /// Forgets what happened to a record that is being purged, but for its name.
    pub(crate) fn purge_news(&self, document: &DocumentId) -> Result<()> {
        self.connection
            .prepare_cached("DELETE FROM news WHERE sys_id = ?1 AND table_name = ?2 AND kind <> 'left'")
            .and_then(|mut sql| sql.execute((document.sys_id.0, document.table.as_str())))
            .doing(format_args!("purging what is new about {document}"))
            .map(drop)
    }

    /// Forgets what the person has looked at: everything up to a number.
    pub fn forget_news(&self, through: u64) -> Result<()> {
        let through = i64::try_from(through).unwrap_or(i64::MAX);
        self.connection
            .execute("DELETE FROM news WHERE id <= ?1", [through])
            .doing("forgetting what was looked at")
            .map(drop)
    }
}

#[cfg(test)]
mod tests {
    use crate::{DatabaseKey, Store};

    use super::*;

    #[test]
    fn news_of_a_record_that_left_is_its_name_alone_and_what_was_looked_at_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), &DatabaseKey::new([1; 32])).unwrap().store;
        let id = |byte| DocumentId::new("wm_task", SysId([byte; 16]));
        let edited = NewsKind::Edited { edit: vec![1, 2, 3] };
        let left = NewsKind::Left { display: "WOT7".into() };
        store
            .write(|tx| {
                tx.add_news(&id(1), &NewsKind::Came, Timestamp(5))?;
                tx.add_news(&id(2), &edited, Timestamp(6))?;
                tx.add_news(&id(1), &edited, Timestamp(7))?;
                tx.add_news(&id(1), &left, Timestamp(8))?;
                tx.purge_news(&id(1))
            })
            .unwrap();
        let news = store.read(|view| view.news()).unwrap();
        let told: Vec<_> = news.iter().map(|news| (news.document.clone(), news.kind.clone(), news.at.0)).collect();
        assert_eq!(told, [(id(1), left.clone(), 8), (id(2), edited, 6)]);
        store.write(|tx| tx.forget_news(news[1].id)).unwrap();
        assert_eq!(store.read(|view| view.news()).unwrap().len(), 1);
    }

    #[test]
    fn the_oldest_news_makes_room() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), &DatabaseKey::new([1; 32])).unwrap().store;
        let id = DocumentId::new("wm_task", SysId([1; 16]));
        let notes = |tx: &Tx<'_>| (0..MOST + 5).try_for_each(|at| tx.add_news(&id, &NewsKind::Came, Timestamp(at)));
        store.write(notes).unwrap();
        let news = store.read(|view| view.news()).unwrap();
        assert_eq!((news.len() as i64, news.last().unwrap().at.0), (MOST, 5));
    }
}
