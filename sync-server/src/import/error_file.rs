//! `FILE.errors.csv`: every row that was not loaded, with the line, the column at fault, the reason, and the row as it came.
//!
//! Made with the first malformed row. It is a CSV file of the same shape with three columns in front, so a row can be mended
//! there and the file imported; the three columns are passed over when they come back.

use std::fs::File;
use std::path::{Path, PathBuf};

use csv::{Writer, WriterBuilder};

use super::source::{Row, RowError};
use crate::failed::{Failed, io};

/// The columns in front.
const OWN: [&str; 3] = ["line", "column", "reason"];

/// How many of a header's columns were put in front by an error file.
pub fn own_columns(header: &[String]) -> usize {
    if header.iter().map(String::as_str).take(OWN.len()).eq(OWN) { OWN.len() } else { 0 }
}

/// Where malformed rows go.
pub struct ErrorFile {
    path: PathBuf,
    header: Vec<String>,
    writer: Option<Writer<File>>,
    count: u64,
}

impl ErrorFile {
    /// The error file of an import of `path`, whose header this is.
    pub fn beside(path: &Path, header: &[String]) -> Self {
        let mut name = path.as_os_str().to_owned();
        name.push(".errors.csv");
        Self { path: name.into(), header: header.to_vec(), writer: None, count: 0 }
    }

    /// Adds a row. One with too many or too few cells keeps what it has.
    pub fn add(&mut self, row: &Row, problem: &RowError) -> Result<(), Failed> {
        self.count += 1;
        let line = row.line.to_string();
        let told = [line.as_str(), &problem.column, &problem.reason];
        let cells: Vec<&str> = told.into_iter().chain(row.cells.iter().skip(own_columns(&self.header))).collect();
        self.write(&cells)
    }

    fn write(&mut self, cells: &[&str]) -> Result<(), Failed> {
        let path = self.path.clone();
        let failed = |problem: csv::Error| io("writing", &path)(problem.into());
        if self.writer.is_none() {
            let file = File::create(&self.path).map_err(io("creating", &self.path))?;
            let mut writer = WriterBuilder::new().flexible(true).from_writer(file);
            let columns = self.header.iter().map(String::as_str).skip(own_columns(&self.header));
            writer.write_record(OWN.into_iter().chain(columns)).map_err(failed)?;
            self.writer = Some(writer);
        }
        self.writer.as_mut().expect("made above").write_record(cells).map_err(failed)
    }

    /// How many rows were malformed, and the file when there were any.
    pub fn finish(self) -> Result<(u64, Option<PathBuf>), Failed> {
        let Some(mut writer) = self.writer else { return Ok((0, None)) };
        writer.flush().map_err(io("writing", &self.path))?;
        Ok((self.count, Some(self.path)))
    }
}
