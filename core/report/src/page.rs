//! Puts a sheet on pages: marks at places, in points from the upper left corner of A4. Nothing is drawn here.
//!
//! A row of a table, a line of text and a row of pictures stay whole; a heading is never the last thing on a page.

use crate::font::Weight;
use crate::sheet::{Block, Picture, Section, Sheet};
use crate::stamp::Stamp;

pub(crate) const PAGE_WIDTH: f32 = 595.0;
pub(crate) const PAGE_HEIGHT: f32 = 842.0;
const MARGIN: f32 = 48.0;
const WIDTH: f32 = PAGE_WIDTH - 2.0 * MARGIN;
/// Below this is the foot of the page.
const BOTTOM: f32 = PAGE_HEIGHT - 56.0;
const TEXT: f32 = 9.5;
const SMALL: f32 = 7.5;
const LEADING: f32 = 1.35;
/// The share of the width that names of facts and first columns have.
const FIRST_COLUMN: f32 = 0.34;
const GAP: f32 = 8.0;
const PICTURES_IN_A_ROW: usize = 3;
const PICTURE_HEIGHT: f32 = 150.0;
const STAMP_SIDE: f32 = 120.0;

/// Something to draw.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Mark {
    /// A line of text; `y` is its baseline.
    Text { x: f32, y: f32, size: f32, weight: Weight, text: String },
    /// A thin line across.
    Rule { x: f32, y: f32, width: f32 },
    /// The picture of this number.
    Picture { x: f32, y: f32, width: f32, height: f32, number: usize },
    /// A black square or a row of them.
    Bar { x: f32, y: f32, width: f32, height: f32 },
}

/// The pages of a sheet. `sizes` are those of its pictures in pixels, `None` where one cannot be read.
pub(crate) fn pages(sheet: &Sheet, stamp: &Stamp, sizes: &[Option<(u32, u32)>]) -> Vec<Vec<Mark>> {
    let mut flow = Flow { pages: vec![Vec::new()], y: MARGIN };
    flow.text(&sheet.title, 17.0, Weight::Bold);
    flow.text(&sheet.subtitle, 11.0, Weight::Regular);
    let mut sizes = sizes.iter().copied().enumerate();
    for section in sheet.sections.iter().filter(|section| !section.blocks.is_empty()) {
        flow.section(section, &mut sizes);
    }
    flow.stamp(stamp);
    flow.feet(&sheet.title);
    flow.pages
}

struct Flow {
    pages: Vec<Vec<Mark>>,
    /// Where the next thing begins on the last page.
    y: f32,
}

impl Flow {
    fn put(&mut self, mark: Mark) {
        self.pages.last_mut().expect("a flow begins with a page").push(mark);
    }

    /// Goes to the next page unless so much fits on this one.
    fn need(&mut self, height: f32) {
        if self.y + height > BOTTOM && self.y > MARGIN {
            self.pages.push(Vec::new());
            self.y = MARGIN;
        }
    }

    fn line(&mut self, x: f32, y: f32, size: f32, weight: Weight, text: &str) {
        if !text.is_empty() {
            self.put(Mark::Text { x, y: y + size, size, weight, text: text.to_owned() });
        }
    }

    /// Running text over the whole width.
    fn text(&mut self, text: &str, size: f32, weight: Weight) {
        for line in weight.lines(text, size, WIDTH) {
            self.need(size * LEADING);
            self.line(MARGIN, self.y, size, weight, &line);
            self.y += size * LEADING;
        }
    }

    fn section(&mut self, section: &Section, sizes: &mut impl Iterator<Item = (usize, Option<(u32, u32)>)>) {
        let tallest = section.blocks.iter().any(|block| matches!(block, Block::Pictures(_)));
        self.need(if tallest { PICTURE_HEIGHT + 60.0 } else { 70.0 });
        self.y += 12.0;
        self.text(&section.heading, 12.0, Weight::Bold);
        self.put(Mark::Rule { x: MARGIN, y: self.y, width: WIDTH });
        self.y += 5.0;
        for block in &section.blocks {
            match block {
                Block::Facts(facts) => facts.iter().for_each(|(name, what)| self.fact(name, what)),
                Block::Table { columns, rows } => self.table(columns, rows),
                Block::Text(text) => self.text(text, TEXT, Weight::Regular),
                Block::Pictures(pictures) => self.pictures(pictures, sizes),
            }
            self.y += 4.0;
        }
    }

