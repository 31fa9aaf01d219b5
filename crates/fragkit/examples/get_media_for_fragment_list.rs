//! From the body of GetMediaForFragmentList to a clip, while it comes in over HTTP.
//!
//! ```sh
//! cargo run -p fragkit --features tokio --example get_media_for_fragment_list -- testdata/h264-main-aac.chunks.mkv clip.mp4
//! ```
//!
//! A server on this machine plays the service: it answers `POST /getMediaForFragmentList` with the file as a chunked body, cut where
//! no element ends. With the AWS SDK, the client's part is
//!
//! ```text
//! let response = client.get_media_for_fragment_list().stream_name(name).set_fragments(Some(numbers)).send().await?;
//! save_clip(FragmentStream::from_reader(response.payload.into_async_read()), "clip.mp4".as_ref()).await?;
//! ```

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use fragkit::{ClipOptions, ClipSummary, FragmentStream, IntoBytes, Item, Output, StreamWriter, StreamingClipper};
use futures_core::Stream;
use http_body_util::{BodyExt as _, Full};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

#[path = "shared/service.rs"]
mod service;

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(stream), Some(output)) = (arguments.next(), arguments.next()) else {
        return Err("usage: get_media_for_fragment_list STREAM.mkv CLIP.mp4".into());
    };
    let stream = Bytes::from(std::fs::read(stream)?);
    let address = service::start(stream, Duration::ZERO).await?;

    // A request as the service takes it; it does not mind that nobody signed it here.
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(TcpStream::connect(address).await?)).await?;
    tokio::spawn(connection);
    let request = Request::builder()
        .method(Method::POST)
        .uri("/getMediaForFragmentList")
        .header("host", address.to_string())
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from_static(br#"{"StreamName": "doorbell", "Fragments": ["1", "2"]}"#)))?;
    let response = sender.send_request(request).await?;
    if response.status() != StatusCode::OK {
        return Err(format!("the service says {}", response.status()).into());
    }

    let fragments = FragmentStream::new(response.into_body().into_data_stream());
    let summary = save_clip(fragments, output.as_ref()).await?;
    println!("{} fragments, {} ms", summary.fragments, summary.duration_ms);
    Ok(())
}

/// Writes a clip while fragments come in. The file has its name only when it is whole.
async fn save_clip<S, E>(mut fragments: FragmentStream<S>, path: &Path) -> Result<ClipSummary, Failure>
where
    S: Stream + Unpin,
    S::Item: IntoBytes<Error = E>,
    E: Error + Send + Sync + Unpin + 'static,
{
    let mut output = Output::create::<&Path>(path, &[])?;
    let mut writer = StreamWriter::new(output.file());
    let mut clipper = StreamingClipper::new(ClipOptions::default());
    while let Some(item) = fragments.next().await {
        match item? {
            // Short and rare enough for this thread; where disks are slow, `tokio::task::block_in_place` is the place for it.
            Item::Fragment(fragment) => writer.add(&mut clipper, &fragment)?,
            Item::Finding(finding) => eprintln!("{finding}"),
        }
    }
    let end = clipper.finish()?;
    writer.finish(&end.moov)?;
    let (offset, bytes) = end.patch;
    output.patch(offset, &bytes)?;
    output.finish()?;
    Ok(end.summary)
}
