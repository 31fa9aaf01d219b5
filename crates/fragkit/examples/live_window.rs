//! The last seconds of a live stream in memory, and a clip of them when something happens.
//!
//! ```sh
//! cargo run -p fragkit --features tokio --example live_window -- testdata/h264-main-aac.chunks.mkv clip.mp4 2
//! ```
//!
//! A server on this machine plays GetMedia: it sends the file as a live stream. What happens here is that ten of its fragments have
//! come, or all that there are; in a service it is the doorbell.

use std::collections::VecDeque;
use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use fragkit::{ClipOptions, Fragment, FragmentStream, Item, StreamingClipper};
use http_body_util::{BodyExt as _, Empty};
use hyper::Request;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

#[path = "shared/service.rs"]
mod service;

type Failure = Box<dyn Error + Send + Sync>;

/// The newest fragments, as many as it takes to cover some seconds.
struct Window {
    millis: i64,
    fragments: VecDeque<Fragment>,
}

impl Window {
    fn new(seconds: i64) -> Window {
        Window { millis: seconds * 1000, fragments: VecDeque::new() }
    }

    fn push(&mut self, fragment: Fragment) {
        if !fragment.head.is_whole() || fragment.head.frame_count() == 0 {
            return;
        }
        self.fragments.push_back(fragment);
        // What is left without the oldest has to cover the window still.
        while self.covered() - self.fragments.front().map_or(0, |oldest| oldest.head.duration_ms()) >= self.millis {
            self.fragments.pop_front();
        }
    }

    fn covered(&self) -> i64 {
        self.fragments.iter().map(|fragment| fragment.head.duration_ms()).sum()
    }

    /// An MP4 of what is in it, which begins with a key frame, since fragments do.
    fn clip(&self) -> Result<Vec<u8>, fragkit::ClipError> {
        let mut clipper = StreamingClipper::new(ClipOptions::default());
        let mut file = Vec::new();
        for fragment in &self.fragments {
            clipper.add(fragment, |bytes| {
                file.extend_from_slice(bytes);
                Ok::<_, fragkit::ClipError>(())
            })?;
        }
        let end = clipper.finish()?;
        file.extend_from_slice(&end.moov);
        let (offset, bytes) = end.patch;
        let at = usize::try_from(offset).unwrap_or(usize::MAX);
        if let Some(placeholder) = file.get_mut(at..).and_then(|behind| behind.get_mut(..bytes.len())) {
            placeholder.copy_from_slice(&bytes);
        }
        Ok(file)
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let (Some(stream), Some(output)) = (arguments.next(), arguments.next()) else {
        return Err("usage: live_window STREAM.mkv CLIP.mp4 [SECONDS]".into());
    };
    let seconds = arguments.next().map_or(Ok(10), |seconds| seconds.parse())?;
    let stream = Bytes::from(std::fs::read(stream)?);
    let address = service::start(stream, Duration::from_micros(500)).await?;

    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(TcpStream::connect(address).await?)).await?;
    tokio::spawn(connection);
    let request = Request::post("/getMedia").header("host", address.to_string()).body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;

    let mut fragments = FragmentStream::new(response.into_body().into_data_stream());
    let mut window = Window::new(seconds);
    let mut taken = 0;
    while let Some(item) = fragments.next().await {
        match item? {
            Item::Fragment(fragment) => {
                window.push(fragment);
                taken += 1;
            }
            Item::Finding(finding) => eprintln!("{finding}"),
        }
        if taken == 10 {
            break;
        }
    }
    std::fs::write(output, window.clip()?)?;
    println!("{} of {taken} fragments, {} ms", window.fragments.len(), window.covered());
    Ok(())
}
