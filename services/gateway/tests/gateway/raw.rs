//! HTTP/1.1 by hand, so that what is on the wire is what is tested.

use std::{fmt::Write as _, time::Duration};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    time::timeout,
};

const LIMIT: Duration = Duration::from_secs(10);

/// A response; its body is read as it comes.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    reader: BufReader<TcpStream>,
    buffer: Vec<u8>,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    }

    fn is_chunked(&self) -> bool {
        self.header("transfer-encoding") == Some("chunked")
    }

    /// The next piece of a chunked body; `None` at its end.
    async fn chunk(&mut self) -> Option<Vec<u8>> {
        let mut line = String::new();
        timeout(LIMIT, self.reader.read_line(&mut line))
            .await
            .expect("a chunk")
            .ok()?;
        let length = usize::from_str_radix(line.trim(), 16).ok()?;
        let mut data = vec![0; length + 2];
        self.reader.read_exact(&mut data).await.ok()?;
        data.truncate(length);
        (length > 0).then_some(data)
    }

    /// The whole body.
    pub(crate) async fn body(mut self) -> Vec<u8> {
        let mut body = Vec::new();
        if self.is_chunked() {
            while let Some(chunk) = self.chunk().await {
                body.extend(chunk);
            }
        } else if let Some(length) = self.header("content-length") {
            body.resize(length.parse().unwrap(), 0);
            timeout(LIMIT, self.reader.read_exact(&mut body))
                .await
                .unwrap()
                .unwrap();
        }
        body
    }

    pub(crate) async fn json(self) -> serde_json::Value {
        let body = self.body().await;
        serde_json::from_slice(&body).unwrap_or_else(|error| {
            panic!("{error}: {}", String::from_utf8_lossy(&body));
        })
    }

    /// At least `length` bytes of a chunked body, taken from its front.
    pub(crate) async fn take(&mut self, length: usize) -> Option<Vec<u8>> {
        while self.buffer.len() < length {
            let chunk = self.chunk().await?;
            self.buffer.extend(chunk);
        }
        Some(self.buffer.drain(..length).collect())
    }

    /// The next server-sent event as its lines.
    pub(crate) async fn event(&mut self) -> Option<Vec<String>> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\n\n") {
                let event: Vec<u8> = self.buffer.drain(..end + 2).collect();
                let text = String::from_utf8(event).unwrap();
                return Some(text.trim_end().lines().map(str::to_owned).collect());
            }
            let chunk = self.chunk().await?;
            self.buffer.extend(chunk);
        }
    }
}

/// Sends a request and reads the head of the answer.
pub(crate) async fn request(
    address: std::net::SocketAddr,
    head: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Reply {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut text = format!("{head} HTTP/1.1\r\nhost: {address}\r\n");
    for (name, value) in headers {
        write!(text, "{name}: {value}\r\n").unwrap();
    }
    if !headers.iter().any(|(name, _)| *name == "content-length") {
        write!(text, "content-length: {}\r\n", body.len()).unwrap();
    }
    text.push_str("\r\n");
    stream.write_all(text.as_bytes()).await.unwrap();
    // A server that refuses by the head alone may close before it has read the body.
    let _refused = stream.write_all(body).await;
    read_head(stream).await
}

async fn read_head(stream: TcpStream) -> Reply {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    timeout(LIMIT, reader.read_line(&mut line))
        .await
        .expect("an answer")
        .unwrap();
    let status = line
        .split(' ')
        .nth(1)
        .unwrap_or_else(|| panic!("{line:?}"))
        .parse()
        .unwrap();
    let mut headers = Vec::new();
    loop {
        line.clear();
        reader.read_line(&mut line).await.unwrap();
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    Reply {
        status,
        headers,
        reader,
        buffer: Vec::new(),
    }
}
