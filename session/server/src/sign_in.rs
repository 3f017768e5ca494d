//! Signing in and signing out.

use std::time::Duration;

use axum::{
    Json,
    extract::FromRequestParts,
    http::{
        HeaderMap, HeaderName, HeaderValue,
        header::{self, SET_COOKIE},
        request::Parts,
    },
    response::{IntoResponse, Redirect, Response},
};
use dwell_session::{ActiveStatus, EndReason, Policy, Status};
use futures::future::BoxFuture;

use crate::{
    PersonId,
    current::session_context,
    dwell::Dwell,
    layer::{SessionContext, is_forged},
    navigation::is_navigation,
    person::InvalidPersonId,
    refusal::{Denied, Refusal},
    return_path::ReturnPath,
    sessions::{Begun, LiveSession, SessionParams, Visit},
    store::{Origin, Provider, SessionId, SessionKey, SessionLimits, StoreError},
    turned_away::turn_away_to,
};

/// How much of the `User-Agent` is stored, in characters. It is enough to tell browsers apart.
const MAX_BROWSER_LENGTH: usize = 120;

/// Begins sessions for people who have been authenticated. It is an extractor for the handler of
/// the form for signing in, or for a server function.
///
/// A request that may change something, such as a `POST`, is refused if another site has made the
/// browser send it, so that nobody is signed in as somebody else without knowing it (`K2`).
#[derive(Debug, Clone)]
pub struct SignIn {
    dwell: Dwell,
    visit: Visit,
    origin: Origin,
    is_navigation: bool,
}

impl SignIn {
    /// Begins a session of `person`, once the returned [`Begin`] is awaited. If the browser has a
    /// live session, that session ends in the same step (`D1`).
    pub fn begin<P>(&self, person: P) -> Begin
    where
        P: TryInto<PersonId>,
        InvalidPersonId: From<P::Error>,
    {
        let previous = match &self.visit {
            Visit::Live(live) => Some(live.session.key),
            Visit::Ended(_) | Visit::OtherPage | Visit::Anonymous => None,
        };
        let origin = self.origin.clone();
        Begin::of(&self.dwell, person, previous, origin, self.is_navigation)
    }

    /// What is known about the session that the browser had before.
    pub fn visit(&self) -> &Visit {
        &self.visit
    }

    /// The network address and the browser from which the request comes.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Whether the browser will show the answer as a page. Otherwise a script reads it.
    pub fn is_navigation(&self) -> bool {
        self.is_navigation
    }

    /// The [`Dwell`] in which sessions begin.
    pub fn dwell(&self) -> &Dwell {
        &self.dwell
    }
}

impl<S: Sync> FromRequestParts<S> for SignIn {
    type Rejection = Denied;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Denied> {
        let SessionContext { dwell, visit } = session_context(parts)?;
        if is_forged(&parts.method, &parts.headers) {
            return Err(Refusal::CROSS_SITE.into());
        }
        Ok(Self {
            dwell: dwell.clone(),
            visit: visit.clone(),
            origin: origin(dwell, parts),
            is_navigation: is_navigation(&parts.headers),
        })
    }
}

fn origin(dwell: &Dwell, parts: &Parts) -> Origin {
    let address = dwell
        .client_address(parts)
        .map(|address| address.to_string());
    let browser = parts
        .headers
        .get(header::USER_AGENT)
        .and_then(|agent| agent.to_str().ok())
        .map(|agent| {
            let printable = agent.chars().filter(|character| !character.is_control());
            printable.take(MAX_BROWSER_LENGTH).collect()
        });
    Origin {
        address: address.unwrap_or_else(|| "an unknown address".into()),
        browser: browser.unwrap_or_else(|| "An unknown browser".into()),
    }
}

/// A session that is about to begin. Awaiting it begins the session.
#[derive(Debug)]
#[must_use = "the session begins when it is awaited"]
pub struct Begin {
    dwell: Dwell,
    params: Result<SessionParams, InvalidPersonId>,
    next: Option<ReturnPath>,
    is_navigation: bool,
}

impl Begin {
    pub(crate) fn of<P>(
        dwell: &Dwell,
        person: P,
        previous: Option<SessionKey>,
        origin: Origin,
        is_navigation: bool,
    ) -> Self
    where
        P: TryInto<PersonId>,
        InvalidPersonId: From<P::Error>,
    {
        let person = person.try_into().map_err(InvalidPersonId::from);
        Self {
            dwell: dwell.clone(),
            params: person.map(|person| SessionParams {
                person,
                previous,
                limits: SessionLimits::from(dwell.policy()),
                authenticated_ago: Duration::ZERO,
                credential: None,
                provider: None,
                origin,
            }),
            next: None,
            is_navigation,
        }
    }

    /// Sets the page to show after signing in, if `path` is the path of a page of this program
    /// (`F5`). Otherwise, and by default, it is the page at `/`.
    pub fn next(mut self, path: &str) -> Self {
        self.next = self.dwell.return_path(path);
        self
    }

    /// Sets the version of the credential with which the person was authenticated, for example a
    /// counter that changes with the password. The sessions of the person that were begun with
    /// another version end (`C5`). By default there is no version.
    pub fn credential(self, version: impl ToString) -> Self {
        self.with(|params| params.credential = Some(version.to_string()))
    }

