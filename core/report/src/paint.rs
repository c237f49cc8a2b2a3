//! Writes pages as a PDF.

use krilla::Document;
use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Rect, Size, Transform};
use krilla::image::Image;
use krilla::metadata::{DateTime, Metadata};
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::text::{Font, TextDirection};

use crate::font::Weight;
use crate::page::{Mark, PAGE_HEIGHT, PAGE_WIDTH};
use crate::sheet::{Picture, Sheet};

/// More pixels than a phone's camera takes; reading such a picture would take more memory than a phone has to spare.
const MOST_PIXELS: u64 = 50_000_000;
const RULE_HEIGHT: f32 = 0.5;

/// The pictures of a sheet; `None` for one that cannot be read.
pub(crate) fn pictures(sheet: &Sheet) -> Vec<Option<Image>> {
    sheet.pictures().map(read).collect()
}

/// The size of a picture in pixels.
pub(crate) fn size(picture: &Option<Image>) -> Option<(u32, u32)> {
    picture.as_ref().map(Image::size)
}

fn read(picture: &Picture) -> Option<Image> {
    let data = picture.bytes.clone().into();
    let image = match picture.bytes.as_slice() {
        [0xff, 0xd8, ..] => Image::from_jpeg(data, true),
        [0x89, b'P', b'N', b'G', ..] => Image::from_png(data, true),
        [b'R', b'I', b'F', b'F', ..] => Image::from_webp(data, true),
        [b'G', b'I', b'F', ..] => Image::from_gif(data, true),
        _ => return None,
    };
    let is_drawable = |image: &Image| {
        let (width, height) = image.size();
        (1..=MOST_PIXELS).contains(&(u64::from(width) * u64::from(height))) && can_be_drawn(image)
    };
    image.ok().filter(is_drawable)
}

/// Whether the whole picture can be read and not only its beginning.
fn can_be_drawn(image: &Image) -> bool {
    let mut trial = Document::new();
    let mut page = trial.start_page();
    let mut surface = page.surface();
    surface.draw_image(image.clone(), Size::from_wh(1.0, 1.0).expect("one is a size"));
    surface.finish();
    page.finish();
    trial.finish().is_ok()
}

/// The PDF.
pub(crate) fn pdf(sheet: &Sheet, pages: &[Vec<Mark>], pictures: &[Option<Image>]) -> Vec<u8> {
    let font = |weight: Weight| Font::new(weight.bytes().into(), 0).expect("the font that is shipped can be read");
    let brush = Brush { regular: font(Weight::Regular), bold: font(Weight::Bold), pictures };
    let mut document = Document::new();
    document.set_metadata(metadata(sheet));
    for marks in pages {
        let mut page = document.start_page_with(PageSettings::from_wh(PAGE_WIDTH, PAGE_HEIGHT).expect("A4 is a size"));
        let mut surface = page.surface();
        let black = rgb::Color::black().into();
        surface.set_fill(Some(Fill {
            paint: black,
            opacity: krilla::num::NormalizedF32::ONE,
            rule: Default::default(),
        }));
        marks.iter().for_each(|mark| brush.draw(mark, &mut surface));
        surface.finish();
        page.finish();
    }
    document.finish().expect("fonts and pictures were read before")
}

struct Brush<'a> {
    regular: Font,
    bold: Font,
    pictures: &'a [Option<Image>],
}

impl Brush<'_> {
    fn draw(&self, mark: &Mark, surface: &mut Surface<'_>) {
        match mark {
            Mark::Text { x, y, size, weight, text } => {
                let font = if *weight == Weight::Bold { &self.bold } else { &self.regular };
                surface.draw_text(Point::from_xy(*x, *y), font.clone(), *size, text, false, TextDirection::Auto);
            }
            Mark::Rule { x, y, width } => bar(*x, *y, *width, RULE_HEIGHT, surface),
            Mark::Bar { x, y, width, height } => bar(*x, *y, *width, *height, surface),
            Mark::Picture { x, y, width, height, number } => {
                let image = self.pictures.get(*number).and_then(Option::as_ref);
                if let (Some(image), Some(size)) = (image, Size::from_wh(*width, *height)) {
                    surface.push_transform(&Transform::from_translate(*x, *y));
                    surface.draw_image(image.clone(), size);
                    surface.pop();
                }
            }
        }
    }
}

fn bar(x: f32, y: f32, width: f32, height: f32, surface: &mut Surface<'_>) {
    let mut path = PathBuilder::new();
    path.push_rect(Rect::from_xywh(x, y, width, height).expect("a bar has a size"));
    surface.draw_path(&path.finish().expect("a bar is a path"));
}

fn metadata(sheet: &Sheet) -> Metadata {
    let made_at = sheet.made_at.to_string();
    let number = |from: usize, to: usize| made_at.get(from..to).and_then(|digits| digits.parse::<u16>().ok());
    let small = |from, to| number(from, to).and_then(|number| u8::try_from(number).ok()).unwrap_or_default();
    let date = DateTime::new(number(0, 4).unwrap_or_default())
        .month(small(5, 7))
        .day(small(8, 10))
        .hour(small(11, 13))
        .minute(small(14, 16))
        .second(small(17, 19))
        .utc_offset_hour(0)
        .utc_offset_minute(0);
    Metadata::new()
        .title(sheet.title.clone())
        .description(sheet.subtitle.clone())
        .authors(vec![sheet.author.clone()])
        .creator("Fieldline".into())
        .creation_date(date)
}
