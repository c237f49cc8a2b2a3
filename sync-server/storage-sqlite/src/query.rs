//! Compiles a [`Selection`] to SQL with the meaning of its evaluation in memory.
//!
//! Values are always bound. The only words of a query that reach the SQL are field names, and only `[a-z0-9_]+`. Each field is
//! compared as what it holds: texts (both in lower case), numbers, moments in milliseconds, yes and no as 1 and 0. A dot-walk is
//! a sub-select on the sys_id, in the tables its reference may lead to, and only through records in sight. Whatever a check says of
//! an empty field is NULL, which counts as "no" and stays "no" when it is negated.

use fieldline_model::TableName;
use std::collections::BTreeMap;

use fieldline_model::condition::{Check, DatePart, Filter, Operand, Path, Related, Sort};
use fieldline_storage::{Function, Glimpse, Result, Selection, Sight, StorageError};
use rusqlite::types::Value;

use crate::audit;
use crate::columns::COLUMNS;
use crate::search;

/// Values bound by one query; SQLite's own limit is 32,766.
const VALUES_MAX: usize = 30_000;

/// The record asked for; those on the way are `r1`, `r2` …
const ROOT: &str = "r";

/// SQL in the making, over `record AS r`.
pub(crate) struct Compiler<'s> {
    sight: &'s Sight,
    aliases: usize,
    /// The names that stand for a row of a view.
    views: BTreeMap<String, &'static str>,
    /// The tables, of those a name stands for a row of, with fields that are known of some rows only.
    guarded: BTreeMap<String, Vec<&'s TableName>>,
    pub(crate) values: Vec<Value>,
}

impl<'s> Compiler<'s> {
    /// Begins without a value.
    pub(crate) fn new(sight: &'s Sight) -> Self {
        Self { sight, aliases: 0, views: BTreeMap::new(), guarded: BTreeMap::new(), values: Vec::new() }
    }

    /// Where the rows are, and which are selected.
    pub(crate) fn condition(&mut self, selection: &Selection<'_>) -> Result<String> {
        self.stands_for(ROOT, selection.tables);
        let seen = self.seen(ROOT, selection.tables)?;
        let matching = self.filter(ROOT, selection.filter)?;
        if self.values.len() > VALUES_MAX {
            let problem = format!("the query compares with more than {VALUES_MAX} values; split it");
            return Err(StorageError::Query(problem));
        }
        Ok(format!("{} WHERE {seen} AND {matching}", self.from(ROOT)))
    }

    /// The order, ending in the identity so that pages never overlap.
    pub(crate) fn order(&mut self, keys: &[Sort]) -> Result<String> {
        let mut order = String::new();
        for key in keys {
            order += &self.value(ROOT, &key.path)?;
            order += if key.descending { " DESC, " } else { ", " };
        }
        Ok(order + "r.sys_id, r.table_name")
    }

    /// What is asked of a field of a group.
    pub(crate) fn figure(&mut self, function: Function, path: &Path) -> Result<String> {
        let name = match function {
            Function::Count => "count",
            Function::Sum => "sum",
            Function::Average => "avg",
            Function::Minimum => "min",
            Function::Maximum => "max",
        };
        Ok(format!("{name}({})", self.value(ROOT, path)?))
    }

    /// The value at the end of a path of the record asked for.
    pub(crate) fn key(&mut self, path: &Path) -> Result<String> {
        self.value(ROOT, path)
    }

