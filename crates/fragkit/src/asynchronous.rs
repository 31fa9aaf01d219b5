//! Fragments out of asynchronous sources: network streams, bodies of HTTP responses.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use fragkit_fragment::{Assembler, Item, Limits};
use futures_core::Stream;
use tokio::io::AsyncRead;
use tokio_util::io::ReaderStream;

/// How much is read at a time from an [`AsyncRead`].
const PIECE: usize = 64 << 10;

/// Gives the fragments of a stream of bytes as they come, each as soon as its end is seen.
///
/// It is a [`Stream`], and [`next`](FragmentStream::next) does without the traits. Frames are slices of the pieces that come, and
/// hold them in memory.
///
/// ```
/// use bytes::Bytes;
/// use fragkit::{FragmentStream, Item};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// # let response: &[u8] = b"";
/// // What the AWS SDK gives: `get_media().send().await?.payload.into_async_read()`.
/// let mut fragments = FragmentStream::from_reader(response);
/// while let Some(item) = fragments.next().await {
///     match item? {
///         Item::Fragment(fragment) => println!("{:?}, {} frames", fragment.head.number, fragment.frames.len()),
///         Item::Finding(finding) => eprintln!("{finding}"),
///     }
/// }
/// # Ok(())
/// # }
/// ```
///
/// Chunk streams and ordinary Matroska are read so; of an MP4 file the end may be needed first, which [`Pipe`](crate::Pipe) waits for.
///
/// An error of the source comes last: before it, what the pieces until then come to, with the fragment that it cut off as
/// [`Completeness::Cut`](crate::Completeness::Cut).
pub struct FragmentStream<S: Stream>
where
    S::Item: IntoBytes,
{
    source: S,
    assembler: Assembler,
    finished: bool,
    error: Option<<S::Item as IntoBytes>::Error>,
}

impl<S: Stream> std::fmt::Debug for FragmentStream<S>
where
    S::Item: IntoBytes,
{
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FragmentStream").field("finished", &self.finished).finish_non_exhaustive()
    }
}

/// What a stream of bytes gives: [`Bytes`], or a result with something that can be turned into them.
pub trait IntoBytes {
    /// Why there are no more bytes.
    type Error;

    /// The bytes.
    ///
    /// # Errors
    ///
    /// If the source has failed.
    fn into_bytes(self) -> Result<Bytes, Self::Error>;
}

impl IntoBytes for Bytes {
    type Error = Infallible;

    fn into_bytes(self) -> Result<Bytes, Infallible> {
        Ok(self)
    }
}

impl<B: Into<Bytes>, E> IntoBytes for Result<B, E> {
    type Error = E;

    fn into_bytes(self) -> Result<Bytes, E> {
        self.map(Into::into)
    }
}

impl<R: AsyncRead> FragmentStream<ReaderStream<R>> {
    /// Of a reader, such as the payload of GetMedia as the AWS SDK gives it.
    pub fn from_reader(reader: R) -> Self {
        FragmentStream::new(ReaderStream::with_capacity(reader, PIECE))
    }
}

impl<S: Stream> FragmentStream<S>
where
    S::Item: IntoBytes,
{
    /// Of a stream of pieces, cut anywhere.
    pub fn new(source: S) -> Self {
        FragmentStream::with_assembler(source, Assembler::new(Limits::default()))
    }

    /// The same with an assembler that has limits of its own, or leaves frames out.
    pub fn with_assembler(source: S, assembler: Assembler) -> Self {
        FragmentStream { source, assembler, finished: false, error: None }
    }
}

impl<S: Stream + Unpin> FragmentStream<S>
where
    S::Item: IntoBytes,
{
    /// The next fragment or finding; `None` at the end. Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Result<Item, <S::Item as IntoBytes>::Error>>
    where
        <S::Item as IntoBytes>::Error: Unpin,
    {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

impl<S: Stream + Unpin> Stream for FragmentStream<S>
where
    S::Item: IntoBytes,
    <S::Item as IntoBytes>::Error: Unpin,
{
    type Item = Result<Item, <S::Item as IntoBytes>::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(item) = self.assembler.poll() {
                return Poll::Ready(Some(Ok(item)));
            }
            if self.finished {
                return Poll::Ready(self.error.take().map(Err));
            }
            match Pin::new(&mut self.source).poll_next(context).map(|piece| piece.map(IntoBytes::into_bytes)) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(bytes))) => self.assembler.push(bytes),
                Poll::Ready(end) => {
                    self.error = end.and_then(Result::err);
                    self.finished = true;
                    self.assembler.finish();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;
    use crate::Completeness;

    /// Pieces with a pause before each.
    struct Pieces<T>(VecDeque<T>, bool);

    impl<T: Unpin> Stream for Pieces<T> {
        type Item = T;

        fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
            self.1 = !self.1;
            if self.1 {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(self.0.pop_front())
        }
    }

    fn stream() -> Bytes {
        std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/h264-main-aac.chunks.mkv")).unwrap().into()
    }

    fn cut(stream: &Bytes, size: usize) -> Vec<Bytes> {
        (0..stream.len()).step_by(size).map(|at| stream.slice(at..stream.len().min(at + size))).collect()
    }

    async fn all<S: Stream + Unpin>(source: S) -> Vec<Result<Item, <S::Item as IntoBytes>::Error>>
    where
        S::Item: IntoBytes,
        <S::Item as IntoBytes>::Error: Unpin,
    {
        let mut fragments = FragmentStream::new(source);
        let mut items = Vec::new();
        while let Some(item) = fragments.next().await {
            items.push(item);
        }
        assert!(fragments.next().await.is_none());
        items
    }

    #[tokio::test]
    async fn pieces_of_any_size_give_what_the_whole_gives() {
        let stream = stream();
        let whole: Vec<String> = crate::Source::from(stream.clone()).items().map(|item| format!("{item:?}")).collect();
        for size in [1, 1000, 65_537, stream.len()] {
            let items = all(Pieces(cut(&stream, size).into(), false)).await;
            let items: Vec<String> = items.into_iter().map(|item| format!("{:?}", item.unwrap())).collect();
            assert_eq!(items, whole, "{size}");
        }
        let mut read = FragmentStream::from_reader(&stream[..]);
        let mut count = 0;
        while let Some(item) = read.next().await {
            item.unwrap();
            count += 1;
        }
        assert_eq!(count, whole.len());
    }

    #[tokio::test]
    async fn an_error_comes_after_what_was_there_before_it() {
        let stream = stream();
        let mut pieces: VecDeque<Result<Bytes, &str>> = cut(&stream, 10_000).into_iter().map(Ok).collect();
        pieces.truncate(pieces.len() / 2);
        pieces.push_back(Err("the connection was reset"));
        let items = all(Pieces(pieces, false)).await;
        let (last, before) = items.split_last().unwrap();
        assert_eq!(last.as_ref().unwrap_err(), &"the connection was reset");
        let fragments: Vec<_> = before
            .iter()
            .filter_map(|item| match item.as_ref().unwrap() {
                Item::Fragment(fragment) => Some(fragment.head.completeness),
                Item::Finding(_) => None,
            })
            .collect();
        let (last, whole) = fragments.split_last().unwrap();
        assert!(matches!(last, Completeness::Cut { .. }), "{last:?}");
        assert!(!whole.is_empty() && whole.iter().all(|completeness| *completeness == Completeness::Complete));
    }
}
