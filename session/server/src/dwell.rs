//! Dwell as a program holds it.

use std::{
    convert::Infallible,
    fmt,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    extract::ConnectInfo,
    http::{HeaderMap, request},
};
use dwell_session::{Generation, Names, Policy};

#[cfg(feature = "drafts")]
use crate::drafts::Drafts;
use crate::{
    Background, Begin, BrowserModule, DwellBuilder, InvalidPersonId, Maintenance, ModulePaths,
    PersonId,
    cookie::SessionCookie,
    layer::{DataLayer, DwellLayer, GenerationRule, Protect, RefusalLayer},
    refusal::ShowRefusal,
    return_path::{Pages, ReturnPath},
    session_data::SessionData,
    sessions::Sessions,
    store::{ListedSession, Origin, SessionKey, StoreError},
    trusted_proxies::TrustedProxies,
};

/// Session timeouts for one program, or for a part of it. Clones are the same.
#[derive(Clone)]
pub struct Dwell(Arc<Inner>);

/// What it is made of.
pub(crate) struct Parts {
    pub settings: Settings,
    pub sessions: Arc<Sessions>,
    pub session_store: Arc<SessionData>,
    #[cfg(feature = "drafts")]
    pub drafts: Option<Drafts>,
}

struct Inner {
    parts: Parts,
    is_protecting: AtomicBool,
    has_layer: AtomicBool,
}

/// What has been set, checked.
pub(crate) struct Settings {
    pub names: Arc<Names>,
    pub cookie: SessionCookie,
    pub pages: Pages,
    pub generation_rule: GenerationRule,
    pub body_limit: usize,
    pub trusted_proxies: TrustedProxies,
    pub clears_site_data: bool,
    pub show_refusal: ShowRefusal,
    pub browser_module: Option<BrowserModule>,
}

impl Dwell {
    /// Begins to set up session timeouts under `policy`.
    pub fn builder(policy: Policy) -> DwellBuilder {
        DwellBuilder::new(policy)
    }

    pub(crate) fn assemble(parts: Parts) -> Self {
        Self(Arc::new(Inner {
            parts,
            is_protecting: AtomicBool::new(false),
            has_layer: AtomicBool::new(false),
        }))
    }

    /// The layer around everything that knows sessions. See [`DwellLayer`].
    pub fn layer(&self) -> DwellLayer {
        self.0.has_layer.store(true, Ordering::Relaxed);
        DwellLayer::new(self.clone())
    }

    /// The layer around routes for people who are signed in. See [`Protect`].
    pub fn protect(&self) -> Protect {
        self.0.is_protecting.store(true, Ordering::Relaxed);
        Protect::new()
    }

    /// The layer around routes that know no sessions and yet answer with refusals. See
    /// [`RefusalLayer`].
    pub fn show_refusals(&self) -> RefusalLayer {
        RefusalLayer::new(self)
    }

    /// The layer around routes whose handlers take a [`tower_sessions::Session`]. See [`DataLayer`].
    pub fn data(&self) -> DataLayer {
        DataLayer::new()
    }

    /// Begins what is done beside the requests: the store is followed, touches are written, and
    /// sessions end on time. To be called once the routes are put together.
    ///
    /// # Errors
    ///
    /// Routes are protected that no layer runs around.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime.
    pub fn spawn(&self) -> Result<Background, SpawnError> {
        let is_protecting = self.0.is_protecting.load(Ordering::Relaxed);
        if is_protecting && !self.0.has_layer.load(Ordering::Relaxed) {
            return Err(SpawnError::NoLayer);
        }
        Ok(Background::spawn(self))
    }

    /// Begins a session of `person` outside of a request, once the returned [`Begin`] is awaited: for a
    /// test, or where something else than a form has proved who they are. In a request, [`SignIn`]
    /// also knows which session the browser came with, and where from.
    ///
    /// [`SignIn`]: crate::SignIn
    pub fn begin<P>(&self, person: P) -> Begin
    where
        P: TryInto<PersonId>,
        InvalidPersonId: From<P::Error>,
    {
        Begin::of(self, person, None, Origin::default(), false)
    }

    /// The policy in force.
    pub fn policy(&self) -> &Policy {
        self.0.parts.sessions.policy()
    }

    /// The paths and names that the pages of the program have to use.
    pub fn names(&self) -> &Names {
        &self.0.parts.settings.names
    }

    /// Where browsers find the module that [`DwellBuilder::browser_module`] was handed, for the pages to
    /// load it.
    pub fn module_paths(&self) -> Option<ModulePaths> {
        let module = self.0.parts.settings.browser_module.as_ref()?;
        Some(module.paths(self.names()))
    }