    /// Sets a stricter policy for this session: each timeout of the session is the shorter one of
    /// this policy and of the policy in force.
    pub fn policy(self, policy: &Policy) -> Self {
        self.with(|params| {
            let limits = &mut params.limits;
            limits.idle = limits.idle.min(policy.idle());
            limits.absolute = limits.absolute.min(policy.absolute());
        })
    }

    /// Sets the session at an identity provider from which this session follows.
    pub fn provider(self, provider: Provider) -> Self {
        self.with(|params| params.provider = Some(provider))
    }

    /// Sets how long ago the person was authenticated. The absolute timeout counts from then. The
    /// default is now.
    pub fn authenticated_ago(self, duration: Duration) -> Self {
        self.with(|params| params.authenticated_ago = duration)
    }

    fn with(mut self, change: impl FnOnce(&mut SessionParams)) -> Self {
        if let Ok(params) = &mut self.params {
            change(params);
        }
        self
    }
}

/// The session could not be begun.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// The program has passed an invalid id of a person.
    #[error(transparent)]
    Person(#[from] InvalidPersonId),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<BeginError> for Denied {
    fn from(error: BeginError) -> Self {
        match error {
            BeginError::Store(error) => Self::Unavailable(error),
            BeginError::Person(error) => {
                tracing::error!(%error, "a person with an invalid id could not be signed in");
                Refusal::MISCONFIGURED.into()
            }
        }
    }
}

impl IntoFuture for Begin {
    type Output = Result<SignedIn, BeginError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let Self {
                dwell,
                params,
                next,
                is_navigation,
            } = self;
            let Begun { id, live } = dwell.sessions().begin(params?).await?;
            Ok(SignedIn {
                id,
                cookie: dwell.settings().cookie.issue(id),
                status: live.status(dwell.policy()),
                live,
                next,
                is_navigation,
            })
        })
    }
}

/// A session that has begun. As a response it sets the session cookie, and redirects a browser to
/// [`next`](Self::next) or answers a script with the status as JSON.
#[derive(Debug)]
#[must_use = "the browser is not in the session until it receives the cookie"]
pub struct SignedIn {
    id: SessionId,
    cookie: Option<HeaderValue>,
    status: ActiveStatus,
    live: LiveSession,
    next: Option<ReturnPath>,
    is_navigation: bool,
}

impl SignedIn {
    /// The status of the session, which says how much time is left.
    pub fn status(&self) -> ActiveStatus {
        self.status
    }

    /// The session.
    pub fn session(&self) -> &crate::store::Session {
        &self.live.session
    }

    /// The id of the session. It is a secret that only the browser may know.
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// The path of the page to show after signing in: see [`Begin::next`].
    pub fn next(&self) -> &str {
        self.next.as_ref().map_or("/", ReturnPath::as_str)
    }

    /// The value of the `Set-Cookie` header. A program that makes a response of its own, for
    /// example in a server function, has to add this header to it. It is `None` only if the cookie
    /// cannot be written as a header.
    pub fn set_cookie(&self) -> Option<&HeaderValue> {
        self.cookie.as_ref()
    }
}

impl IntoResponse for SignedIn {
    fn into_response(self) -> Response {
        let mut response = match self.is_navigation {
            true => Redirect::to(self.next()).into_response(),
            false => Json(Status::Active(self.status)).into_response(),
        };
        if let Some(cookie) = self.cookie {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        response
    }
}

/// Makes the browser delete what pages have stored in it (`H4`).
const CLEAR_STORAGE: (HeaderName, HeaderValue) = (
    HeaderName::from_static("clear-site-data"),
    HeaderValue::from_static("\"storage\""),
);

/// The handler that signs out, for `POST` at [`Names::sign_out`](dwell_session::Names::sign_out).
/// The session has ended in the store before the request is answered.
///
/// # Errors
///
/// The store failed, or the request comes from a page of another session.
pub async fn sign_out(dwell: Dwell, visit: Visit, headers: HeaderMap) -> Result<Response, Denied> {
    let settings = dwell.settings();
    let reason = EndReason::SignedOut;
    let live = match visit {
        Visit::Live(live) => live,
        Visit::Ended(tombstone) => {
            let reason = Some(tombstone.reason);
            return Ok(turn_away_to(settings, None, &headers, reason));
        }
        Visit::OtherPage => return Err(Refusal::ANOTHER_SESSION.into()),
        Visit::Anonymous => return Ok(turn_away_to(settings, None, &headers, None)),
    };
    if !dwell.sessions().end(live.session.key, reason).await? {
        return Ok(turn_away_to(settings, None, &headers, Some(reason)));
    }
    let mut answer = match is_navigation(&headers) {
        true => turn_away_to(settings, None, &headers, Some(reason)),
        false => Json(Status::Ended { reason }).into_response(),
    };
    let cookie = &settings.cookie;
    for cookie in [cookie.remove(), cookie.sign_out_mark()]
        .into_iter()
        .flatten()
    {
        answer.headers_mut().append(SET_COOKIE, cookie);
    }
    if settings.clears_site_data {
        let (name, value) = CLEAR_STORAGE;
        answer.headers_mut().insert(name, value);
    }
    Ok(answer)
}
