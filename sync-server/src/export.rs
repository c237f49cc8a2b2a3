//! `export`: records as one JSON object a line, in the Table API's text form, from one consistent state.
//!
//! Leaves out what is not a record: journals, captured files, accounts. `backup` holds everything.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use fieldline_model::condition::Filter;
use fieldline_model::{Record, TableName};
use fieldline_service::Server;
use fieldline_storage::Selection;
use serde_json::{Map, Value};

use crate::data::Data;
use crate::failed::{Failed, io};

/// Records read at a time.
const PAGE: u32 = 1_000;

/// What `export` is told.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    data: Data,
    /// Only this table (and those that extend it).
    #[arg(long)]
    table: Option<String>,
    /// The file to write, `-` for standard output.
    file: PathBuf,
}

/// Writes the records.
pub fn run(args: &Args) -> Result<(), Failed> {
    let opened = args.data.open()?;
    let tables = tables(&opened.server, args.table.as_deref())?;
    let written = if args.file == Path::new("-") {
        write_records(&opened.server, &tables, &mut BufWriter::new(std::io::stdout().lock()), &args.file)?
    } else {
        let file = File::create(&args.file).map_err(io("creating", &args.file))?;
        write_records(&opened.server, &tables, &mut BufWriter::new(file), &args.file)?
    };
    eprintln!("{written} records");
    Ok(())
}

fn tables(server: &Server, only: Option<&str>) -> Result<Vec<TableName>, Failed> {
    let Some(only) = only else {
        return Ok(server.dictionary().tables().map(|table| table.name.clone()).collect());
    };
    match server.dictionary().family(only) {
        [] => Err(Failed::Usage(format!("{only} is no table; leave --table out to export every table"))),
        family => Ok(family.to_vec()),
    }
}

fn write_records(server: &Server, tables: &[TableName], out: &mut dyn Write, path: &Path) -> Result<u64, Failed> {
    let tx = server.storage().read()?;
    let all = Filter::everything();
    let mut written = 0;
    for table in tables {
        let mut offset = 0;
        loop {
            let page = tx.select(&Selection::of(std::slice::from_ref(table), &all), PAGE, offset)?;
            for record in &page {
                writeln!(out, "{}", line(record)).map_err(io("writing", path))?;
            }
            written += page.len() as u64;
            offset += PAGE;
            if page.len() < PAGE as usize {
                break;
            }
        }
    }
    out.flush().map_err(io("writing", path))?;
    Ok(written)
}

fn line(record: &Record) -> Value {
    let mut object = Map::new();
    object.insert("sys_class_name".into(), record.id.table.as_str().into());
    object.insert("sys_id".into(), record.id.sys_id.to_string().into());
    object.extend(record.fields.iter().map(|(name, value)| (name.to_string(), value.to_string().into())));
    object.into()
}
