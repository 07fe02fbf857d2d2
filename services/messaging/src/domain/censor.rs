//! Words that are not wanted.

use aho_corasick::{AhoCorasick, MatchKind};

/// A list of censored words, ready for searching. Words are found whole and in any case; a word
/// within another word is not meant.
#[derive(Debug)]
pub struct Censor {
    /// `None` for an empty list.
    words: Option<AhoCorasick>,
}

/// What a text is under a censor.
#[derive(Debug, PartialEq, Eq)]
pub enum Censored {
    /// Nothing to object to.
    Clean,
    /// The same text with asterisks.
    Masked(String),
}

impl Censor {
    /// No words.
    pub const fn none() -> Self {
        Self { words: None }
    }

    /// From policy `censor_words`: one word in each line. Fails only for lists beyond what policy
    /// can hold.
    pub fn new(lines: &str) -> Result<Self, aho_corasick::BuildError> {
        let words: Vec<String> = lines
            .lines()
            .map(|line| line.trim().to_lowercase())
            .filter(|word| !word.is_empty())
            .collect();
        if words.is_empty() {
            return Ok(Self { words: None });
        }
        let words = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(words)?;
        Ok(Self { words: Some(words) })
    }

    /// Looks for words and masks them.
    pub fn apply(&self, text: &str) -> Censored {
        let Some(words) = &self.words else {
            return Censored::Clean;
        };
        let folded = Folded::new(text);
        let mut masked: Option<String> = None;
        let mut copied = 0;
        for found in words.find_iter(&folded.text) {
            let (Some(start), Some(end)) =
                (folded.origin(found.start()), folded.origin(found.end()))
            else {
                continue;
            };
            if start < copied || !is_whole(text, start, end) {
                continue;
            }
            let out = masked.get_or_insert_with(|| String::with_capacity(text.len()));
            out.push_str(text.get(copied..start).unwrap_or_default());
            let word = text.get(start..end).unwrap_or_default();
            out.extend(
                word.chars()
                    .map(|c| if c.is_whitespace() { c } else { '*' }),
            );
            copied = end;
        }
        match masked {
            None => Censored::Clean,
            Some(mut out) => {
                out.push_str(text.get(copied..).unwrap_or_default());
                Censored::Masked(out)
            }
        }
    }
}

fn is_whole(text: &str, start: usize, end: usize) -> bool {
    let before = text.get(..start).and_then(|rest| rest.chars().next_back());
    let after = text.get(end..).and_then(|rest| rest.chars().next());
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    !is_word(before) && !is_word(after)
}

/// A text in lower case that remembers where each byte came from, because lower case may be longer
/// or shorter.
struct Folded {
    text: String,
    /// Place in the text before, of each byte; empty if all places are the same.
    origins: Vec<usize>,
    end: usize,
}

impl Folded {
    fn new(text: &str) -> Self {
        if text.is_ascii() {
            return Self {
                text: text.to_ascii_lowercase(),
                origins: Vec::new(),
                end: text.len(),
            };
        }
        let (mut folded, mut origins) = (String::new(), Vec::new());
        for (place, character) in text.char_indices() {
            folded.extend(character.to_lowercase());
            origins.resize(folded.len(), place);
        }
        Self {
            text: folded,
            origins,
            end: text.len(),
        }
    }

    fn origin(&self, place: usize) -> Option<usize> {
        if self.origins.is_empty() || place == self.text.len() {
            return Some(if place == self.text.len() {
                self.end
            } else {
                place
            });
        }
        self.origins.get(place).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn whole_words_in_any_case_are_masked() {
        let censor = Censor::new("Darn\n heck \n\nzwölf Äpfel").unwrap();
        let masked = |text: &str| match censor.apply(text) {
            Censored::Clean => text.to_owned(),
            Censored::Masked(text) => text,
        };
        assert_eq!(masked("DARN, what the heck!"), "****, what the ****!");
        assert_eq!(masked("darning checks"), "darning checks");
        assert_eq!(masked("İİ ZWÖLF äPFEL ok"), "İİ ***** ***** ok");
        assert_eq!(masked("heck"), "****");
    }

    #[test]
    fn an_empty_list_finds_nothing() {
        assert_eq!(
            Censor::new(" \n").unwrap().apply("anything"),
            Censored::Clean
        );
    }

    proptest! {
        #[test]
        fn any_text_survives(text in "\\PC{0,60}") {
            let censor = Censor::new("a\nß\nİ\nab c").unwrap();
            if let Censored::Masked(masked) = censor.apply(&text) {
                prop_assert_eq!(masked.chars().count(), text.chars().count());
            }
        }
    }
}
