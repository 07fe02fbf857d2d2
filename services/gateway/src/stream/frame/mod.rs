//! Frames as JSON, written and read without reflection: this is where most of the bytes of the
//! system go through. The tests hold both directions to the proto3 mapping.

mod read;
#[cfg(test)]
mod tests;
mod views;

use im_proto::gateway::{ClientFrame, server_frame::Frame};

/// A frame to a client as JSON: an object with one key.
pub(super) fn write(frame: &Frame) -> String {
    // Views have no way to fail: their keys are text, and writing goes to memory.
    serde_json::to_string(&views::FrameView::of(frame)).unwrap_or_default()
}

/// A frame from a client.
pub(super) fn read(text: &str) -> Result<ClientFrame, serde_json::Error> {
    read::frame(text)
}