    /// Binds a value and returns its mark.
    pub(crate) fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("?{}", self.values.len())
    }

    /// A name for a row of one of these tables.
    fn alias(&mut self, tables: &[TableName]) -> String {
        self.aliases += 1;
        let alias = format!("r{}", self.aliases);
        self.stands_for(&alias, tables);
        alias
    }

    fn stands_for(&mut self, alias: &str, tables: &[TableName]) {
        if let Some(view) = audit::view(tables) {
            self.views.insert(alias.to_owned(), view);
        }
        let guarded = self.sight.known.keys().filter(|table| tables.contains(table));
        self.guarded.insert(alias.to_owned(), guarded.collect());
    }

    /// Where the row a name stands for is.
    fn from(&self, alias: &str) -> String {
        format!("{} AS {alias}", self.views.get(alias).unwrap_or(&"record"))
    }

    /// What identifies a row of those asked for.
    pub(crate) fn row(&self) -> &'static str {
        if self.views.contains_key(ROOT) { "r.id" } else { "r.rowid" }
    }

    /// Binds names and returns their marks.
    pub(crate) fn names<'n>(&mut self, names: impl Iterator<Item = &'n str>) -> String {
        names.map(|name| self.bind(name.to_owned())).collect::<Vec<_>>().join(", ")
    }

    /// Whether a row is of one of these tables and in sight.
    fn seen(&mut self, alias: &str, tables: &[TableName]) -> Result<String> {
        let sight = self.sight;
        let (whole, partly): (Vec<&TableName>, Vec<&TableName>) =
            tables.iter().partition(|table| sight.sees_all(table));
        let mut ways =
            vec![format!("{alias}.table_name IN ({})", self.names(whole.into_iter().map(TableName::as_str)))];
        if !partly.is_empty() && !sight.keys.is_empty() {
            let names = self.names(partly.iter().map(|table| table.as_str()));
            ways.push(format!("({alias}.table_name IN ({names}) AND {})", self.member(alias)));
        }
        for table in partly {
            let glimpses = sight.glimpses.get(table).map_or(&[][..], Vec::as_slice);
            ways.extend(self.glimpsed(alias, table, glimpses)?);
        }
        Ok(joined(&ways, "OR", "FALSE"))
    }

    /// Whether a row belongs to a key in sight.
    fn member(&mut self, alias: &str) -> String {
        let keys = self.names(self.sight.keys.iter().map(|key| key.0.as_str()));
        format!(
            "{alias}.sys_id IN (SELECT m.sys_id FROM membership AS m \
             WHERE m.scope_key IN ({keys}) AND m.table_name = {alias}.table_name AND m.until_position IS NULL)"
        )
    }

    /// Each way a row of a table is glimpsed.
    fn glimpsed(&mut self, alias: &str, table: &TableName, glimpses: &[Glimpse]) -> Result<Vec<String>> {
        let mut ways = Vec::with_capacity(glimpses.len());
        for glimpse in glimpses {
            let holds = match glimpse {
                Glimpse::Where(filter) => self.filter(alias, filter)?,
                Glimpse::Of { table, sys_id } => {
                    let (table, sys_id) = (self.column(alias, table.as_str())?, self.column(alias, sys_id.as_str())?);
                    self.names_one_in_sight(&table, &sys_id)?
                }
            };
            ways.push(format!("({alias}.table_name = {} AND {holds})", self.bind(table.as_str().to_owned())));
        }
        Ok(ways)
    }

    /// Whether a table and an identity name a row that is seen whatever it names itself.
    fn names_one_in_sight(&mut self, table: &str, sys_id: &str) -> Result<String> {
        let (sight, named) = (self.sight, self.alias(&[]));
        let whole = sight.whole.iter().flatten().map(TableName::as_str);
        let mut ways = vec![format!("{named}.table_name IN ({})", self.names(whole)), self.member(&named)];
        for (table, glimpses) in &sight.glimpses {
            let filters = glimpses.iter().filter(|glimpse| matches!(glimpse, Glimpse::Where(_)));
            let filters: Vec<Glimpse> = filters.cloned().collect();
            ways.extend(self.glimpsed(&named, table, &filters)?);
        }
        Ok(format!(
            "EXISTS (SELECT 1 FROM record AS {named} WHERE {named}.table_name = {table} AND {named}.sys_id = {sys_id} \
             AND {})",
            joined(&ways, "OR", "FALSE")
        ))
    }

    /// The SQL expression of a field, as far as it may be known.
    fn column(&mut self, alias: &str, name: &str) -> Result<String> {
        let mut column = self.stored(alias, name)?;
        let (sight, guarded) = (self.sight, self.guarded.get(alias).cloned().unwrap_or_default());
        for table in guarded {
            if let Some(known) = sight.known[table].get(name) {
                let (other, known) = (self.bind(table.as_str().to_owned()), self.filter(alias, known)?);
                column = format!("CASE WHEN {alias}.table_name <> {other} OR {known} THEN {column} END");
            }
        }
        Ok(column)
    }

    fn stored(&self, alias: &str, name: &str) -> Result<String> {
        let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
        match name {
            "sys_id" => Ok(format!("{alias}.sys_id")),
            "sys_class_name" => Ok(format!("{alias}.table_name")),
            name if name.is_empty() || !name.bytes().all(plain) => {
                Err(StorageError::Query(format!("\"{name}\" is not a field name")))
            }
            name if self.views.contains_key(alias) => Ok(audit::column(alias, name)),
            name if COLUMNS.contains(&name) => Ok(format!("{alias}.{name}")),
            name => Ok(format!("{alias}.fields ->> '$.{name}'")),
        }
    }

    fn filter(&mut self, alias: &str, filter: &Filter) -> Result<String> {
        Ok(match filter {
            Filter::All(parts) => joined(&self.each(alias, parts)?, "AND", "TRUE"),
            Filter::Any(parts) => joined(&self.each(alias, parts)?, "OR", "FALSE"),
            Filter::Not(part) => format!("NOT coalesce({}, FALSE)", self.filter(alias, part)?),
            Filter::Test(path, check @ (Check::SameAs(_) | Check::CompareField(..))) => {
                self.compare_fields(alias, path, check)?
            }
            Filter::Test(path, check) => self.test(alias, path, check)?,
            Filter::Related(related) => self.related(alias, related)?,
            Filter::Words(words) => self.words(alias, words),
        })
    }

    fn each(&mut self, alias: &str, parts: &[Filter]) -> Result<Vec<String>> {
        parts.iter().map(|part| self.filter(alias, part)).collect()
    }

    /// A check of the field at the end of a path: which records it holds for is found from there, so an index there serves.
    fn test(&mut self, alias: &str, path: &Path, check: &Check) -> Result<String> {
        let Some((step, rest)) = path.steps.split_first() else {
            let field = self.column(alias, path.field.as_str())?;
            return Ok(self.check(&field, check));
        };
        let rest = Path { steps: rest.to_vec(), field: path.field.clone() };
        let (from, target) = (self.column(alias, step.field.as_str())?, self.alias(&step.tables));
        let seen = self.seen(&target, &step.tables)?;
        let passes = self.test(&target, &rest, check)?;
        let source = self.from(&target);
        Ok(format!("{from} IN (SELECT {target}.sys_id FROM {source} WHERE {seen} AND {passes})"))
    }

    /// The value at the end of a path.
    fn value(&mut self, alias: &str, path: &Path) -> Result<String> {
        let Some((step, rest)) = path.steps.split_first() else { return self.column(alias, path.field.as_str()) };
        let rest = Path { steps: rest.to_vec(), field: path.field.clone() };
        let (from, target) = (self.column(alias, step.field.as_str())?, self.alias(&step.tables));
        let seen = self.seen(&target, &step.tables)?;
        let value = self.value(&target, &rest)?;
        let source = self.from(&target);
        Ok(format!("(SELECT {value} FROM {source} WHERE {target}.sys_id = {from} AND {seen})"))
    }

    fn compare_fields(&mut self, alias: &str, path: &Path, check: &Check) -> Result<String> {
        let field = self.value(alias, path)?;
        Ok(match check {
            Check::CompareField(comparison, other, more) => {
                let other = self.value(alias, other)?;
                let more = if *more == 0 { String::new() } else { format!(" + {}", self.bind(*more)) };
                format!("{field} {} {other}{more}", comparison.symbol())
            }
            Check::SameAs(other) => format!("{field} IS {}", self.value(alias, other)?),
            _ => unreachable!("only these compare with another field"),
        })
    }

    /// What is asked of a value.
    pub(crate) fn check(&mut self, field: &str, check: &Check) -> String {
        match check {
            Check::Filled => format!("{field} IS NOT NULL"),
            Check::Is(wanted) => {
                let wanted: Vec<String> = wanted.iter().map(|operand| self.operand(operand)).collect();
                match &wanted[..] {
                    [one] => format!("{field} = {one}"),
                    many => format!("{field} IN ({})", many.join(", ")),
                }
            }
            Check::Compare(comparison, other) => format!("{field} {} {}", comparison.symbol(), self.operand(other)),
            Check::Contains(part) => format!("instr({field}, {}) > 0", self.bind(part.clone())),
            Check::StartsWith(part) => {
                let from = format!("{field} >= {}", self.bind(part.clone()));
                after_all_that_begin_with(part)
                    .map_or(from.clone(), |end| format!("({from} AND {field} < {})", self.bind(end)))
            }
            Check::EndsWith(part) => {
                let part = self.bind(part.clone());
                let tail = format!("substr({field}, length({field}) - length({part}) + 1)");
                format!("(length({field}) >= length({part}) AND {tail} = {part})")
            }
            Check::Part(part, comparison, wanted, ahead_seconds) => {
                let shown = shown(*part, field, *ahead_seconds);
                format!("{shown} {} {}", comparison.symbol(), self.bind(*wanted))
            }
            Check::SameAs(_) | Check::CompareField(..) => unreachable!("compiled with the record they are read from"),
        }
    }

    /// A number is bound whole where it is, else read by SQLite from its digits, as the stored ones are.
    fn operand(&mut self, operand: &Operand) -> String {
        match operand {
            Operand::Text(text) => self.bind(text.clone()),
            Operand::Number(number) if number.millionths % 1_000_000 == 0 => self.bind(number.millionths / 1_000_000),
            Operand::Number(number) => format!("CAST({} AS REAL)", self.bind(number.to_string())),
            Operand::Moment(moment) => self.bind(moment.0),
            Operand::Boolean(yes) => self.bind(i64::from(*yes)),
        }
    }

    fn words(&mut self, alias: &str, words: &str) -> String {
        let Some(wanted) = search::expression(words) else { return "FALSE".into() };
        let wanted = self.bind(wanted);
        format!(
            "{alias}.sys_id IN (SELECT e.sys_id FROM search JOIN search_entry AS e ON e.id = search.rowid \
             WHERE search MATCH {wanted} AND e.table_name = {alias}.table_name)"
        )
    }

    /// Found from the others: by those that carry so many, or by those that do not, whichever leaves out who has none.
    fn related(&mut self, alias: &str, related: &Related) -> Result<String> {
        let (here, other) = (self.column(alias, related.here.as_str())?, self.alias(&related.tables));
        let carried = self.column(&other, related.field.as_str())?;
        let seen = self.seen(&other, &related.tables)?;
        let counts = self.filter(&other, &related.filter)?;
        let (comparison, wanted) = related.count;
        let passes = format!("count(*) {} {}", comparison.symbol(), self.bind(i64::from(wanted)));
        let none_passes = comparison.holds(0.cmp(&wanted));
        let having = if none_passes { format!("NOT ({passes})") } else { passes };
        let source = self.from(&other);
        let carriers = format!(
            "{here} IN (SELECT {carried} FROM {source} WHERE {seen} AND {counts} AND {carried} IS NOT NULL \
             GROUP BY {carried} HAVING {having})"
        );
        Ok(if none_passes { format!("NOT coalesce({carriers}, FALSE)") } else { carriers })
    }
}

