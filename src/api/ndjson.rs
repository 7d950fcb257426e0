//! A stream of bytes as lines, in bounded memory.

use std::time::Duration;

use actix_web::web::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};

/// The next piece of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    Text(Bytes),
    Blank,
    /// Longer than allowed; what it said is gone, the next line is whole.
    TooLong,
    /// The stream broke off.
    Broken,
    /// Nothing arrived for too long.
    TimedOut,
}

/// Cuts a stream of chunks into lines.
#[derive(Debug)]
pub struct Lines<S> {
    chunks: S,
    buffer: BytesMut,
    /// Up to where the buffer is known to hold no line feed.
    searched: usize,
    limit: usize,
    patience: Duration,
    skipping: bool,
    ended: bool,
}

impl<S, E> Lines<S>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    /// Lines of at most `limit` bytes; between two chunks may lie `patience`.
    pub fn new(chunks: S, limit: usize, patience: Duration) -> Self {
        Self { chunks, buffer: BytesMut::new(), searched: 0, limit, patience, skipping: false, ended: false }
    }

    /// The next line; `None` at the end. Not to be asked again after [`Line::Broken`] or [`Line::TimedOut`].
    pub async fn next(&mut self) -> Option<Line> {
        loop {
            if let Some(line) = self.cut() {
                return Some(line);
            }
            if self.ended {
                return self.rest();
            }
            match tokio::time::timeout(self.patience, self.chunks.next()).await {
                Err(_) => return Some(Line::TimedOut),
                Ok(Some(Err(_))) => return Some(Line::Broken),
                Ok(Some(Ok(chunk))) => self.buffer.extend_from_slice(&chunk),
                Ok(None) => self.ended = true,
            }
        }
    }

    /// A line that is whole, or the news that it is too long.
    fn cut(&mut self) -> Option<Line> {
        loop {
            let feed = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n').map(|at| at + self.searched);
            match feed {
                Some(at) => {
                    let line = self.buffer.split_to(at + 1).freeze().slice(..at);
                    self.searched = 0;
                    if std::mem::take(&mut self.skipping) {
                        // Its beginning was reported already.
                        continue;
                    }
                    return Some(self.judge(line));
                }
                None => {
                    self.searched = self.buffer.len();
                    if self.skipping {
                        self.buffer.clear();
                        self.searched = 0;
                    } else if self.buffer.len() > self.limit {
                        self.skipping = true;
                        self.buffer.clear();
                        self.searched = 0;
                        return Some(Line::TooLong);
                    }
                    return None;
                }
            }
        }
    }

    /// What follows the last line feed.
    fn rest(&mut self) -> Option<Line> {
        let line = self.buffer.split().freeze();
        self.searched = 0;
        (!line.is_empty() && !self.skipping).then(|| self.judge(line))
    }

    fn judge(&self, line: Bytes) -> Line {
        if line.len() > self.limit {
            Line::TooLong
        } else if line.iter().all(u8::is_ascii_whitespace) {
            Line::Blank
        } else {
            Line::Text(line)
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    async fn lines(chunks: &[&str]) -> Vec<Line> {
        let chunks: Vec<Result<Bytes, ()>> = chunks.iter().map(|chunk| Ok(Bytes::copy_from_slice(chunk.as_bytes()))).collect();
        let mut lines = Lines::new(stream::iter(chunks), 8, Duration::from_secs(1));
        let mut all = Vec::new();
        while let Some(line) = lines.next().await {
            all.push(line);
        }
        all
    }

    fn text(line: &str) -> Line {
        Line::Text(Bytes::copy_from_slice(line.as_bytes()))
    }

    #[actix_web::test]
    async fn chunks_become_lines() {
        assert_eq!(lines(&["a\nb", "c\n", "\r\nd"]).await, [text("a"), text("bc"), Line::Blank, text("d")]);
        assert_eq!(lines(&[]).await, []);
        assert_eq!(lines(&["\n\n"]).await, [Line::Blank, Line::Blank]);
        assert_eq!(lines(&["12345678\n"]).await, [text("12345678")]);
    }

    #[actix_web::test]
    async fn a_long_line_is_reported_once_and_the_next_is_whole() {
        assert_eq!(lines(&["123456789\na\n"]).await, [Line::TooLong, text("a")]);
        assert_eq!(lines(&["12345", "67890", "12345", "678\na\nb"]).await, [Line::TooLong, text("a"), text("b")]);
        assert_eq!(lines(&["12345", "67890"]).await, [Line::TooLong]);
        assert_eq!(lines(&["1234567890", "\n", "a"]).await, [Line::TooLong, text("a")]);
    }

    #[actix_web::test]
    async fn a_stream_that_breaks_or_stalls_says_so() {
        let mut broken = Lines::new(stream::iter([Ok(Bytes::from_static(b"a\nb")), Err(())]), 8, Duration::from_secs(1));
        assert_eq!((broken.next().await, broken.next().await), (Some(text("a")), Some(Line::Broken)));
        let stalled = stream::pending::<Result<Bytes, ()>>();
        assert_eq!(Lines::new(stalled, 8, Duration::from_millis(10)).next().await, Some(Line::TimedOut));
    }
}
