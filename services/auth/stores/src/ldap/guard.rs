//! What stands between a server and the LDAP library.
//!
//! The library reads messages of any length and descends into them as deep as they are nested: 60 KB
//! from a server, or from whoever answers in its place before the encryption begins, would overflow
//! the stack and end the whole program. So connecting and encryption are done here, and of what comes
//! in only whole messages of a bounded length and depth are passed on.

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::UnixStream;

/// Longest message of a server.
const MESSAGE_BYTES_MAX: usize = 4_194_304;
/// Deepest nesting; the deepest of the protocol, a search result with controls, has seven levels.
const DEPTH_MAX: usize = 32;

const SEQUENCE: u8 = 0x30;
const CONSTRUCTED: u8 = 0x20;
const LONG_TAG: u8 = 0x1f;
const EXTENDED_ANSWER: u8 = 0x78;
/// Message 1, an extended request with the name 1.3.6.1.4.1.1466.20037 (RFC 4511, 4.14).
const START_TLS: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";

/// Where an element begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Element {
    tag: u8,
    content: usize,
    end: usize,
}

/// What the header at a place says; `None` if it is not one that LDAP allows (RFC 4511, 5.1).
fn element_at(bytes: &[u8], at: usize) -> Option<Element> {
    let [tag, first, rest @ ..] = bytes.get(at..)? else {
        return None;
    };
    let count = match first {
        0..=0x7f => 0,
        0x81..=0x84 => usize::from(first & 0x7f),
        _ => return None,
    };
    let length = match count {
        0 => usize::from(*first),
        _ => rest
            .get(..count)?
            .iter()
            .fold(0, |sum, digit| (sum << 8) | usize::from(*digit)),
    };
    let content = at + 2 + count;
    let end = content.checked_add(length)?;
    (tag & LONG_TAG != LONG_TAG).then_some(Element {
        tag: *tag,
        content,
        end,
    })
}

/// Whether all elements are whole and not too deep in each other.
pub(super) fn is_shallow(bytes: &[u8]) -> bool {
    let mut ends = vec![bytes.len()];
    let mut at = 0;
    while let Some(&end) = ends.last() {
        if at == end {
            ends.pop();
            continue;
        }
        let Some(element) = element_at(bytes, at).filter(|element| element.end <= end) else {
            return false;
        };
        if element.tag & CONSTRUCTED == 0 {
            at = element.end;
            continue;
        }
        if ends.len() == DEPTH_MAX {
            return false;
        }
        ends.push(element.end);
        at = element.content;
    }
    true
}

/// The next message; `None` at the end, or when it is none that is passed on.
async fn next_message(server: &mut (impl AsyncRead + Unpin)) -> Option<Vec<u8>> {
    let mut message = vec![0; 2];
    server.read_exact(&mut message).await.ok()?;
    let digits = match message.as_slice() {
        [SEQUENCE, 0..=0x7f] => 0,
        [SEQUENCE, first @ 0x81..=0x84] => usize::from(first & 0x7f),
        _ => return None,
    };
    message.resize(2 + digits, 0);
    server.read_exact(message.get_mut(2..)?).await.ok()?;
    let Element { content, end, .. } = element_at(&message, 0)?;
    if end > MESSAGE_BYTES_MAX {
        return None;
    }
    message.resize(end, 0);
    server.read_exact(message.get_mut(content..)?).await.ok()?;
    is_shallow(&message).then_some(message)
}

/// Asks for encryption; `None` if the server does not want it. Nothing behind the answer is read, so
/// nothing that was said in the clear is taken for encrypted.
pub(super) async fn start_tls(server: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Option<()> {
    server.write_all(START_TLS).await.ok()?;
    let answer = next_message(server).await?;
    let number = element_at(&answer, element_at(&answer, 0)?.content)?;
    let operation = element_at(&answer, number.end)?;
    let code = element_at(&answer, operation.content)?;
    let is_yes = answer.get(number.content..number.end) == Some(&[1])
        && operation.tag == EXTENDED_ANSWER
        && answer.get(code.content..code.end) == Some(&[0]);
    is_yes.then_some(())
}

/// Passes messages on until one side ends.
pub(super) async fn pass_on(server: impl AsyncRead + AsyncWrite, library: UnixStream) {
    let (mut from_server, mut to_server) = tokio::io::split(server);
    let (mut from_library, mut to_library) = library.into_split();
    let down = async {
        while let Some(message) = next_message(&mut from_server).await {
            if to_library.write_all(&message).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        () = down => {}
        _ = tokio::io::copy(&mut from_library, &mut to_server) => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn nested(levels: usize) -> Vec<u8> {
        (0..levels).fold(Vec::new(), |inner, _| {
            let length = u32::try_from(inner.len()).unwrap().to_be_bytes();
            [vec![SEQUENCE, 0x84], length.to_vec(), inner].concat()
        })
    }

    #[test]
    fn depth_is_bounded() {
        assert!(is_shallow(b""));
        assert!(is_shallow(START_TLS));
        assert!(is_shallow(&nested(DEPTH_MAX - 1)));
        assert!(!is_shallow(&nested(DEPTH_MAX)));
        for wrong in [
            &[0x30][..],
            &[0x30, 1],
            &[0x30, 0x80],
            &[0x3f, 0],
            &[0x30, 0x85, 0, 0, 0, 0, 0],
        ] {
            assert!(!is_shallow(wrong), "{wrong:?}");
        }
        // The inner one is longer than the outer one.
        assert!(!is_shallow(&[0x30, 2, 0x30, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
    }

    #[tokio::test]
    async fn messages_are_whole_short_and_shallow() {
        let good = [nested(3), START_TLS.to_vec()].concat();
        let mut stream = good.as_slice();
        assert_eq!(next_message(&mut stream).await, Some(nested(3)));
        assert_eq!(next_message(&mut stream).await.as_deref(), Some(START_TLS));
        assert_eq!(next_message(&mut stream).await, None);
        for wrong in [
            &nested(DEPTH_MAX)[..],
            &nested(3)[..10],
            // 4 GiB, and one byte more than is passed on.
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[0x30, 0x83, 0x40, 0x00, 0x00],
            b"HTTP/1.1 400",
        ] {
            assert_eq!(next_message(&mut &wrong[..]).await, None, "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(bytes: Vec<u8>) {
            is_shallow(&bytes);
        }
    }
}
