//! Reads fields of records for an answer: dot-walks through references, and what people read in place of values.
//!
//! A reference is shown by its target's display field, as on every screen. Walking on beyond it is reading the target, so
//! that asks whether the caller may. Each name is looked up in the dictionary once per request, and so is each target in the
//! database, if the answer shows anything of it.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use fieldline_documents::Projection;
use fieldline_documents::journal::{Entry, Note};
use fieldline_model::UserZone;
use fieldline_model::dictionary::{Field, Kind};
use fieldline_model::{Dictionary, Record, SysId, Table, TableName, Timestamp, Value};
use fieldline_service::Call;
use fieldline_service::table::{PASSWORD, Result};
use fieldline_storage::Sight;

use super::parameters::Show;
use super::shape::Cell;

/// The journals, which every document has beside its fields.
pub const JOURNALS: [(&str, &str); 2] = [("comments", "Additional comments"), ("work_notes", "Work notes")];

/// Reads cells within one call.
pub struct Reader<'c, 's, 'd> {
    call: &'c mut Call<'s>,
    dictionary: &'d Dictionary,
    names: Names<'d>,
    show: Show,
    columns: BTreeMap<TableName, Rc<Columns<'d>>>,
    targets: BTreeMap<SysId, Arc<Record>>,
    zone: Option<UserZone>,
    sight: OnceCell<Sight>,
}

/// What is asked for, in the order of the answer; names that lead nowhere are left out.
pub type Names<'d> = Vec<Cow<'d, str>>;

/// What the records of one class are asked for.
#[derive(Default)]
struct Columns<'d> {
    all: Vec<Column<'d>>,
    /// Where the fields of the class are among them, in the order of their names.
    own: Vec<(&'d str, usize)>,
}

/// A name asked for, and the way to what it names.
struct Column<'d> {
    name: Cow<'d, str>,
    way: Way<'d>,
}

