//! The comments of the protos.

use std::collections::HashMap;

use prost_reflect::DescriptorPool;

/// Comments by file and path within it.
#[derive(Debug)]
pub(super) struct Comments {
    texts: HashMap<(String, Vec<i32>), String>,
}

impl Comments {
    pub(super) fn new(pool: &DescriptorPool) -> Self {
        let mut texts = HashMap::new();
        for file in pool.files() {
            let info = file.file_descriptor_proto().source_code_info.as_ref();
            for location in info.into_iter().flat_map(|info| &info.location) {
                let lines = location.leading_comments().lines().map(str::trim);
                let text = lines.collect::<Vec<_>>().join(" ").trim().to_owned();
                if !text.is_empty() {
                    texts.insert((file.name().to_owned(), location.path.clone()), text);
                }
            }
        }
        Self { texts }
    }

    /// The comment of what stands at `path` in `file`; empty if there is none.
    pub(super) fn get(&self, file: &str, path: &[i32]) -> &str {
        self.texts
            .get(&(file.to_owned(), path.to_vec()))
            .map_or("", String::as_str)
    }
}