/// The first text after all that begin with this one; `None` when there is none. As a range, a beginning is found in an index.
fn after_all_that_begin_with(part: &str) -> Option<String> {
    let mut letters: Vec<char> = part.chars().collect();
    while let Some(last) = letters.pop() {
        if let Some(next) = (last..=char::MAX).nth(1) {
            letters.push(next);
            return Some(letters.into_iter().collect());
        }
    }
    None
}

/// What a clock so many seconds ahead shows at a moment in milliseconds.
fn shown(part: DatePart, field: &str, ahead_seconds: i32) -> String {
    let seconds = format!("({field} - ({field} % 1000 + 1000) % 1000) / 1000 + ({ahead_seconds})");
    let read = |format: &str| format!("CAST(strftime('{format}', {seconds}, 'unixepoch') AS INTEGER)");
    match part {
        DatePart::Year => read("%Y"),
        DatePart::Quarter => format!("(({} + 2) / 3)", read("%m")),
        DatePart::Month => read("%m"),
        DatePart::DayOfWeek => read("%w"),
        DatePart::Hour => read("%H"),
    }
}

/// Joins in halves: SQLite refuses expressions deeper than 1,000, and a chain is as deep as it is long.
fn joined(parts: &[String], operator: &str, none: &str) -> String {
    match parts {
        [] => none.to_owned(),
        [only] => format!("({only})"),
        _ => {
            let (left, right) = parts.split_at(parts.len() / 2);
            format!("({} {operator} {})", joined(left, operator, none), joined(right, operator, none))
        }
    }
}

