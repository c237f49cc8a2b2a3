//! Files people attach, read for the search: texts, pages and PDFs altered in any byte.

use fieldline_service::reading::{FILE_CHARACTERS, Kind, pdf, text_of};

use crate::cost::measured;
use crate::{Border, Guard, Taken};

pub const BORDER: Border = Border {
    name: "files",
    about: "texts, JSON, pages and PDFs of records, altered in any byte, read for the search",
    share: 50,
    open: || Box::new(Files),
};

struct Files;

/// A PDF of one page and one font, with a name for each thing a reader follows.
fn honest_pdf() -> Vec<u8> {
    let content = "BT /F1 12 Tf 72 720 Td (Torque the flange) Tj [(G)-20(asket)] TJ ET";
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>".to_owned(),
        format!("<</Length {}>>stream\n{content}\nendstream", content.len()),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding/ToUnicode 6 0 R>>".to_owned(),
        "<</Length 71>>stream\n1 begincodespacerange <00> <ff> endcodespacerange 1 beginbfchar <54> <0054> \nendstream"
            .to_owned(),
    ];
    let (mut file, mut places) = ("%PDF-1.4\n".to_owned(), String::new());
    for (number, object) in objects.iter().enumerate() {
        places += &format!("{:010} 00000 n \n", file.len());
        file += &format!("{} 0 obj\n{object}\nendobj\n", number + 1);
    }
    let at = file.len();
    file +=
        &format!("xref\n0 7\n0000000000 65535 f \n{places}trailer\n<</Size 7/Root 1 0 R>>\nstartxref\n{at}\n%%EOF\n");
    file.into_bytes()
}

impl Guard for Files {
    fn honest(&mut self) -> Vec<Vec<u8>> {
        let page = b"<!-- a --><p>K&uuml;hlkreis &#45; x</p><script>y()</script><style>z</style><b>ed</b>".to_vec();
        vec![honest_pdf(), page, br#"{"part":["k\u00e4se",{"n":1.5}]}"#.to_vec(), b"\xff\xfeO\0k\0".to_vec()]
    }

    fn take(&mut self, input: &[u8]) -> Result<Taken, String> {
        let (said, cost) = measured(|| {
            let others = [Kind::Text, Kind::Json, Kind::Markup].map(|kind| text_of(kind, input));
            others.into_iter().chain([pdf::text_of(input)]).collect::<Vec<_>>()
        });
        match said.iter().find(|said| said.chars().count() > FILE_CHARACTERS) {
            Some(said) => Err(format!("a file of {} bytes says {} bytes", input.len(), said.len())),
            None => Ok(Taken::when(!said[3].is_empty(), input.len(), cost)),
        }
    }
}
