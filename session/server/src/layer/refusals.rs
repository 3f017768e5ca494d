//! Shows refusals as pages, if the answer is to be shown by a browser.

use std::{
    convert::Infallible,
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::{
    extract::Request,
    http::{HeaderValue, header},
    response::Response,
};
use futures::future::BoxFuture;
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::{
    dwell::Dwell,
    navigation::is_navigation,
    refusal::{Refusal, ShowRefusal, show},
};

/// The layer that shows refusals as pages, for routes that are not inside of the
/// [`DwellLayer`](super::DwellLayer), which does the same.
#[derive(Clone)]
pub struct RefusalLayer {
    show: ShowRefusal,
}

impl RefusalLayer {
    pub(crate) fn new(dwell: &Dwell) -> Self {
        Self {
            show: dwell.settings().show_refusal.clone(),
        }
    }
}

impl fmt::Debug for RefusalLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefusalLayer")
    }
}

impl<S> Layer<S> for RefusalLayer {
    type Service = RefusalService<S>;

    fn layer(&self, inner: S) -> RefusalService<S> {
        RefusalService {
            show: self.show.clone(),
            inner,
        }
    }
}

/// The service that the [`RefusalLayer`] puts around another.
#[derive(Clone)]
pub struct RefusalService<S> {
    show: ShowRefusal,
    inner: S,
}

impl<S> fmt::Debug for RefusalService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefusalService")
    }
}

impl<S> Service<Request> for RefusalService<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = DwellFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let show = is_navigation(request.headers()).then(|| self.show.clone());
        DwellFuture::direct(self.inner.call(request), show, false)
    }
}

pin_project! {
    /// The future of a [`DwellService`](super::DwellService) or a [`RefusalService`].
    pub struct DwellFuture<F> {
        #[pin]
        handling: Handling<F>,
        // Set if a browser will show the answer as a page.
        show: Option<ShowRefusal>,
        is_private: bool,
    }
}

pin_project! {
    #[project = HandlingProjection]
    enum Handling<F> {
        Direct {
            #[pin]
            inner: F,
        },
        Boxed {
            handling: BoxFuture<'static, Result<Response, Infallible>>,
        },
    }
}

impl<F> DwellFuture<F> {
    /// If the answer `is_private`, browsers and proxies are told not to store it.
    pub(super) fn direct(inner: F, show: Option<ShowRefusal>, is_private: bool) -> Self {
        Self {
            handling: Handling::Direct { inner },
            show,
            is_private,
        }
    }

    pub(super) fn boxed(
        handling: BoxFuture<'static, Result<Response, Infallible>>,
        show: Option<ShowRefusal>,
    ) -> Self {
        Self {
            handling: Handling::Boxed { handling },
            show,
            is_private: false,
        }
    }
}

impl<F> Future for DwellFuture<F>
where
    F: Future<Output = Result<Response, Infallible>>,
{
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = match this.handling.project() {
            HandlingProjection::Direct { inner } => ready!(inner.poll(cx))?,
            HandlingProjection::Boxed { handling } => ready!(handling.as_mut().poll(cx))?,
        };
        if *this.is_private {
            no_store(&mut response);
        }
        Poll::Ready(Ok(match this.show {
            Some(page) if response.extensions().get::<Refusal>().is_some() => show(page, response),
            _ => response,
        }))
    }
}

/// Makes sure that browsers and proxies do not store an answer to somebody who is signed in, unless
/// the answer itself allows it (`H1`).
pub(super) fn no_store(response: &mut Response) {
    response
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}

impl<F> fmt::Debug for DwellFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DwellFuture")
    }
}
