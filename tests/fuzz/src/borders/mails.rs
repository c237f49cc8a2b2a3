//! Mail that comes in: read whatever it is, and taken in by a server where it harms nothing.
//!
//! Every mail is kept, and only a known sender's honest mail says something in a case: what is altered may open another one, but the
//! house goes on, and an honest answer is a comment still.

use fieldline_model::{DocumentId, Timestamp, Value};
use fieldline_service::mail_in::{self, Letter, Outcome};

use crate::cost::measured;
use crate::house::{House, NOW};
use crate::{Border, Guard, Taken};

/// A house is left for a fresh one after so many mails, so that none grows without bound.
const MAILS_EACH: u32 = 200;
const HOUR_MILLISECONDS: i64 = 3_600_000;

pub const BORDER: Border = Border {
    name: "mails",
    about: "plain, nested, encoded and automatic mails and reports of mail, altered in any byte, taken in by a server",
    share: 20,
    open: || Box::new(Mails::new()),
};

struct Mails {
    house: House,
    taken: u32,
    now: Timestamp,
}

impl Mails {
    fn new() -> Self {
        let mut mails = Self { house: House::new(), taken: 0, now: NOW };
        mails.house.creates("customer_contact", &[("name", "Ann"), ("email", "ann@boxwood.example")]);
        mails
    }

    fn receive(&mut self, raw: &[u8]) -> Result<mail_in::Received, String> {
        self.now = self.now.plus_milliseconds(HOUR_MILLISECONDS);
        let (house, now) = (&mut self.house, self.now);
        let taken = house.server.write(&house.server.system(), now, &mut house.rng, |call| mail_in::receive(call, raw));
        taken.map_err(|error| format!("a mail was not taken in: {error}"))
    }
}

fn honest_mails() -> [&'static str; 5] {
    [
        "From: Ann <ann@boxwood.example>\r\nMessage-ID: <1@boxwood>\r\nSubject: =?utf-8?Q?Leck_=C3=A4?=\r\n\r\nIt leaks.\r\n",
        "From: ann@boxwood.example\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n\
         --c\r\nContent-Type: text/html; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>T=FCr</p>\r\n--c--\r\n\
         --b\r\nContent-Type: image/png; name*0*=utf-8''%e2; name*1=x.png\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--b--\r\n",
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nNo.\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <1@d>\r\n\r\n--b--",
        "From: ann@boxwood.example\r\nAuto-Submitted: auto-replied\r\nPrecedence: bulk\r\nIn-Reply-To: <1@boxwood>\r\nReferences: <a> <1@boxwood>\r\n\r\nAway\r\n",
        "From: ann@boxwood.example\r\nSubject: Re: CS0001001\r\nContent-Type: text/html; charset=utf-7\r\n\r\n<style>a{}</style>&#x41;<br>On 1, x wrote:<p>&unknown;<!-- ",
    ]
}

impl Guard for Mails {
    fn honest(&mut self) -> Vec<Vec<u8>> {
        honest_mails().into_iter().map(|mail| mail.as_bytes().to_vec()).collect()
    }

    fn take(&mut self, input: &[u8]) -> Result<Taken, String> {
        if self.taken == MAILS_EACH {
            *self = Self::new();
        }
        self.taken += 1;
        let ((letter_bytes, taken), cost) = measured(|| {
            let letter = Letter::read(input);
            (letter.text.len() + letter.subject.len(), self.receive(input))
        });
        let taken = taken?;
        if letter_bytes > 64 << 10 {
            return Err(format!("a mail of {} bytes says {letter_bytes} bytes", input.len()));
        }
        let kept =
            self.house.server.storage().read().and_then(|tx| tx.record(&DocumentId::new("sys_email", taken.mail)));
        let Ok(Some((_, row))) = kept else { return Err("a mail was taken in and is not kept".into()) };
        let is_clean = |text: &str| !text.chars().any(|letter| letter.is_control() && letter != '\n' && letter != '\t');
        if !row.fields.values().filter_map(Value::as_text).all(is_clean) {
            return Err("a mail brought control characters into the house".into());
        }
        let is_followed = matches!(taken.outcome, Outcome::Opened(_) | Outcome::Commented(_));
        Ok(Taken::when(is_followed, input.len(), cost))
    }
}
