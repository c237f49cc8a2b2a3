//! What is to become of payloads, by a plain reading of the rules: items as lists of texts, every rule asked in turn.
//!
//! Written from what the documentation says of identification and reconciliation, not from the engine: it keeps no history but a
//! list of who wrote what, looks at every item, and knows nothing of the database.

use std::collections::{BTreeMap, BTreeSet};

pub const DAY: i64 = 86_400_000;

/// The classes there are in this world, each with the one above it.
const ABOVE: [(&str, &str); 8] = [
    ("cmdb_ci_linux_server", "cmdb_ci_server"),
    ("cmdb_ci_win_server", "cmdb_ci_server"),
    ("cmdb_ci_server", "cmdb_ci_computer"),
    ("cmdb_ci_computer", "cmdb_ci_hardware"),
    ("cmdb_ci_hardware", "cmdb_ci"),
    ("cmdb_ci_web_server", "cmdb_ci_appl"),
    ("cmdb_ci_appl", "cmdb_ci"),
    ("cmdb_ci", "cmdb"),
];

pub fn lineage(class: &str) -> Vec<&str> {
    let mut lineage = vec![class];
    while let Some((_, above)) = ABOVE.iter().find(|(below, _)| below == lineage.last().unwrap()) {
        lineage.push(above);
    }
    lineage
}

pub fn is_a(class: &str, above: &str) -> bool {
    lineage(class).contains(&above)
}

/// A source and how much it is believed, for a class and some attributes (none: all).
#[derive(Debug, Clone)]
pub struct Static {
    pub class: &'static str,
    pub attributes: &'static [&'static str],
    pub source: &'static str,
    pub priority: i64,
    pub nulls: &'static [&'static str],
}

#[derive(Debug, Clone)]
pub struct Dynamic {
    pub class: &'static str,
    pub attribute: &'static str,
    pub kind: &'static str,
}

#[derive(Debug, Clone)]
pub struct Refresh {
    pub class: &'static str,
    pub source: &'static str,
    pub days: i64,
}

/// What somebody sends of one item.
#[derive(Debug, Clone)]
pub struct Sent {
    pub class: &'static str,
    pub values: BTreeMap<&'static str, String>,
    /// A serial number that comes along in a table of its own.
    pub serial: Option<String>,
    /// Which item of the payload it runs on.
    pub host: Option<usize>,
}

#[derive(Debug, Clone)]
pub struct Item {
    pub class: &'static str,
    pub values: BTreeMap<String, String>,
    pub serials: Vec<String>,
    /// Whoever wrote an attribute, in turn: attribute, source, when.
    pub wrote: Vec<(String, &'static str, i64)>,
    /// What sources report: attribute, source, value, since when, when last.
    pub reports: Vec<(String, &'static str, String, i64, i64)>,
}

#[derive(Debug, Clone, Default)]
pub struct World {
    pub statics: Vec<Static>,
    pub dynamics: Vec<Dynamic>,
    pub refreshes: Vec<Refresh>,
    pub items: Vec<Item>,
    /// What runs on what.
    pub runs_on: BTreeSet<(usize, usize)>,
    /// A rule misread on purpose, to see that it is seen.
    pub mistake: Option<Mistake>,
    /// Where items with an attribute's value may be found, so that a hundred thousand take minutes and not days.
    pub index: BTreeMap<(String, String), Vec<usize>>,
}

/// A way to misread the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mistake {
    /// Who is believed as much as the last writer may not write.
    EqualsAreRefused,
    /// Nobody may write for a source that has been silent.
    SilenceIsIgnored,
    /// Rules for all attributes of a nearer class go before those that name the attribute.
    NearestIsFirst,
    /// An item may have more serial numbers than were sent.
    CountIsIgnored,
    /// Of rules that choose, those of the class above hold.
    ChoiceIsNotOverridden,
}

/// What becomes of an item that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Became {
    pub operation: &'static str,
    pub error: Option<&'static str>,
    pub item: Option<usize>,
}

fn refused(error: &'static str) -> Became {
    Became { operation: "INSERT_AS_INCOMPLETE", error: Some(error), item: None }
}

impl World {
    fn is(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }

