//! Mails as programs write them, and as nobody should.

use fieldline_service::mail_in::Letter;

fn read(mail: &str) -> Letter<'static> {
    Letter::read(mail.replace('\n', "\r\n").leak().as_bytes())
}

#[test]
fn a_plain_mail_says_who_wrote_what_in_answer_to_what() {
    let letter = read(
        "From: =?utf-8?Q?J=C3=B6rg?= <Joerg@Example.ORG>\nTo: desk@example.com\nMessage-ID: <b@example.org>\n\
         In-Reply-To: <a@example.com>\nReferences: <0@example.com> <a@example.com>\n\
         Subject: =?iso-8859-1?Q?St=F6rung?=\n =?utf-8?B?IGhpZXI=?=\n\
         Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nEs t=F6nt.\n",
    );
    assert_eq!(letter.from.as_deref(), Some("joerg@example.org"));
    assert_eq!(letter.name, "Jörg");
    assert_eq!(letter.subject, "Störung hier");
    assert_eq!(letter.text.trim(), "Es tönt.");
    assert_eq!(letter.message_id.as_deref(), Some("<b@example.org>"));
    assert_eq!(letter.references, ["<a@example.com>", "<0@example.com>"]);
    assert_eq!((letter.automatic, letter.bounce), (None, None));
}

#[test]
fn plain_text_is_read_before_html_and_files_are_taken_out_of_every_nest() {
    let letter = read(
        "From: a@example.org\nContent-Type: multipart/mixed; boundary=out\n\npreamble\n--out\n\
         Content-Type: multipart/alternative; boundary=\"in\"\n\n--in\nContent-Type: text/html\n\n<p>Rich</p>\n--in\n\n\
         Plain\n--in--\n--out\nContent-Type: image/png; name=\"../../etc/p.png\"\nContent-Transfer-Encoding: base64\n\
         Content-Disposition: attachment\n\naGVsbG8=\n--out--\nepilogue\n",
    );
    assert_eq!(letter.text.trim(), "Plain");
    let [file] = &letter.files[..] else { panic!("{} files", letter.files.len()) };
    assert_eq!((file.name.as_str(), file.content_type.as_str(), &*file.bytes()), ("p.png", "image/png", &b"hello"[..]));
}

#[test]
fn what_is_only_html_is_read_as_text() {
    let letter = read(
        "From: a@example.org\nContent-Type: text/html\n\n<style>p{}</style><p>One</p><p>T&uuml;r<br>x</p><script>y</script>",
    );
    let lines: Vec<&str> = letter.text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(lines, ["One", "Tür", "x"]);
}

#[test]
fn programs_are_known_by_what_they_say_of_their_mail() {
    for header in [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated; x=1",
        "Precedence: bulk",
        "Precedence: LIST",
        "X-Auto-Response-Suppress: DR, OOF, AutoReply",
        "X-Autoreply: yes",
        "Return-Path: <>",
    ] {
        assert!(read(&format!("From: a@example.org\n{header}\n\nx")).automatic.is_some(), "{header}");
    }
    for header in [
        "Auto-Submitted: no",
        "Precedence: first-class",
        "X-Auto-Response-Suppress: DR",
        "Return-Path: <a@example.org>",
        "X: y",
    ] {
        assert_eq!(read(&format!("From: a@example.org\n{header}\n\nx")).automatic, None, "{header}");
    }
}

#[test]
fn a_mail_from_several_is_from_nobody() {
    assert_eq!(read("From: a@example.org\nFrom: b@example.org\n\nx").from, None);
    assert_eq!(read("From: not an address\n\nx").from, None);
    assert_eq!(read("\n\nno headers").from, None);
}

#[test]
fn a_report_names_the_mail_that_was_not_delivered() {
    let letter = read(
        "From: MAILER-DAEMON@example.org\nReturn-Path: <>\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n\
         --b\n\nIt failed.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; ann@example.org\n\
         Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 no such user\n\n--b\nContent-Type: message/rfc822\n\n\
         Message-ID: <sent@desk>\nSubject: x\n\nbody\n--b--\n",
    );
    let bounce = letter.bounce.expect("a report");
    assert_eq!((bounce.message_id.as_deref(), bounce.is_final), (Some("<sent@desk>"), true));
    assert_eq!(bounce.why, "rfc822; ann@example.org; 5.1.1; smtp; 550 no such user");
}

#[test]
fn nests_without_end_and_headers_without_measure_are_read_as_far_as_they_go() {
    let mut nested = "From: a@example.org\n".to_owned();
    for level in 0..1_000 {
        nested += &format!("Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n");
    }
    nested += "Content-Type: text/plain\n\ndeep\n";
    assert!(read(&nested).files.len() <= 1);
    let mails = "Content-Type: message/rfc822\n\n".repeat(100_000);
    assert_eq!(read(&format!("From: a@example.org\n{mails}")).from.as_deref(), Some("a@example.org"));
    let wide =
        format!("From: a@example.org\nContent-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\nx\n".repeat(50_000));
    assert!(read(&wide).text.len() < 1_000);
    let huge = format!("From: a@example.org\nSubject: {}\n\nbody", "x ".repeat(5_000_000));
    assert!(read(&huge).subject.chars().count() <= 255);
    let line = format!("From: a@example.org\n\n{}", "x".repeat(5_000_000));
    assert_eq!(read(&line).text.len(), 40_000);
}

#[test]
fn no_header_brings_another_with_it_and_no_text_a_byte_that_is_none() {
    let letter = read(
        "From: =?utf-8?Q?Ann=0D=0ABcc:_x@y?= <a@example.org>\nSubject: =?utf-8?Q?a=0D=0AX-Evil:_1=00?=\n\na\0b\u{1b}[31m\u{7f}",
    );
    assert_eq!((letter.name.as_str(), letter.subject.as_str()), ("Ann Bcc: x@y", "a X-Evil: 1"));
    assert_eq!(letter.text, "ab[31m");
}
