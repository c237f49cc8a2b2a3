//! Promises of [`Search`](crate::Search).

use std::collections::BTreeSet;

use fieldline_model::condition::Filter;
use fieldline_model::{DocumentId, Record, Value};

use super::{enter, key, sys_id, task};
use crate::{Result, Selection, Sight, Storage, Words};

fn words(title: &str, body: &str, journal: &str) -> Words {
    Words { title: title.into(), body: body.into(), journal: journal.into(), is_article: false }
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

/// Any of the words is enough, or one that begins so; who has more of them, and the rarer ones, comes first. What is no article is
/// not found so.
pub fn articles_are_found_by_some_of_the_words_that_describe_something(storage: &dyn Storage) -> Result<()> {
    let article = |number| DocumentId::new("kb_knowledge", sys_id(number));
    let text = |title: &str, body: &str| Words { is_article: true, ..words(title, body, "") };
    let all = [
        (article(1), text("Printer has no paper", "Fill the tray of the printer")),
        (article(2), text("Printer prints blank pages", "Change the toner of the printer")),
        (article(3), text("A monitor stays dark", "Look at the cable of the printer's monitor")),
        (task(1), words("Toner", "The printer prints blank pages", "")),
    ];
    let mut tx = storage.begin()?;
    for (id, words) in &all {
        tx.put_record(&Record::new(id.clone()))?;
        tx.words_changed(id)?;
        tx.put_words(id, Some(words))?;
    }
    tx.commit()?;
    let tx = storage.read()?;
    let (tables, everything) = (["kb_knowledge".into(), "wm_task".into()], Filter::everything());
    let found = |words: &[&str], sight: &Sight| -> Result<Vec<DocumentId>> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let selection = Selection { sight, ..Selection::of(&tables, &everything) };
        Ok(tx.described(&words, &selection, 9)?.into_iter().map(|hit| hit.record.id).collect())
    };
    let everywhere = &crate::EVERYTHING;
    assert_eq!(found(&["print", "page", "elephant"], everywhere)?, [article(2), article(1), article(3)]);
    assert_eq!(found(&["dark", "screen"], everywhere)?, [article(3)]);
    assert_eq!(found(&["elephant"], everywhere)?, []);
    assert_eq!(found(&["\" OR *", ""], everywhere)?, []);
    assert_eq!(found(&["print"], &Sight { whole: Some([].into()), ..Sight::default() })?, []);
    drop(tx);
    let mut tx = storage.begin()?;
    tx.put_words(&article(3), None)?;
    let selection = Selection::of(&tables, &everything);
    assert_eq!(tx.described(&["dark".to_owned()], &selection, 9)?, []);
    tx.commit()
}