    /// Takes a payload in.
    pub fn take(&mut self, source: &'static str, now: i64, sent: &[Sent]) -> Vec<Became> {
        let mut became: Vec<Option<Became>> = vec![None; sent.len()];
        for at in 0..sent.len() {
            self.bring(source, now, sent, at, &mut became);
        }
        let became: Vec<Became> = became.into_iter().map(Option::unwrap).collect();
        for (at, one) in sent.iter().enumerate() {
            let host = one.host.and_then(|host| became[host].item);
            self.runs_on.extend(became[at].item.zip(host));
        }
        became
    }

    fn bring(&mut self, source: &'static str, now: i64, sent: &[Sent], at: usize, became: &mut Vec<Option<Became>>) {
        if became[at].is_some() {
            return;
        }
        let one = &sent[at];
        let is_dependent = is_a(one.class, "cmdb_ci_appl");
        if is_twin(sent, at) {
            became[at] = Some(refused("DUPLICATE_PAYLOAD_RECORDS"));
            return;
        }
        let mut host = None;
        if is_dependent {
            let Some(place) = one.host else {
                became[at] = Some(refused("MISSING_DEPENDENCY"));
                return;
            };
            self.bring(source, now, sent, place, became);
            host = became[place].clone().unwrap().item;
            if host.is_none() {
                became[at] = Some(refused("ABANDONED"));
                return;
            }
        }
        became[at] = Some(match self.recognise(one, host) {
            Ok(Some(item)) => self.change(source, now, one, item),
            Ok(None) => self.insert(source, now, one),
            Err(error) => refused(error),
        });
    }

