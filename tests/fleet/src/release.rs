//! The app's releases that are about: the newest, and an older one that does not know a field people write every day.
//!
//! Whoever has the older one works on records with that field as well. Nothing of it may get lost on the way through, and all
//! of it must be there once the app is updated, as it is when the storm is over.

use std::sync::OnceLock;

use fieldline_model::Dictionary;
use fieldline_model::dictionary::{SHIPPED_LIFE_CYCLES, SHIPPED_TABLES};

/// The table that all work extends, and its field that the older release lacks.
const TABLE: &str = "task.toml";
const FIELD: &str = "{ name = \"description\",";

/// What the older release knows.
pub fn older() -> &'static Dictionary {
    static OLDER: OnceLock<Dictionary> = OnceLock::new();
    OLDER.get_or_init(|| {
        let without = |text: &str| text.lines().filter(|line| !line.contains(FIELD)).collect::<Vec<_>>().join("\n");
        let text = |(file, text): &(&str, &str)| if *file == TABLE { without(text) } else { (*text).to_owned() };
        let texts: Vec<String> = SHIPPED_TABLES.iter().map(text).collect();
        let files = SHIPPED_TABLES.iter().map(|(file, _)| *file);
        let tables: Vec<(&str, &str)> = files.zip(texts.iter().map(String::as_str)).collect();
        Dictionary::parse(&tables, SHIPPED_LIFE_CYCLES).expect("it fits together")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_release_lacks_one_field_of_all_work() {
        let knows = |dictionary: &Dictionary, table| dictionary.table(table).unwrap().field("description").is_some();
        for table in ["wm_task", "wm_order", "incident"] {
            assert!(knows(Dictionary::shipped(), table) && !knows(older(), table), "{table}");
        }
        assert!(knows(older(), "cmn_skill"), "other tables are as they are");
    }
}
