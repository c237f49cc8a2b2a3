//! The few plain pages a person meets on the way in: no script, no picture, nothing from elsewhere.
//!
//! A page carries a proof that it was this server that made it for this browser: the hash of a cookie no other site can read.
//! So no other site can send the form in a person's name.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fieldline_model::hex;
use rand_core::Rng;

use super::form::Form;
use crate::links::Origin;
use crate::{App, Entropy};

/// The cookie's name; the prefix makes browsers refuse it from anybody but this host over HTTPS.
const COOKIE: &str = "fieldline_page";
const COOKIE_ENCRYPTED: &str = "__Host-fieldline_page";
/// The form field with the proof.
const PROOF: &str = "proof";

/// No `form-action`: browsers hold it against the redirect to a client's address, too.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";
const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:24rem;margin:3rem auto;padding:0 1rem;color:#1b1b1b;\
    background:#fff}label{display:block;margin:.8rem 0}input{font:inherit;width:100%;padding:.5rem;box-sizing:border-box}\
    button{font:inherit;padding:.6rem 1.2rem;margin:.4rem .4rem 0 0}.wrong{color:#a40000}\
    @media(prefers-color-scheme:dark){body{color:#eee;background:#1b1b1b}.wrong{color:#ff9b9b}}";

/// Text as HTML shows it.
pub fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut html, letter| {
        match letter {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
        html
    })
}

/// A whole page; `body` is HTML.
pub fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let title = escaped(title);
    let html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head>\
         <body><h1>{title}</h1>{body}</body></html>\n"
    );
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, POLICY)];
    (status, headers, html).into_response()
}

/// A page that only says something.
pub fn message(status: StatusCode, title: &str, text: &str) -> Response {
    page(status, title, &format!("<p>{}</p>", escaped(text)))
}

/// A form to this server.
pub struct Question<'a> {
    /// What it is about.
    pub title: &'a str,
    /// What the person decides; text.
    pub text: String,
    /// What was wrong with the last answer.
    pub wrong: Option<String>,
    /// Where the answer goes.
    pub action: &'a str,
    /// What the person does not see.
    pub hidden: Vec<(&'a str, String)>,
    /// Fields and buttons; HTML.
    pub fields: String,
}

/// Asks a person; sets the cookie unless the browser has it.
pub fn ask(app: &App, headers: &HeaderMap, status: StatusCode, question: &Question<'_>) -> Response {
    let name = cookie_name(headers);
    let known = cookie(headers, name).filter(|value| value.len() == 32);
    let secret = known.clone().unwrap_or_else(|| fresh(app.entropy.clone()));
    let hidden = question.hidden.iter().map(|(name, value)| (*name, value.as_str()));
    let proof = proof_of(&secret);
    let hidden: String = hidden
        .chain([(PROOF, proof.as_str())])
        .map(|(name, value)| format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escaped(value)))
        .collect();
    let wrong = question.wrong.as_ref();
    let wrong = wrong.map_or(String::new(), |text| format!("<p class=\"wrong\" role=\"alert\">{}</p>", escaped(text)));
    let body = format!(
        "<p>{}</p>{wrong}<form method=\"post\" action=\"{}\">{hidden}{}</form>",
        escaped(&question.text),
        escaped(question.action),
        question.fields
    );
    let mut response = page(status, question.title, &body);
    if known.is_none() {
        let secure = if name == COOKIE_ENCRYPTED { "; Secure" } else { "" };
        let set = HeaderValue::try_from(format!("{name}={secret}; Path=/; HttpOnly; SameSite=Strict{secure}"));
        response.headers_mut().append(header::SET_COOKIE, set.expect("hex digits are a header value"));
    }
    response
}

/// Whether a form was asked for by this browser.
pub fn is_asked(headers: &HeaderMap, form: &Form) -> bool {
    let secret = cookie(headers, cookie_name(headers));
    secret.is_some_and(|secret| form.get(PROOF) == Some(proof_of(&secret).as_str()))
}

/// What a person reads whose form was not asked for.
pub fn not_asked() -> Response {
    let text = "This form was not opened here, or long ago. Go back to the program you came from and begin again.";
    message(StatusCode::FORBIDDEN, "Begin again", text)
}

/// The fields of a name and a password.
pub const NAME_AND_PASSWORD: &str = "<label>User name<input name=\"username\" autocomplete=\"username\" autocapitalize=\"none\"></label>\
     <label>Password<input name=\"password\" type=\"password\" autocomplete=\"current-password\"></label>";

/// A cookie's value.
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(given, _)| *given == name).map(|(_, value)| value.to_owned())
}

/// Whether the browser reached this server over HTTPS.
pub fn is_encrypted(headers: &HeaderMap) -> bool {
    Origin::of(headers).0.starts_with("https:")
}

/// 128 random bits in hexadecimal digits.
pub fn fresh(mut entropy: Entropy) -> String {
    let mut bytes = [0; 16];
    entropy.fill_bytes(&mut bytes);
    hex::encode(&bytes)
}

fn cookie_name(headers: &HeaderMap) -> &'static str {
    if is_encrypted(headers) { COOKIE_ENCRYPTED } else { COOKIE }
}

fn proof_of(secret: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, format!("{COOKIE}:{secret}").as_bytes());
    hex::encode(digest.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_a_text_stays_text() {
        assert_eq!(escaped("<a href='x'>\"&"), "&lt;a href=&#39;x&#39;&gt;&quot;&amp;");
    }

    #[test]
    fn a_form_is_asked_for_only_with_the_cookie_of_the_same_browser() {
        let with =
            |cookie: &str| HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(cookie).expect("plain"))]);
        let form = |proof: &str| Form::parse(format!("proof={proof}").as_bytes()).expect("a form");
        let mine = with("a=b; fieldline_page=0123");
        assert!(is_asked(&mine, &form(&proof_of("0123"))));
        assert!(!is_asked(&mine, &form(&proof_of("4567"))));
        assert!(!is_asked(&with("other=0123"), &form(&proof_of("0123"))));
        assert!(!is_asked(&HeaderMap::new(), &form(&proof_of(""))));
        assert!(!is_asked(&mine, &Form::default()));
    }
}
