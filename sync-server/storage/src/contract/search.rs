//! Promises of [`Search`](crate::Search).

use std::collections::BTreeSet;

use fieldline_model::condition::Filter;
use fieldline_model::{DocumentId, Record, Value};

use super::{enter, key, sys_id, task};
use crate::{Result, Selection, Sight, Storage, Words};

fn words(title: &str, body: &str, journal: &str) -> Words {
    Words { title: title.into(), body: body.into(), journal: journal.into() }
}

/// All words must be there or begin so, in any case and accent; a title counts more than a journal; who may not see a record
/// does not find it; one that is gone is not found.
pub fn records_are_found_by_their_words_and_by_whoever_may_see_them(storage: &dyn Storage) -> Result<()> {
    let site = DocumentId::new("cmn_location", sys_id(3));
    let all = [
        (task(1), words("WOT1", "Boiler leaks in the cellar", "")),
        (task(2), words("WOT2 Boiler", "Ölpumpe", "the boiler is cold")),
        (site.clone(), words("Boiler house", "", "")),
    ];
    let mut tx = storage.begin()?;
    for (id, words) in &all {
        let mut record = Record::new(id.clone());
        record.set("number", Some(Value::text(&*words.title)));
        tx.put_record(&record)?;
        tx.words_changed(id)?;
    }
    assert_eq!(tx.words_due(2)?, [task(1), task(2)]);
    for (id, words) in &all {
        tx.put_words(id, Some(words))?;
    }
    assert_eq!(tx.words_due(9)?, []);
    tx.put_links(&task(1), &BTreeSet::from([(key("user:mia"), task(1))]))?;
    tx.append(&[enter(&task(1), "user:mia")])?;
    tx.commit()?;
    let tx = storage.read()?;
    let (tasks, both) = (["wm_task".into()], ["wm_task".into(), "cmn_location".into()]);
    let everything = Filter::everything();
    let mia = Sight { whole: Some([].into()), keys: [key("user:mia")].into(), ..Sight::default() };
    let found = |words: &str, selection: &Selection<'_>| -> Result<Vec<DocumentId>> {
        Ok(tx.search(words, selection, 9)?.into_iter().map(|hit| hit.record.id).collect())
    };
    let in_tasks = Selection::of(&tasks, &everything);
    assert_eq!(found("boil", &in_tasks)?, [task(2), task(1)]);
    assert_eq!(found("LEAK cellar", &in_tasks)?, [task(1)]);
    assert_eq!(found("olpumpe", &in_tasks)?, [task(2)]);
    assert_eq!(found("boiler roof", &in_tasks)?, []);
    assert_eq!(found("\" OR * NEAR( -", &in_tasks)?, []);
    assert_eq!(found("boiler", &Selection::of(&both, &everything))?.len(), 3);
    assert_eq!(found("boiler", &Selection { sight: &mia, ..Selection::of(&both, &everything) })?, [task(1)]);
    let words = Filter::Words("boiler".into()).and(Filter::equals("number", "wot1"));
    assert_eq!(tx.count(&Selection::of(&tasks, &words))?, 1);
    drop(tx);
    let mut tx = storage.begin()?;
    tx.remove_record(&task(1))?;
    tx.put_words(&task(1), None)?;
    assert_eq!(tx.search("leaks", &in_tasks, 9)?, []);
    tx.commit()
}
