//! The messages of a gRPC request, one by one.
//!
//! Read here and not by tonic, which keeps 8 KiB for each open request: most streams of clients
//! rest most of the time, so nothing is kept between two messages.

use bytes::{Buf as _, Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt as _;
use prost::Message;

/// Before each message: whether it is compressed, and its length.
const HEAD_BYTES: usize = 5;

/// A request as it comes.
#[derive(Debug)]
pub(super) struct Messages<B> {
    body: B,
    buffer: BytesMut,
    /// Bytes still to come of a message that is too long.
    skip: usize,
    bytes_max: usize,
}

impl<B: Body<Data = Bytes> + Unpin> Messages<B> {
    /// Messages of at most `bytes_max` bytes.
    pub(super) fn new(body: B, bytes_max: usize) -> Self {
        Self {
            body,
            buffer: BytesMut::new(),
            skip: 0,
            bytes_max,
        }
    }

    /// The next message, or what is wrong with it; `None` at the end. Cancel-safe.
    pub(super) async fn next<M: Message + Default>(&mut self) -> Option<Result<M, String>> {
        loop {
            if let Some(message) = self.take() {
                return Some(message);
            }
            // A request that breaks off has ended too: there is nobody to tell.
            let frame = self.body.frame().await?.ok()?;
            if let Ok(data) = frame.into_data() {
                self.add(data);
            }
        }
    }

    fn add(&mut self, mut data: Bytes) {
        let skipped = self.skip.min(data.len());
        data.advance(skipped);
        self.skip -= skipped;
        self.buffer.extend_from_slice(&data);
    }

    fn take<M: Message + Default>(&mut self) -> Option<Result<M, String>> {
        let [compressed, length @ ..] = *self.buffer.first_chunk::<HEAD_BYTES>()?;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        let whole = HEAD_BYTES.saturating_add(length);
        if length > self.bytes_max {
            let here = whole.min(self.buffer.len());
            self.buffer.advance(here);
            self.skip = whole - here;
            return Some(Err("the frame is too long".to_owned()));
        }
        if self.buffer.len() < whole {
            return None;
        }
        let mut message = self.buffer.split_to(whole);
        if self.buffer.is_empty() {
            self.buffer = BytesMut::new();
        }
        message.advance(HEAD_BYTES);
        if compressed != 0 {
            return Some(Err("no compression was agreed on".to_owned()));
        }
        Some(M::decode(message).map_err(|error| error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http_body::Frame;
    use http_body_util::StreamBody;
    use im_proto::gateway::Ack;

    use super::*;

    fn framed(compressed: u8, cursor: &str) -> Vec<u8> {
        let message = Ack {
            cursor: cursor.to_owned(),
        };
        let encoded = message.encode_to_vec();
        let length = u32::try_from(encoded.len()).unwrap().to_be_bytes();
        [vec![compressed], length.to_vec(), encoded].concat()
    }

    /// What is read of a request that comes in these pieces.
    async fn read(pieces: &[&[u8]]) -> Vec<Result<String, String>> {
        let frames = pieces.iter().map(|piece| {
            let data = Frame::data(Bytes::copy_from_slice(piece));
            Ok::<_, Infallible>(data)
        });
        let body = StreamBody::new(futures_util::stream::iter(frames.collect::<Vec<_>>()));
        let mut messages = Messages::new(body, 16);
        let mut read = Vec::new();
        while let Some(message) = messages.next::<Ack>().await {
            read.push(message.map(|ack| ack.cursor));
        }
        assert_eq!(messages.buffer.capacity(), 0, "nothing is kept");
        read
    }

    #[tokio::test]
    async fn messages_come_out_whole_however_they_are_cut() {
        let bytes = [framed(0, "one"), framed(0, ""), framed(0, "three")].concat();
        let expected = ["one", "", "three"].map(|text| Ok(text.to_owned()));
        assert_eq!(read(&[&bytes]).await, expected);
        for at in 1..bytes.len() {
            let (first, second) = bytes.split_at(at);
            assert_eq!(read(&[first, second]).await, expected, "cut at {at}");
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(read(&single).await, expected);
    }

    #[tokio::test]
    async fn what_is_no_message_is_told_and_the_next_one_is_read() {
        let long = framed(0, &"x".repeat(100));
        let bytes = [long.clone(), framed(1, "a"), framed(0, "b")].concat();
        for at in [3, 7, 50, long.len()] {
            let (first, second) = bytes.split_at(at);
            let read = read(&[first, second]).await;
            let [Err(too_long), Err(compressed), Ok(text)] = read.as_slice() else {
                panic!("{read:?}");
            };
            assert_eq!(too_long, "the frame is too long");
            assert!(compressed.contains("compression"), "{compressed}");
            assert_eq!(text, "b");
        }
    }
}