#[cfg(test)]
mod tests {
    use fieldline_storage::EVERYTHING;
    use rusqlite::{Connection, params_from_iter};

    use super::*;

    fn migrated() -> Connection {
        let mut connection = Connection::open_in_memory().expect("memory is there");
        crate::migrate::migrate(&mut connection, &"test").expect("an empty database can be migrated");
        connection
    }

    /// How SQLite goes about a query, step by step.
    fn plan(connection: &Connection, what: &str, filter: &Filter, order: &[Sort], end: &str) -> Vec<String> {
        let tables = ["incident".into()];
        let selection = Selection { tables: &tables, filter, order, sight: &EVERYTHING };
        let mut compiler = Compiler::new(&EVERYTHING);
        let condition = compiler.condition(&selection).expect("a plain filter");
        let order = if order.is_empty() { String::new() } else { compiler.order(order).expect("plain keys") };
        let order = if order.is_empty() { order } else { format!("ORDER BY {order}") };
        let sql = format!("EXPLAIN QUERY PLAN SELECT {what} FROM {condition} {order} {end}");
        let mut statement = connection.prepare(&sql).expect("the SQL is well formed");
        let rows = statement.query_map(params_from_iter(compiler.values), |row| row.get(3)).expect("it is bound");
        rows.collect::<Result<_, _>>().expect("steps are text")
    }

