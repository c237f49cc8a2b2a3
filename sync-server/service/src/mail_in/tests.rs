//! What a mail is read with: addresses, and where its headers end.

use super::letter::address;
use super::parts::split;

#[test]
fn an_address_is_one_place_and_nothing_else() {
    assert_eq!(address(" Ann@Example.org "), Some("ann@example.org".into()));
    for none in ["", "ann", "@example.org", "ann@", "a b@example.org", "a@b,c@d", "a@b>c", "a@\nb"] {
        assert_eq!(address(none), None, "{none:?}");
    }
}

#[test]
fn headers_end_at_the_first_empty_line() {
    for (mail, head, body) in [
        ("A: 1\r\n\r\nx", "A: 1\r\n", "x"),
        ("A: 1\n\nx\n\ny", "A: 1\n", "x\n\ny"),
        ("A: 1", "A: 1", ""),
        ("\nx", "", "x"),
        ("", "", ""),
    ] {
        assert_eq!(split(mail.as_bytes()), (head.as_bytes(), body.as_bytes()), "{mail:?}");
    }
}
