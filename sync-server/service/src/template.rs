//! Texts in which `{{name}}` stands for something. Braces that do not close are text.

/// A template as pieces: a text, and the name that follows it.
fn pieces(template: &str) -> Vec<(&str, Option<&str>)> {
    let (mut pieces, mut rest) = (Vec::new(), template);
    while let Some((text, from)) = rest.split_once("{{") {
        let Some((name, after)) = from.split_once("}}") else { break };
        pieces.push((text, Some(name.trim())));
        rest = after;
    }
    pieces.push((rest, None));
    pieces
}

/// The names a template has.
pub(crate) fn names(template: &str) -> impl Iterator<Item = &str> {
    pieces(template).into_iter().filter_map(|(_, name)| name)
}

/// The text in which every name is replaced by what it stands for.
///
/// # Errors
/// Whatever `named` returns.
pub(crate) fn fill<E>(template: &str, mut named: impl FnMut(&str) -> Result<String, E>) -> Result<String, E> {
    let mut filled = String::new();
    for (text, name) in pieces(template) {
        filled.push_str(text);
        if let Some(name) = name {
            filled.push_str(&named(name)?);
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    #[test]
    fn names_are_replaced_and_what_does_not_close_is_text() {
        for (template, filled, named) in [
            ("plain", "plain", vec![]),
            ("{{a}} and {{ b.c }}!", "<a> and <b.c>!", vec!["a", "b.c"]),
            ("{{a}} {{open", "<a> {{open", vec!["a"]),
            ("}} {{}}", "}} <>", vec![""]),
        ] {
            let Ok(text) = fill(template, |name| Ok::<_, Infallible>(format!("<{name}>")));
            assert_eq!((text.as_str(), names(template).collect::<Vec<_>>()), (filled, named));
        }
    }
}