    /// What is read newest first without sorting; of the others either few match, or most do.
    const NEWEST_FIRST: [&str; 2] = ["state", "assignment_group"];
    const FILTERED: [&str; 6] = ["state", "active", "priority", "assigned_to", "assignment_group", "caller_id"];

    #[test]
    fn a_page_by_any_indexed_field_is_read_off_an_index_in_its_order_and_counted_from_one() {
        let connection = migrated();
        let newest = Sort { path: Path::of("sys_updated_on"), descending: true };
        let by_number = Sort { path: Path::of("number"), descending: false };
        for field in FILTERED {
            let filter = Filter::equals(field, "x");
            for order in [&newest, &by_number] {
                if order.descending && !NEWEST_FIRST.contains(&field) {
                    continue;
                }
                let steps = plan(&connection, "r.rowid", &filter, std::slice::from_ref(order), "LIMIT 50");
                assert!(
                    matches!(&steps[..], [step] if step.contains("COVERING INDEX")),
                    "{field}, {order:?}: {steps:?}"
                );
            }
            let steps = plan(&connection, "count(*)", &filter, &[], "");
            assert!(matches!(&steps[..], [step] if step.contains("COVERING INDEX")), "{field}: {steps:?}");
        }
        for order in [newest, by_number] {
            let steps = plan(&connection, "r.rowid", &Filter::everything(), &[order], "LIMIT 50 OFFSET 1000");
            assert!(matches!(&steps[..], [step] if step.contains("COVERING INDEX")), "{steps:?}");
        }
    }

    #[test]
    fn of_two_fields_the_one_that_leaves_out_more_is_looked_up() {
        let steps = plan(
            &migrated(),
            "r.rowid",
            &Filter::equals("active", true).and(Filter::equals("assigned_to", "x")),
            &[Sort { path: Path::of("sys_updated_on"), descending: true }],
            "LIMIT 50",
        );
        assert!(steps[0].contains("record_by_assigned_to"), "{steps:?}");
    }

    #[test]
    fn a_name_that_begins_so_is_found_in_the_index_of_names() {
        let step = fieldline_model::condition::Step { field: "caller_id".into(), tables: vec!["sys_user".into()] };
        let path = Path { steps: vec![step], field: "name".into() };
        let filter = Filter::Test(path, Check::StartsWith("ab".into()));
        let steps = plan(&migrated(), "r.rowid", &filter, &[], "").join("; ");
        assert!(steps.contains("record_by_caller"), "{steps}");
        assert!(steps.contains("record_by_name (table_name=? AND name>? AND name<?)"), "{steps}");
    }
}