    fn fact(&mut self, name: &str, what: &str) {
        let first = WIDTH * FIRST_COLUMN;
        self.row(&[name, what], &[(first, Weight::Bold), (WIDTH - first, Weight::Regular)]);
    }

    fn table(&mut self, columns: &[String], rows: &[Vec<String>]) {
        let first = if columns.len() < 2 { WIDTH } else { WIDTH * FIRST_COLUMN };
        let other = (WIDTH - first) / columns.len().saturating_sub(1).max(1) as f32;
        let widths = |weight| -> Vec<(f32, Weight)> {
            (0..columns.len()).map(|column| (if column == 0 { first } else { other }, weight)).collect()
        };
        let titled = std::iter::once(columns).chain(rows.iter().map(Vec::as_slice));
        for (number, row) in titled.enumerate() {
            let weight = if number == 0 { Weight::Bold } else { Weight::Regular };
            let cells: Vec<&str> = row.iter().map(String::as_str).collect();
            self.row(&cells, &widths(weight));
        }
    }

    /// Texts beside each other, each in lines of its own; a row that is longer than a page goes on on the next one.
    fn row(&mut self, cells: &[&str], columns: &[(f32, Weight)]) {
        let lines: Vec<Vec<String>> =
            cells.iter().zip(columns).map(|(text, (width, weight))| weight.lines(text, TEXT, width - GAP)).collect();
        let tallest = lines.iter().map(Vec::len).max().unwrap_or_default();
        let height = TEXT * LEADING;
        self.need((height * tallest as f32).min(BOTTOM - MARGIN));
        for number in 0..tallest {
            self.need(height);
            let mut x = MARGIN;
            for (cell, (width, weight)) in lines.iter().zip(columns) {
                self.line(x, self.y, TEXT, *weight, cell.get(number).map_or("", String::as_str));
                x += width;
            }
            self.y += height;
        }
        self.y += 2.0;
    }

    fn pictures(&mut self, pictures: &[Picture], sizes: &mut impl Iterator<Item = (usize, Option<(u32, u32)>)>) {
        let side = WIDTH / PICTURES_IN_A_ROW as f32;
        for row in pictures.chunks(PICTURES_IN_A_ROW) {
            let captions: Vec<Vec<String>> =
                row.iter().map(|picture| Weight::Regular.lines(&picture.caption, SMALL, side - GAP)).collect();
            let caption_lines = captions.iter().map(Vec::len).max().unwrap_or_default().min(4);
            let height = PICTURE_HEIGHT + caption_lines as f32 * SMALL * LEADING + GAP;
            self.need(height);
            for (column, (caption, (number, size))) in captions.iter().zip(sizes.by_ref()).enumerate() {
                let x = MARGIN + side * column as f32;
                self.picture(x, side - GAP, number, size);
                for (line, text) in caption.iter().take(caption_lines).enumerate() {
                    let y = self.y + PICTURE_HEIGHT + 2.0 + line as f32 * SMALL * LEADING;
                    self.line(x, y, SMALL, Weight::Regular, text);
                }
            }
            self.y += height;
        }
    }

    /// A picture in its proportions, as large as fits.
    fn picture(&mut self, x: f32, width: f32, number: usize, size: Option<(u32, u32)>) {
        let Some((pixels_across, pixels_down)) = size else {
            return self.line(x, self.y, SMALL, Weight::Regular, "This picture cannot be shown.");
        };
        let scale = (width / pixels_across as f32).min(PICTURE_HEIGHT / pixels_down as f32);
        let (width, height) = (pixels_across as f32 * scale, pixels_down as f32 * scale);
        self.put(Mark::Picture { x, y: self.y, width, height, number });
    }

