//! What nobody may get around.

mod hidden;
mod inside;
mod sessions;
