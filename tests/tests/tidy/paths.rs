//! Which paths a Rust file names. No parser: comments, strings and the test module are cut away,
//! the rest is taken apart into words, and `use` trees are written out.

/// All paths of the file as lists of names: `use a::{b, c::d}` is `a::b` and `a::c::d`.
pub(crate) fn paths(source: &str) -> Vec<Vec<String>> {
    let tokens = tokens(&without_tests(source));
    let (mut found, mut at) = (Vec::new(), 0);
    while at < tokens.len() {
        if tokens[at] == "use" {
            at = use_tree(&tokens, at + 1, &[], &mut found);
        } else if is_name(&tokens[at]) && tokens.get(at + 1).is_some_and(|next| next == "::") {
            let mut path = vec![tokens[at].clone()];
            at += 1;
            while tokens.get(at).is_some_and(|token| token == "::")
                && tokens.get(at + 1).is_some_and(|token| is_name(token))
            {
                path.push(tokens[at + 1].clone());
                at += 2;
            }
            found.push(path);
        } else {
            at += 1;
        }
    }
    found
}

/// Reads one branch of a `use` tree; returns where it ends.
fn use_tree(
    tokens: &[String],
    mut at: usize,
    prefix: &[String],
    found: &mut Vec<Vec<String>>,
) -> usize {
    let mut path = prefix.to_vec();
    while let Some(token) = tokens.get(at) {
        match token.as_str() {
            "::" => at += 1,
            "{" => {
                at += 1;
                while tokens.get(at).is_some_and(|token| token != "}") {
                    at = use_tree(tokens, at, &path, found);
                    if tokens.get(at).is_some_and(|token| token == ",") {
                        at += 1;
                    }
                }
                return at + 1;
            }
            "as" => at += 2,
            name if is_name(name) || name == "*" => {
                path.push(name.to_owned());
                at += 1;
            }
            _ => break,
        }
    }
    found.push(path);
    at
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// The file up to its test module, which may use everything.
fn without_tests(source: &str) -> String {
    let mut kept = Vec::new();
    let mut lines = source.lines().peekable();
    while let Some(line) = lines.next() {
        let is_before_tests = line.trim() == "#[cfg(test)]"
            && lines
                .peek()
                .is_some_and(|next| next.trim_start().starts_with("mod "));
        if is_before_tests {
            if lines
                .peek()
                .is_some_and(|next| next.trim_end().ends_with('{'))
            {
                break;
            }
            lines.next();
            continue;
        }
        kept.push(line);
    }
    kept.join("\n")
}

/// Names, `::` and single characters, without comments, strings, characters and lifetimes.
fn tokens(source: &str) -> Vec<String> {
    let chars: Vec<char> = source.chars().collect();
    let (mut tokens, mut at) = (Vec::new(), 0);
    while at < chars.len() {
        let rest = &chars[at..];
        match rest {
            ['/', '/', ..] => at += rest.iter().take_while(|c| **c != '\n').count(),
            ['/', '*', ..] => at += until(rest, &['*', '/']),
            ['r', '#', '"', ..] => at += until(rest, &['"', '#']),
            ['"', ..] => at += string(rest),
            ['\'', '\\', ..] => at += 2 + until(&rest[2..], &['\'']),
            ['\'', _, '\'', ..] => at += 3,
            [':', ':', ..] => {
                tokens.push("::".to_owned());
                at += 2;
            }
            [first, ..] if first.is_alphanumeric() || *first == '_' => {
                let name: String = rest
                    .iter()
                    .take_while(|c| c.is_alphanumeric() || **c == '_')
                    .collect();
                at += name.chars().count();
                tokens.push(name);
            }
            [first, ..] => {
                if !first.is_whitespace() {
                    tokens.push(first.to_string());
                }
                at += 1;
            }
            [] => break,
        }
    }
    tokens
}

/// The length up to and with the end mark.
fn until(rest: &[char], end: &[char]) -> usize {
    let body = rest.get(1..).unwrap_or_default();
    body.windows(end.len())
        .position(|window| window == end)
        .map_or(rest.len(), |found| found + 1 + end.len())
}

fn string(rest: &[char]) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != '"' {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

#[test]
fn paths_are_found_in_uses_and_in_code() {
    let source = r##"
        //! use comment::not;
        use crate::{domain::User, store as s, error::{self, Error}};
        use ::tonic::*;
        fn f<'a>(x: &'a str) -> sqlx::Result<()> { let c = '"'; g::<tokio::io::Lines>("no::path \" x") }
        const S: &str = r#"not::this "either::" "#; /* nor::that */
        #[cfg(test)]
        mod tests { use prost::Message; }
    "##;
    let found: Vec<String> = paths(source).iter().map(|path| path.join("::")).collect();
    let expected = [
        "crate::domain::User",
        "crate::store",
        "crate::error::self",
        "crate::error::Error",
        "tonic::*",
        "sqlx::Result",
        "g",
        "tokio::io::Lines",
    ];
    assert_eq!(found, expected);
}