    /// The square code, and beside it what it is for.
    fn stamp(&mut self, stamp: &Stamp) {
        self.need(STAMP_SIDE + 40.0);
        self.y += 14.0;
        self.put(Mark::Rule { x: MARGIN, y: self.y, width: WIDTH });
        self.y += 8.0;
        let code = stamp.code();
        let side = STAMP_SIDE / code.size() as f32;
        for row in 0..code.size() {
            let mut column = 0;
            while column < code.size() {
                let dark = (column..code.size()).take_while(|column| code.get_module(*column, row)).count() as i32;
                if dark > 0 {
                    let (x, y) = (MARGIN + column as f32 * side, self.y + row as f32 * side);
                    self.put(Mark::Bar { x, y, width: dark as f32 * side, height: side });
                }
                column += dark.max(1);
            }
        }
        let (x, width) = (MARGIN + STAMP_SIDE + 16.0, WIDTH - STAMP_SIDE - 16.0);
        let hex = fieldline_model::hex::encode;
        let heads: Vec<String> = stamp.heads.iter().map(|head| hex(head)).collect();
        let about = format!(
            "This report can be verified. The code names the record, the newest link of its chain of changes, what this \
             report says in sum, and the signature of the device that made it.\n\nRecord {}\nChain {}\nContent {}\nDevice {}",
            hex(&stamp.record.0),
            heads.join(" "),
            hex(&stamp.digest),
            hex(&stamp.device.0)
        );
        let lines = Weight::Regular.lines(&about, SMALL, width);
        for (number, line) in lines.iter().enumerate() {
            self.line(x, self.y + number as f32 * SMALL * LEADING, SMALL, Weight::Regular, line);
        }
        self.y += STAMP_SIDE.max(lines.len() as f32 * SMALL * LEADING);
    }

    fn feet(&mut self, title: &str) {
        let count = self.pages.len();
        let y = BOTTOM + 14.0;
        for (number, page) in self.pages.iter_mut().enumerate() {
            let text = format!("{title} · page {} of {count}", number + 1);
            page.push(Mark::Rule { x: MARGIN, y, width: WIDTH });
            let lines = Weight::Regular.lines(&text, SMALL, WIDTH);
            let text = lines.into_iter().next().unwrap_or_default();
            page.push(Mark::Text { x: MARGIN, y: y + 12.0, size: SMALL, weight: Weight::Regular, text });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{KEY, origin, sheet, sign};

    fn laid_out(sheet: &Sheet) -> Vec<Vec<Mark>> {
        let stamp = Stamp::new(&origin(), sheet.digest(), &|message| sign(&KEY, message));
        pages(sheet, &stamp, &vec![Some((400, 300)); sheet.pictures().count()])
    }

    fn is_inside(mark: &Mark) -> bool {
        let (x, y, width, height) = match mark {
            Mark::Text { x, y, size, weight, text } => (*x, y - size, weight.width(text, *size), *size),
            Mark::Rule { x, y, width } => (*x, *y, *width, 0.5),
            Mark::Picture { x, y, width, height, .. } | Mark::Bar { x, y, width, height } => (*x, *y, *width, *height),
        };
        x >= MARGIN - 0.1 && x + width <= PAGE_WIDTH - MARGIN + 0.1 && y >= 0.0 && y + height <= PAGE_HEIGHT - 10.0
    }

    #[test]
    fn every_mark_is_inside_its_page_and_every_word_on_one() {
        let mut long = sheet();
        let text = "Seal ring replaced, pressure holds. ".repeat(400);
        long.sections[0].blocks.push(Block::Text(text));
        long.sections[0].blocks.push(Block::Table {
            columns: vec!["Part".into(), "Quantity".into()],
            rows: vec![vec!["x".repeat(500), "1".into()]; 60],
        });
        let pages = laid_out(&long);
        assert!(pages.len() > 4, "{}", pages.len());
        for mark in pages.iter().flatten() {
            assert!(is_inside(mark), "{mark:?}");
        }
        let shown: String = pages
            .iter()
            .flatten()
            .filter_map(|mark| match mark {
                Mark::Text { text, .. } => Some(format!("{text} ")),
                _ => None,
            })
            .collect();
        assert_eq!(shown.matches("holds.").count(), 400 + 1);
    }

    #[test]
    fn a_picture_that_cannot_be_read_is_named_in_its_place() {
        let sheet = sheet();
        let stamp = Stamp::new(&origin(), sheet.digest(), &|message| sign(&KEY, message));
        let pages = pages(&sheet, &stamp, &vec![None; sheet.pictures().count()]);
        let named = |mark: &Mark| matches!(mark, Mark::Text { text, .. } if text.contains("cannot be shown"));
        assert_eq!(pages.iter().flatten().filter(|mark| named(mark)).count(), sheet.pictures().count());
    }
}
