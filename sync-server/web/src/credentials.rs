//! What a request says about who sends it: RFC 7617 Basic, RFC 6750 Bearer, or an integration's key in a header of its own.
//! Whether it is true, the service decides.

use axum::http::{HeaderMap, HeaderName, header};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::refusal::Refusal;

/// The header of an integration's key.
const API_KEY: HeaderName = HeaderName::from_static("x-sn-apikey");

/// Who the sender claims to be. Not printable, so that no log can hold it.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// An opaque token or an API key.
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
    /// Reads the `Authorization` header, else `x-sn-apikey`; the scheme is compared without regard to case.
    ///
    /// # Errors
    /// [`Refusal::NotAuthenticated`] when there is none that can be read.
    pub fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).filter(|text| !text.is_empty());
        let key = || text(API_KEY).map(|key| Credentials::Bearer(key.trim().to_owned()));
        text(header::AUTHORIZATION).map_or_else(key, parse).ok_or(Refusal::NotAuthenticated)
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
        let mut headers = HeaderMap::from_iter([(API_KEY, HeaderValue::from_static("abc"))]);
        assert!(Credentials::of(&headers) == Ok(Credentials::Bearer("abc".into())));
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Digest abc"));
        assert!(Credentials::of(&headers) == Err(Refusal::NotAuthenticated), "a key does not mend other credentials");
    }
}
