//! CSV in, rows with their line numbers out, and the file that malformed rows go to.
//!
//! Plain or gzip, told apart by the first two bytes. A row that cannot be used costs only itself: it is written to
//! `FILE.errors.csv` with its line, the column at fault and the reason, followed by the row as it came, so that it can be
//! mended there and imported again (`error_file.rs`).

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use csv::{ByteRecord, Reader, ReaderBuilder, StringRecord};

use super::error_file::{ErrorFile, own_columns};
use crate::failed::{Failed, io};

const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Why a row was not loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowError {
    /// The column at fault.
    pub column: String,
    /// What is wrong and what would be right.
    pub reason: String,
}

impl RowError {
    /// A problem with a column.
    pub fn new(column: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { column: column.into(), reason: reason.into() }
    }
}

/// One row of a file.
pub struct Row {
    /// The line it begins on, counted from 1.
    pub line: u64,
    /// Its cells in the header's order.
    pub cells: StringRecord,
}

/// A CSV file being read.
pub struct Source {
    reader: Reader<Box<dyn Read>>,
    header: Vec<String>,
    errors: ErrorFile,
    path: PathBuf,
}

impl Source {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// When the file cannot be read or its header has an empty or repeated column.
    pub fn open(path: &Path) -> Result<Self, Failed> {
        let file = File::open(path).map_err(io("opening", path))?;
        Self::read(Box::new(file), path)
    }

    /// Reads CSV from anywhere; `path` names it in messages and says where malformed rows go.
    pub fn read(input: Box<dyn Read>, path: &Path) -> Result<Self, Failed> {
        let mut input = BufReader::new(input);
        let is_gzip = input.fill_buf().map_err(io("reading", path))?.starts_with(&GZIP);
        let plain: Box<dyn Read> =
            if is_gzip { Box::new(flate2::bufread::MultiGzDecoder::new(input)) } else { Box::new(input) };
        let mut reader = ReaderBuilder::new().flexible(true).from_reader(plain);
        let header = reader.headers().map_err(|problem| unreadable(path, &problem))?;
        let header: Vec<String> =
            header.iter().map(|name| name.trim_start_matches('\u{feff}').trim().to_owned()).collect();
        check_header(&header, path)?;
        let errors = ErrorFile::beside(path, &header);
        Ok(Self { reader, header, errors, path: path.to_owned() })
    }

    /// The columns' names.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// The columns that carry data: all but those an error file put in front.
    pub fn columns(&self) -> impl Iterator<Item = (usize, &str)> {
        self.header.iter().map(String::as_str).enumerate().skip(own_columns(&self.header))
    }

    /// The next whole row; malformed ones on the way go to the error file. `None` at the end.
    pub fn next(&mut self) -> Result<Option<Row>, Failed> {
        let mut bytes = ByteRecord::new();
        loop {
            let more = self.reader.read_byte_record(&mut bytes).map_err(|problem| unreadable(&self.path, &problem))?;
            if !more {
                return Ok(None);
            }
            let line = bytes.position().map_or(0, csv::Position::line);
            let cells = StringRecord::from_byte_record_lossy(bytes.clone());
            match problem_with(&bytes, &self.header) {
                None => return Ok(Some(Row { line, cells })),
                Some(problem) => self.errors.add(&Row { line, cells }, &problem)?,
            }
        }
    }

    /// Sends a row to the error file.
    pub fn reject(&mut self, row: &Row, problem: &RowError) -> Result<(), Failed> {
        self.errors.add(row, problem)
    }

    /// Ends the reading: how many rows were malformed, and the file they went to when there were any.
    pub fn finish(self) -> Result<(u64, Option<PathBuf>), Failed> {
        self.errors.finish()
    }
}

fn check_header(header: &[String], path: &Path) -> Result<(), Failed> {
    let wrong = header.iter().enumerate().find_map(|(index, name)| {
        let problem = if name.is_empty() { "has no name" } else { "is there twice" };
        (name.is_empty() || header[..index].contains(name))
            .then(|| format!("column {} \"{name}\" {problem}", index + 1))
    });
    match wrong {
        Some(wrong) => {
            Err(Failed::Usage(format!("{}: {wrong}; name every column once in the first line", path.display())))
        }
        None => Ok(()),
    }
}

fn problem_with(bytes: &ByteRecord, header: &[String]) -> Option<RowError> {
    if bytes.len() != header.len() {
        let reason = format!(
            "the row has {} columns and the header {}; quote cells that contain commas",
            bytes.len(),
            header.len()
        );
        return Some(RowError::new("", reason));
    }
    let broken = bytes.iter().position(|cell| std::str::from_utf8(cell).is_err())?;
    Some(RowError::new(header[broken].clone(), "is not UTF-8; save the file as UTF-8"))
}

fn unreadable(path: &Path, problem: &csv::Error) -> Failed {
    Failed::Usage(format!("{} cannot be read: {problem}; is it CSV, plain or gzip?", path.display()))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// The good rows with their lines, how many were malformed, and the error file.
    type Read = (Vec<(u64, Vec<String>)>, u64, String);

    fn rows(bytes: &[u8]) -> Result<Read, Failed> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("file.csv");
        std::fs::write(&path, bytes).expect("written");
        let mut source = Source::open(&path)?;
        let mut rows = Vec::new();
        while let Some(row) = source.next()? {
            rows.push((row.line, row.cells.iter().map(str::to_owned).collect()));
        }
        let (count, errors) = source.finish()?;
        let errors = errors.map_or_else(String::new, |path| std::fs::read_to_string(path).expect("readable"));
        Ok((rows, count, errors))
    }

    #[test]
    fn a_malformed_row_goes_to_the_error_file_and_the_others_load() {
        let (good, count, errors) = rows(b"a,b\n1,2\n3\n\xff,4\n\"5,\n6\",7\n").expect("readable");
        assert_eq!(good, [(2, vec!["1".into(), "2".into()]), (5, vec!["5,\n6".into(), "7".into()])]);
        assert_eq!(count, 2);
        let lines: Vec<&str> = errors.lines().collect();
        assert_eq!(lines[0], "line,column,reason,a,b");
        assert_eq!(lines[1], "3,,the row has 1 columns and the header 2; quote cells that contain commas,3");
        assert!(lines[2].starts_with("4,a,is not UTF-8; save the file as UTF-8,"), "{errors}");
    }

    #[test]
    fn gzip_is_recognised_by_its_content() {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(b"a\n1\n").expect("to memory");
        let (good, _, _) = rows(&packed.finish().expect("to memory")).expect("readable");
        assert_eq!(good, [(2, vec!["1".into()])]);
    }

    #[test]
    fn a_mended_error_file_can_be_imported() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("file.csv.errors.csv");
        std::fs::write(&path, "line,column,reason,name,street\n7,name,must not be empty,Casino,Place du Casino\n")
            .expect("written");
        let source = Source::open(&path).expect("readable");
        assert_eq!(source.columns().collect::<Vec<_>>(), [(3, "name"), (4, "street")]);
    }

    #[test]
    fn a_header_that_cannot_be_meant_is_refused() {
        for (header, problem) in [("a,,b", "column 2 \"\" has no name"), ("a,b,a", "column 3 \"a\" is there twice")] {
            let refused = rows(header.as_bytes()).expect_err("refused").to_string();
            assert!(refused.contains(problem), "{refused}");
        }
    }
}
