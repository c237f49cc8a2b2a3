//! What a request says about who sends it: RFC 7617 Basic or RFC 6750 Bearer. Whether it is true, the service decides.

use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::refusal::Refusal;

/// Who the sender claims to be. Not printable, so that no log can hold it.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// An opaque token.
    Bearer(String),
    /// A user name and password.
    Basic {
        /// The sign-in name.
        user_name: String,
        /// The password.
        password: String,
    },
}

impl Credentials {
    /// Reads the `Authorization` header; the scheme is compared without regard to case.
    ///
    /// # Errors
    /// [`Refusal::NotAuthenticated`] when there is none that can be read.
    pub fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        given.and_then(parse).ok_or(Refusal::NotAuthenticated)
    }
}

fn parse(given: &str) -> Option<Credentials> {
    let (scheme, rest) = given.trim().split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") && !rest.is_empty() {
        return Some(Credentials::Bearer(rest.to_owned()));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let plain = String::from_utf8(BASE64_STANDARD.decode(rest).ok()?).ok()?;
    let (user_name, password) = plain.split_once(':')?;
    Some(Credentials::Basic { user_name: user_name.to_owned(), password: password.to_owned() })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn of(text: &'static str) -> Result<Credentials, Refusal> {
        Credentials::of(&HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(text))]))
    }

    #[test]
    fn both_schemes_are_read_and_anything_else_is_nobody() {
        let mia = Credentials::Basic { user_name: "mia".into(), password: "a:b".into() };
        assert!(of("basic bWlhOmE6Yg==") == Ok(mia));
        assert!(of("BEARER abc") == Ok(Credentials::Bearer("abc".into())));
        for nobody in ["", "Basic", "Bearer ", "Basic !!", "Basic bWlh", "Digest abc"] {
            assert!(of(nobody) == Err(Refusal::NotAuthenticated), "{nobody}");
        }
        assert!(Credentials::of(&HeaderMap::new()) == Err(Refusal::NotAuthenticated));
    }
}
