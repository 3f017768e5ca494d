//! Signing in and out.

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
    current::attached,
    dwell::Dwell,
    layer::{Attached, is_forged},
    navigation::is_navigation,
    person::InvalidPersonId,
    refusal::{Denied, Refusal},
    return_path::ReturnPath,
    sessions::{Beginning, Begun, LiveSession, Visit},
    store::{Origin, Provider, SessionId, SessionKey, SessionLimits, StoreError},
    turned_away::turn_away_to,
};

/// Enough to tell browsers apart, in characters.
const LONGEST_BROWSER: usize = 120;

/// Begins sessions for people who have proved who they are: an extractor for the handler that the form
/// for signing in is sent to, or for a server function.
///
/// A request that may change something and that another site has made the browser send is refused, so
/// that nobody is signed in as somebody else without knowing (`K2`).
#[derive(Debug, Clone)]
pub struct SignIn {
    dwell: Dwell,
    visit: Visit,
    origin: Origin,
    is_navigation: bool,
}

impl SignIn {
    /// Begins a session of `person`, once the returned [`Begin`] is awaited. The session that the
    /// browser came with ends in the same step (`D1`).
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

    /// What is known of the session that the browser came with.
    pub fn visit(&self) -> &Visit {
        &self.visit
    }

    /// Where the request comes from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Whether the answer is to become the page of a browser, and not to be read by a script.
    pub fn is_navigation(&self) -> bool {
        self.is_navigation
    }

    /// Dwell itself.
    pub fn dwell(&self) -> &Dwell {
        &self.dwell
    }
}

impl<S: Sync> FromRequestParts<S> for SignIn {
    type Rejection = Denied;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Denied> {
        let Attached { dwell, visit } = attached(parts)?;
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
            printable.take(LONGEST_BROWSER).collect()
        });
    Origin {
        address: address.unwrap_or_else(|| "an unknown address".into()),
        browser: browser.unwrap_or_else(|| "An unknown browser".into()),
    }
}

/// A session that is about to begin. It begins when this is awaited.
#[derive(Debug)]
#[must_use = "the session begins when it is awaited"]
pub struct Begin {
    dwell: Dwell,
    beginning: Result<Beginning, InvalidPersonId>,
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
            beginning: person.map(|person| Beginning {
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

    /// Where to go on, if it is a path to a page of this program (`F5`). Without one, or with another,
    /// it is the first page.
    pub fn next(mut self, path: &str) -> Self {
        self.next = self.dwell.return_path(path);
        self
    }

    /// The version of the credential that the person has proved who they are with. Their sessions that
    /// were begun with another version end (`C5`).
    pub fn credential(self, version: impl ToString) -> Self {
        self.with(|beginning| beginning.credential = Some(version.to_string()))
    }

    /// A tighter policy for this session: its timeouts hold where they are shorter than those of the
    /// policy in force.
    pub fn policy(self, policy: &Policy) -> Self {
        self.with(|beginning| {
            let limits = &mut beginning.limits;
            limits.idle = limits.idle.min(policy.idle());
            limits.absolute = limits.absolute.min(policy.absolute());
        })
    }

    /// The session at an identity provider that this one follows from.
    pub fn provider(self, provider: Provider) -> Self {
        self.with(|beginning| beginning.provider = Some(provider))
    }

    /// How long ago the person really proved who they are: the absolute timeout counts from then.
    pub fn authenticated_ago(self, duration: Duration) -> Self {
        self.with(|beginning| beginning.authenticated_ago = duration)
    }

    fn with(mut self, change: impl FnOnce(&mut Beginning)) -> Self {
        if let Ok(beginning) = &mut self.beginning {
            change(beginning);
        }
        self
    }
}

/// No session has begun.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// The program has named a person by something that is no id.
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
                tracing::error!(%error, "nobody could be signed in");
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
                beginning,
                next,
                is_navigation,
            } = self;
            let Begun { id, live } = dwell.sessions().begin(beginning?).await?;
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

/// A session has begun. As an answer it gives the browser its cookie, and sends it on; a script is told
/// the status.
#[derive(Debug)]
#[must_use = "without the cookie the browser is not in the session"]
pub struct SignedIn {
    id: SessionId,
    cookie: Option<HeaderValue>,
    status: ActiveStatus,
    live: LiveSession,
    next: Option<ReturnPath>,
    is_navigation: bool,
}

impl SignedIn {
    /// What the page is told: how much time is left.
    pub fn status(&self) -> ActiveStatus {
        self.status
    }

    /// The session.
    pub fn session(&self) -> &crate::store::Session {
        &self.live.session
    }

    /// The id of the session, which nobody but the browser may know.
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// Where the person is to be led: see [`Begin::next`].
    pub fn next(&self) -> &str {
        self.next.as_ref().map_or("/", ReturnPath::as_str)
    }

    /// The `Set-Cookie` header that an answer of the program's own has to carry, a server function's
    /// for one.
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

/// Makes the browser let go of what pages have kept in it (`H4`).
const CLEAR_STORAGE: (HeaderName, HeaderValue) = (
    HeaderName::from_static("clear-site-data"),
    HeaderValue::from_static("\"storage\""),
);

/// The handler that signs out: `POST` at [`Names::sign_out`](dwell_session::Names::sign_out). The
/// session has ended in the store before anything is answered.
///
/// # Errors
///
/// The store failed, or the page is another session's.
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
    for cookie in [cookie.remove(), cookie.remember_sign_out()]
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