/// The way to a value.
enum Way<'d> {
    Journal,
    Own(&'d Field),
    Walk(Vec<&'d Field>),
}

impl<'c, 's, 'd> Reader<'c, 's, 'd> {
    /// Begins with nothing looked up.
    pub fn new(call: &'c mut Call<'s>, dictionary: &'d Dictionary, names: Names<'d>, show: Show) -> Self {
        let (columns, targets) = (BTreeMap::new(), BTreeMap::new());
        Self { call, dictionary, names, show, columns, targets, zone: None, sight: OnceCell::new() }
    }

    /// Hands the cells of a record to `take` with their names, in the order asked for.
    ///
    /// # Errors
    /// When the database fails.
    pub fn cells(
        &mut self,
        record: &Record,
        journals: Option<&Projection>,
        mut take: impl FnMut(&str, Cell<'_>),
    ) -> Result<()> {
        let columns = self.columns(&record.id.table);
        for (Column { name, way }, value) in columns.all.iter().zip(columns.values(record)) {
            match way {
                Way::Own(field) => take(name, self.known(record, field, value)?),
                Way::Journal => take(name, self.journal(name, journals)?),
                Way::Walk(fields) => match self.walked(record, &fields[..fields.len() - 1])? {
                    Some(target) => {
                        let field = fields[fields.len() - 1];
                        take(name, self.known(&target, field, target.get(field.name.as_str()))?);
                    }
                    None => take(name, Cell::default()),
                },
            }
        }
        Ok(())
    }

    /// The cells of a record with their names, in the order asked for.
    ///
    /// # Errors
    /// When the database fails.
    pub fn row(&mut self, record: &Record, journals: Option<&Projection>) -> Result<Vec<(String, Cell<'static>)>> {
        let mut row = Vec::new();
        self.cells(record, journals, |name, cell| row.push((name.to_owned(), cell.into_owned())))?;
        Ok(row)
    }

    /// The cells of a record under the names asked for, in their order, empty where a name leads nowhere.
    ///
    /// # Errors
    /// When the database fails.
    pub fn named(&mut self, record: &Record) -> Result<Vec<Cell<'static>>> {
        let row = self.row(record, None)?;
        let cell = |name: &str| row.iter().find(|(known, _)| known == name).map(|(_, cell)| cell.clone());
        Ok(self.names.iter().map(|name| cell(name).unwrap_or_default()).collect())
    }

    fn columns(&mut self, class: &TableName) -> Rc<Columns<'d>> {
        if let Some(known) = self.columns.get(class) {
            return known.clone();
        }
        let columns = Rc::new(self.dictionary.table(class.as_str()).map(|class| self.ways(class)).unwrap_or_default());
        self.columns.insert(class.clone(), columns.clone());
        columns
    }

    fn ways(&self, class: &'d Table) -> Columns<'d> {
        let mut all = Vec::with_capacity(self.names.len());
        let mut column_of = vec![None; class.fields.len()];
        for (at, name) in self.names.iter().enumerate() {
            // Who asks for everything asks in the order of the table.
            let is_at = class.fields.get(at).is_some_and(|field| field.name == **name);
            let place = if is_at { Some(at) } else { class.place(name) };
            let own = place.map(|place| &class.fields[place]).filter(|field| self.call.caller.may_ask_of(field));
            let way = if place.is_some() { own.map(Way::Own) } else { self.way(class, name) };
            let Some(way) = way else { continue };
            if place.is_some_and(|place| column_of[place].is_some()) {
                continue; // Asked for twice.
            }
            place.into_iter().for_each(|place| column_of[place] = Some(all.len()));
            all.push(Column { name: name.clone(), way });
        }
        let own = class.by_name().filter_map(|(place, field)| Some((field.name.as_str(), column_of[place]?))).collect();
        Columns { all, own }
    }

    /// The way to what is no field of the table itself.
    fn way(&self, class: &'d Table, name: &str) -> Option<Way<'d>> {
        if class.kind == Kind::Document && JOURNALS.iter().any(|(journal, _)| *journal == name) {
            return Some(Way::Journal);
        }
        let path: Vec<&str> = name.split('.').collect();
        let fields = self.dictionary.walk(class.name.as_str(), &path)?;
        fields.iter().all(|field| self.call.caller.may_ask_of(field)).then_some(Way::Walk(fields))
    }

    /// The record a dot-walk ends in, `None` when there is none for this caller.
    fn walked(&mut self, record: &Record, through: &[&Field]) -> Result<Option<Arc<Record>>> {
        let mut at: Option<Arc<Record>> = None;
        for field in through {
            let from = at.as_deref().unwrap_or(record);
            let target = if self.knows(from, field)? { from.reference(field.name.as_str()) } else { None };
            let (Some(table), Some(target)) = (&field.reference, target) else { return Ok(None) };
            match self.target(table, target)? {
                Some(found) if self.sight()?.sees(&found, &&*self.call.tx)? => at = Some(found),
                _ => return Ok(None),
            }
        }
        Ok(at)
    }

    /// What the caller may know of it.
    fn known<'a>(&mut self, record: &Record, field: &'a Field, value: Option<&'a Value>) -> Result<Cell<'a>> {
        if self.knows(record, field)? { self.shown(record, field, value) } else { Ok(Cell::default()) }
    }

    fn knows(&self, record: &Record, field: &Field) -> Result<bool> {
        Ok(self.call.caller.may(&field.read) || self.sight()?.knows(record, &field.name))
    }

    /// What the caller sees, worked out once if anything depends on it.
    fn sight(&self) -> Result<&Sight> {
        if let Some(sight) = self.sight.get() {
            return Ok(sight);
        }
        let sight = self.call.sight()?;
        Ok(self.sight.get_or_init(|| sight))
    }

    fn shown<'a>(&mut self, record: &Record, field: &'a Field, value: Option<&'a Value>) -> Result<Cell<'a>> {
        let Some(value) = value else { return Ok(self.unstored(record, field)) };
        if let (Value::Reference(id), Some(people)) = (value, field.reference.as_ref().filter(|_| field.is_user_name()))
        {
            let name = self.target(people, *id)?.map_or_else(String::new, |user| user.text("user_name").to_owned());
            return Ok(Cell { value: name.clone().into(), display_value: name.into(), target: None });
        }
        let target = field.reference.as_ref().filter(|_| matches!(value, Value::Reference(_))).map(Cow::Borrowed);
        let display_value = match self.show {
            Show::Values => Cow::default(),
            Show::DisplayValues | Show::All => self.displayed(field, value)?.into(),
        };
        Ok(Cell { value: text(value), display_value, target })
    }

    /// A value as people read it.
    fn displayed(&mut self, field: &Field, value: &Value) -> Result<String> {
        match (value, &field.reference) {
            (Value::Time(moment), _) => Ok(self.shown_time(*moment)),
            (Value::Reference(id), Some(table)) => self.display(table, *id),
            (Value::List(ids), Some(table)) => {
                let names = ids.iter().map(|id| self.display(table, *id)).collect::<Result<Vec<_>>>()?;
                Ok(names.join(", "))
            }
            _ => Ok(field.display(value)),
        }
    }

    /// A moment as the caller's clocks show it.
    fn shown_time(&mut self, moment: Timestamp) -> String {
        let call = &*self.call;
        self.zone.get_or_insert_with(|| call.callers_zone()).shown(moment)
    }

    /// What has no value: the two fields that are the record's identity, the password, which nobody is shown, and what is empty.
    fn unstored(&self, record: &Record, field: &Field) -> Cell<'static> {
        let plain = |value: String, display_value: String| Cell {
            value: value.into(),
            display_value: display_value.into(),
            target: None,
        };
        match field.name.as_str() {
            "sys_id" => plain(record.id.sys_id.to_string(), record.id.sys_id.to_string()),
            "sys_class_name" => {
                let class = self.dictionary.table(record.id.table.as_str());
                plain(record.id.table.to_string(), class.map_or_else(String::new, |class| class.label.clone()))
            }
            PASSWORD => Cell { display_value: "********".into(), ..Cell::default() },
            _ => Cell::default(),
        }
    }

    /// What people read for a record, `""` when it is gone.
    fn display(&mut self, table: &TableName, id: SysId) -> Result<String> {
        let Some(record) = self.target(table, id)? else { return Ok(String::new()) };
        let class = self.dictionary.table(record.id.table.as_str());
        let Some(field) = class.and_then(|class| class.field(class.display.as_str())) else { return Ok(String::new()) };
        Ok(record.get(field.name.as_str()).map_or_else(String::new, |value| field.display(value)))
    }

    fn target(&mut self, table: &TableName, id: SysId) -> Result<Option<Arc<Record>>> {
        let is_one = |record: &Record| {
            record.id.table == *table || self.dictionary.family(table.as_str()).contains(&record.id.table)
        };
        if let Some(known) = self.targets.get(&id).filter(|known| is_one(known)) {
            return Ok(Some(known.clone()));
        }
        let found = self.call.looked_up(table.as_str(), id)?;
        self.targets.extend(found.iter().map(|found| (id, found.clone())));
        Ok(found)
    }

    /// A journal has no value of its own; people read its entries, newest first.
    fn journal(&mut self, name: &str, projection: Option<&Projection>) -> Result<Cell<'static>> {
        let Some(projection) = projection.filter(|_| self.show != Show::Values) else { return Ok(Cell::default()) };
        let (entries, label) = match name {
            "comments" => (&projection.comments, JOURNALS[0].1),
            _ => (&projection.work_notes, JOURNALS[1].1),
        };
        let people = TableName::from("sys_user");
        let mut text = String::new();
        for Entry { by, at, what: Note { text: note }, .. } in entries.iter().rev() {
            let author = self.display(&people, *by)?;
            let at = self.shown_time(*at);
            text += &format!("{at} - {author} ({label})\n{note}\n\n");
        }
        Ok(Cell { display_value: text.into(), ..Cell::default() })
    }
}

impl Columns<'_> {
    /// The values of the record's own fields, by column.
    fn values<'r>(&self, record: &'r Record) -> Vec<Option<&'r Value>> {
        let mut values = vec![None; self.all.len()];
        let mut fields = record.fields.iter().peekable();
        for (name, at) in &self.own {
            while fields.next_if(|(field, _)| field.as_str() < *name).is_some() {}
            values[*at] = fields.peek().filter(|(field, _)| field == name).map(|(_, value)| *value);
        }
        values
    }
}

fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Text(text) => text.into(),
        other => other.to_string().into(),
    }
}

/// Every column of a table: its fields, and the journals of a document.
pub fn field_names(table: &Table) -> Names<'_> {
    let journals = JOURNALS.iter().filter(|_| table.kind == Kind::Document).map(|(name, _)| Cow::Borrowed(*name));
    table.fields.iter().map(|field| Cow::Borrowed(field.name.as_str())).chain(journals).collect()
}