    /// How the session cookie is written.
    pub fn cookie(&self) -> &SessionCookie {
        &self.0.parts.settings.cookie
    }

    /// Whether the store answers.
    ///
    /// # Errors
    ///
    /// It does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.0.parts.sessions.ping().await
    }

    /// The live sessions of `person`, the latest active first (`E3`).
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn sessions_of(&self, person: &PersonId) -> Result<Vec<ListedSession>, StoreError> {
        self.0.parts.sessions.list(person).await
    }

    /// Ends a session as if somebody else had, if it lives. Returns whether it did.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn revoke(&self, session: SessionKey) -> Result<bool, StoreError> {
        let reason = dwell_session::EndReason::Revoked;
        self.0.parts.sessions.end(session, reason).await
    }

    /// Ends every session of `person` but `keep` (`C5`). Returns how many there were.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn revoke_others(
        &self,
        person: &PersonId,
        keep: SessionKey,
    ) -> Result<usize, StoreError> {
        self.0.parts.sessions.end_others(person, keep).await
    }

    /// How many sessions are live, on whatever node they began.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn count(&self) -> Result<u64, StoreError> {
        self.0.parts.sessions.count().await
    }

    /// Whose session, live or ended, has this generation.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn owner(&self, generation: Generation) -> Result<Option<PersonId>, StoreError> {
        self.0.parts.sessions.owner(generation).await
    }

    /// How long ago the latest end may be that this node does not know of. None where the store
    /// reports no ends, so that it is asked at every request.
    pub fn staleness(&self) -> Option<Duration> {
        self.0.parts.sessions.staleness()
    }

    /// Hands what has been counted in memory since the last call to the [`Meter`](crate::meter::Meter). To be called before
    /// the numbers are read.
    pub fn measure(&self) {
        self.0.parts.sessions.measure();
    }

    /// Follows the store, so that a request need not ask it. This and the next three are what
    /// [`spawn`](Self::spawn) does again and again; a test that moves the clock does them itself.
    pub async fn follow(&self) -> Infallible {
        self.0.parts.sessions.follow().await
    }

    /// Writes the touches that are due, and ends some of the sessions whose time is over.
    ///
    /// # Errors
    ///
    /// The store failed. What was not done is done the next time.
    pub async fn maintain(&self) -> Result<Maintenance, StoreError> {
        self.0.parts.sessions.maintain().await
    }

    /// Deletes some of the tombstones that nobody will ask for any more.
    ///
    /// # Errors
    ///
    /// The store failed. What was not done is done the next time.
    pub async fn forget_tombstones(&self) -> Result<Maintenance, StoreError> {
        self.0.parts.sessions.forget_tombstones().await
    }

    /// Writes every touch that is yet to be written, as before the program stops.
    ///
    /// # Errors
    ///
    /// The store failed. What was not written stays to be written.
    pub async fn write_all(&self) -> Result<(), StoreError> {
        self.0.parts.sessions.write_all().await
    }

    /// Whether somebody has just signed out in the browser that sends `headers`.
    pub fn has_just_signed_out(&self, headers: &HeaderMap) -> bool {
        self.0.parts.settings.cookie.tells_of_sign_out(headers)
    }

    /// The page that `path` leads to, if it is safe to send somebody there (`F5`).
    pub fn return_path(&self, path: &str) -> Option<ReturnPath> {
        self.0.parts.settings.pages.return_path(path)
    }

    /// The address of the client that sends the request, as far as it is known: the program has to be
    /// served with `into_make_service_with_connect_info::<SocketAddr>()`.
    pub fn client_address(&self, parts: &request::Parts) -> Option<IpAddr> {
        let ConnectInfo(peer) = parts.extensions.get::<ConnectInfo<SocketAddr>>()?;
        let proxies = &self.0.parts.settings.trusted_proxies;
        Some(proxies.client(peer.ip(), &parts.headers))
    }

    /// What people have typed and not sent yet, if that is kept.
    #[cfg(feature = "drafts")]
    pub fn drafts(&self) -> Option<&Drafts> {
        self.0.parts.drafts.as_ref()
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.parts.settings
    }

    pub(crate) fn sessions(&self) -> &Arc<Sessions> {
        &self.0.parts.sessions
    }

    pub(crate) fn session_store(&self) -> Arc<SessionData> {
        Arc::clone(&self.0.parts.session_store)
    }
}

impl fmt::Debug for Dwell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dwell")
            .field("policy", self.policy())
            .field("names", self.names())
            .finish_non_exhaustive()
    }
}

/// What is done beside the requests cannot begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SpawnError {
    /// Nobody could get through to a protected route.
    #[error(
        "routes are protected with `dwell.protect()`, and no router has `.layer(dwell.layer())` \
         around them"
    )]
    NoLayer,
}