    /// Which item it is: the entries of the rule of its class in turn.
    fn recognise(&self, sent: &Sent, host: Option<usize>) -> Result<Option<usize>, &'static str> {
        let rule = if is_a(sent.class, "cmdb_ci_appl") { "cmdb_ci_appl" } else { "cmdb_ci_hardware" };
        let filled = |name: &str| sent.values.get(name).filter(|text| !text.is_empty());
        let mut has_tried = false;
        let mut found = Vec::new();
        if rule == "cmdb_ci_hardware" {
            if let Some(serial) = &sent.serial {
                has_tried = true;
                let with = self.with("serial in its own table", serial);
                let is_counted =
                    |item: &usize| self.items[*item].serials.len() == 1 || self.is(Mistake::CountIsIgnored);
                found = with.into_iter().filter(is_counted).collect();
            }
            for name in ["serial_number", "name"] {
                if found.is_empty()
                    && let Some(text) = filled(name)
                {
                    has_tried = true;
                    found = self.with(name, text);
                }
            }
        } else {
            for name in ["install_directory", "name"] {
                if found.is_empty()
                    && let Some(text) = filled(name)
                {
                    has_tried = true;
                    let on_host = |item: &usize| self.runs_on.contains(&(*item, host.unwrap()));
                    found = self.with(name, text).into_iter().filter(on_host).collect();
                    found.retain(|item| self.items[*item].class == sent.class);
                }
            }
        }
        found.retain(|item| is_a(self.items[*item].class, rule));
        match found.len() {
            _ if !has_tried => Err("MISSING_MATCHING_ATTRIBUTES"),
            0 => Ok(None),
            1 => Ok(Some(found[0])),
            _ => Err("MULTIPLE_DUPLICATE_RECORDS"),
        }
    }

    fn with(&self, name: &str, text: &str) -> Vec<usize> {
        let text = text.to_lowercase();
        let maybe = self.index.get(&(name.to_owned(), text.clone())).cloned().unwrap_or_default();
        let has = |item: &usize| {
            let item = &self.items[*item];
            match name {
                "serial in its own table" => item.serials.iter().any(|held| held.to_lowercase() == text),
                name => item.values.get(name).is_some_and(|held| held.to_lowercase() == text),
            }
        };
        let mut with: Vec<usize> = maybe.into_iter().filter(has).collect();
        with.sort_unstable();
        with.dedup();
        with
    }

    fn note(&mut self, name: &str, text: &str, item: usize) {
        self.index.entry((name.to_owned(), text.to_lowercase())).or_default().push(item);
    }

    fn insert(&mut self, source: &'static str, now: i64, sent: &Sent) -> Became {
        if fits(sent).is_err() || sent.values.get("name").is_none_or(|name| name.is_empty()) {
            return refused("INVALID_INPUT_DATA");
        }
        let place = self.items.len();
        let empty = Item {
            class: sent.class,
            values: BTreeMap::new(),
            serials: Vec::new(),
            wrote: Vec::new(),
            reports: Vec::new(),
        };
        self.items.push(empty);
        let stamp = source.to_owned();
        for (name, text) in
            sent.values.iter().chain([(&"discovery_source", &stamp)]).filter(|(_, text)| !text.is_empty())
        {
            if let Some(_choice) = self.choice(sent.class, name) {
                self.items[place].reports.push(((*name).into(), source, text.clone(), now, now));
            } else if !self.ranks(sent.class, name).is_empty() {
                self.items[place].wrote.push(((*name).into(), source, now));
            }
            self.set(place, name, text);
        }
        self.come_along(place, sent);
        Became { operation: "INSERT", error: None, item: Some(place) }
    }

    fn set(&mut self, item: usize, name: &str, text: &str) {
        if text.is_empty() {
            self.items[item].values.remove(name);
        } else {
            self.items[item].values.insert(name.to_owned(), text.to_owned());
            self.note(name, text, item);
        }
    }

    fn come_along(&mut self, item: usize, sent: &Sent) {
        let Some(serial) = &sent.serial else { return };
        if !self.items[item].serials.iter().any(|held| held.eq_ignore_ascii_case(serial)) {
            self.items[item].serials.push(serial.clone());
            self.note("serial in its own table", serial, item);
        }
    }

    fn change(&mut self, source: &'static str, now: i64, sent: &Sent, item: usize) -> Became {
        if fits(sent).is_err() {
            return refused("INVALID_INPUT_DATA");
        }
        let from = self.items[item].class;
        let moved = match () {
            () if from == sent.class => None,
            () if is_a(sent.class, from) => Some("UPDATE_WITH_UPGRADE"),
            () if is_a(from, sent.class) => Some("UPDATE_WITH_DOWNGRADE"),
            () => Some("UPDATE_WITH_SWITCH"),
        };
        self.items[item].class = sent.class;
        let before = self.items[item].values.clone();
        for (name, text) in &sent.values {
            self.say(source, now, item, name, text);
        }
        let differs = self.items[item].values != before;
        self.say(source, now, item, "discovery_source", source);
        self.come_along(item, sent);
        let operation = moved.unwrap_or(if differs { "UPDATE" } else { "NO_CHANGE" });
        Became { operation, error: None, item: Some(item) }
    }

    /// Lets a source say a value.
    fn say(&mut self, source: &'static str, now: i64, item: usize, name: &str, text: &str) {
        let class = self.items[item].class;
        if let Some(kind) = self.choice(class, name) {
            if !text.is_empty() {
                self.report(source, now, item, name, text);
                let chosen = self.chosen(item, name, kind);
                self.set(item, name, &chosen);
            }
            return;
        }
        let ranks = self.ranks(class, name);
        if ranks.is_empty() {
            self.set(item, name, text);
        } else if self.may(source, now, item, name, text, &ranks) {
            self.items[item].wrote.push((name.to_owned(), source, now));
            self.set(item, name, text);
        }
    }

    fn may(&self, source: &str, now: i64, item: usize, name: &str, text: &str, ranks: &[Static]) -> bool {
        let item = &self.items[item];
        let rank = |source: &str| ranks.iter().filter(|one| one.source == source).map(|one| one.priority).min();
        if !item.values.contains_key(name) {
            return !text.is_empty();
        }
        let Some(own) = rank(source) else { return false };
        if text.is_empty() && !ranks.iter().any(|one| one.source == source && one.nulls.contains(&name)) {
            return false;
        }
        let Some((_, writer, at)) = item.wrote.iter().rev().find(|(of, _, _)| of == name) else { return true };
        let Some(other) = rank(writer) else { return true };
        let believed = if self.is(Mistake::EqualsAreRefused) { own < other } else { own <= other };
        if believed || self.is(Mistake::SilenceIsIgnored) {
            return believed;
        }
        // How long the writer may be silent: what is said for the nearest class.
        let said = |class: &str| self.refreshes.iter().find(|one| one.class == class && one.source == *writer);
        lineage(item.class).into_iter().find_map(said).is_some_and(|refresh| now >= at + refresh.days * DAY)
    }

    /// The static rules that hold: those that name the attribute, of the nearest class; else those for all, of the nearest.
    fn ranks(&self, class: &str, name: &str) -> Vec<Static> {
        let nearest = lineage(class).into_iter().find(|class| self.statics.iter().any(|one| one.class == *class));
        let classes = if self.is(Mistake::NearestIsFirst) { nearest.into_iter().collect() } else { lineage(class) };
        for names_it in [true, false] {
            for class in &classes {
                let fits = |one: &&Static| {
                    one.class == *class
                        && if names_it { one.attributes.contains(&name) } else { one.attributes.is_empty() }
                };
                let found: Vec<Static> = self.statics.iter().filter(fits).cloned().collect();
                if !found.is_empty() {
                    return found;
                }
            }
        }
        Vec::new()
    }

    /// The dynamic rule that holds, unless a class nearer than it has a static one that names the attribute.
    fn choice(&self, class: &str, name: &str) -> Option<&'static str> {
        let mut classes = lineage(class);
        if self.is(Mistake::ChoiceIsNotOverridden) {
            classes.reverse();
        }
        for class in classes {
            if let Some(rule) = self.dynamics.iter().find(|one| one.class == class && one.attribute == name) {
                return Some(rule.kind);
            }
            if self.statics.iter().any(|one| one.class == class && one.attributes.contains(&name)) {
                return None;
            }
        }
        None
    }

    fn report(&mut self, source: &'static str, now: i64, item: usize, name: &str, text: &str) {
        let reports = &mut self.items[item].reports;
        match reports.iter_mut().find(|one| one.0 == name && one.1 == source) {
            Some(held) if held.2 == text => held.4 = now,
            Some(held) => (held.2, held.3, held.4) = (text.to_owned(), now, now),
            None => reports.push((name.to_owned(), source, text.to_owned(), now, now)),
        }
    }

    fn chosen(&self, item: usize, name: &str, kind: &str) -> String {
        let mut reports: Vec<_> = self.items[item].reports.iter().filter(|one| one.0 == name).collect();
        // The one reported last comes first, and of those of one moment the one whose source comes last by name.
        reports.sort_by(|one, other| (other.4, other.1).cmp(&(one.4, one.1)));
        let number = |text: &str| text.parse::<i64>().unwrap();
        let best = match kind {
            "last_reported" => reports[0],
            "largest" => {
                let most = reports.iter().map(|one| number(&one.2)).max().unwrap();
                reports.iter().find(|one| number(&one.2) == most).unwrap()
            }
            "smallest" => {
                let least = reports.iter().map(|one| number(&one.2)).min().unwrap();
                reports.iter().find(|one| number(&one.2) == least).unwrap()
            }
            _ => {
                let votes = |text: &str| reports.iter().filter(|one| one.2 == text).count();
                let most = reports.iter().map(|one| votes(&one.2)).max().unwrap();
                reports.iter().find(|one| votes(&one.2) == most).unwrap()
            }
        };
        best.2.clone()
    }
}

/// Whether another item of the payload would be recognised by the same.
fn is_twin(sent: &[Sent], at: usize) -> bool {
    let key = |one: &Sent| {
        if is_a(one.class, "cmdb_ci_appl") {
            return None;
        }
        let filled =
            |name: &'static str| Some((name, one.values.get(name).filter(|text| !text.is_empty())?.to_lowercase()));
        let by = filled("serial_number").or_else(|| filled("name"))?;
        Some((one.class, by))
    };
    let own = key(&sent[at]);
    own.is_some() && sent.iter().enumerate().any(|(other, one)| other != at && key(one) == own)
}

/// Whether every value is one of its field.
fn fits(sent: &Sent) -> Result<(), ()> {
    let numbers = ["ram", "cpu_count"].iter().filter_map(|name| sent.values.get(name));
    let mut numbers = numbers.filter(|text| !text.is_empty());
    if numbers.all(|text| text.parse::<i64>().is_ok()) { Ok(()) } else { Err(()) }
}
