//! The reference configuration, made from the declarations.

use std::fmt::Write as _;

use super::SectionSpec;

/// A commented file with every setting at its default.
pub fn reference_toml(specs: &[SectionSpec]) -> String {
    let mut text = String::from(
        "# Every setting with its default. Generated from the program; do not edit.\n\
         # Order: defaults < this file < environment < command line.\n\
         # A secret can also be given as <key>_file, the path of a file that holds it.\n",
    );
    for spec in specs {
        text.push('\n');
        push_doc(&mut text, spec.doc);
        // Writing to a String cannot fail.
        let _infallible = writeln!(text, "[{}]", spec.name);
        for setting in &spec.settings {
            text.push('\n');
            push_doc(&mut text, setting.doc);
            let range = setting
                .range
                .as_ref()
                .map_or_else(String::new, |r| format!(", {r}"));
            let variable = setting.environment_name(spec.name);
            let default = setting.default.as_deref().unwrap_or("");
            let _infallible = write!(
                text,
                "# ({}{range}; {variable})\n#{} = {default}",
                setting.type_name, setting.key,
            );
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
    }
    text
}

fn push_doc(text: &mut String, doc: &[&str]) {
    for line in doc {
        text.push('#');
        text.push_str(line);
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
}
