//! A server on this machine that plays the service: the same bytes as the body of every response, chunked, cut anywhere.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::time::{Sleep, sleep};

/// Starts it on a port of its own, for as long as the runtime runs. A live stream has a pause between any two pieces.
pub(crate) async fn start(stream: Bytes, pause: Duration) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let stream = stream.clone();
            let answer = service_fn(move |_: Request<Incoming>| {
                let body = Pieces { left: stream.clone(), size: 1, pause, pausing: None };
                let response = Response::builder().header("content-type", "video/webm").body(body);
                async move { response }
            });
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(connection), answer));
        }
    });
    Ok(address)
}

/// A body of pieces whose sizes have nothing to do with what is in them.
struct Pieces {
    left: Bytes,
    size: usize,
    pause: Duration,
    pausing: Option<Pin<Box<Sleep>>>,
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(pausing) = &mut self.pausing {
            std::task::ready!(pausing.as_mut().poll(context));
            self.pausing = None;
        }
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        // 1, 8, 57, 400 ... bytes, and from the start again.
        let size = self.size.min(self.left.len());
        self.size = if self.size > 20_000 { 1 } else { self.size * 7 + 1 };
        let piece = self.left.split_to(size);
        if !self.pause.is_zero() {
            self.pausing = Some(Box::pin(sleep(self.pause)));
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }
}
