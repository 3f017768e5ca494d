//! [`Dwell`], the handle of a program to its session timeouts.

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

/// Session timeouts for a program, or for a part of it. Clones share the same state.
#[derive(Clone)]
pub struct Dwell(Arc<Inner>);

/// The components of a [`Dwell`].
pub(crate) struct Parts {
    pub settings: Settings,
    pub sessions: Arc<Sessions>,
    pub session_store: Arc<SessionData>,
    #[cfg(feature = "drafts")]
    pub drafts: Option<Drafts>,
}

struct Inner {
    parts: Parts,
    has_protected_routes: AtomicBool,
    has_layer: AtomicBool,
}

/// The settings of the builder, which have been checked.
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
    /// Returns a builder for session timeouts with this policy.
    pub fn builder(policy: Policy) -> DwellBuilder {
        DwellBuilder::new(policy)
    }

    pub(crate) fn assemble(parts: Parts) -> Self {
        Self(Arc::new(Inner {
            parts,
            has_protected_routes: AtomicBool::new(false),
            has_layer: AtomicBool::new(false),
        }))
    }

    /// Returns the layer that must be around all routes that use sessions. See [`DwellLayer`].
    pub fn layer(&self) -> DwellLayer {
        self.0.has_layer.store(true, Ordering::Relaxed);
        DwellLayer::new(self.clone())
    }

    /// Returns the layer for routes that only people who are signed in may use. See [`Protect`].
    pub fn protect(&self) -> Protect {
        self.0.has_protected_routes.store(true, Ordering::Relaxed);
        Protect::new(self.clone())
    }

    /// Returns the layer that shows refusals as pages on routes outside of [`layer`](Self::layer).
    /// See [`RefusalLayer`].
    pub fn show_refusals(&self) -> RefusalLayer {
        RefusalLayer::new(self)
    }

    /// Returns the layer for routes whose handlers take a [`tower_sessions::Session`]. See
    /// [`DataLayer`].
    pub fn data(&self) -> DataLayer {
        DataLayer::new()
    }

    /// Spawns the background tasks, which follow the store, write touches, and end sessions on
    /// time. Call it after the router has been built.
    ///
    /// # Errors
    ///
    /// [`protect`](Self::protect) has been called, but [`layer`](Self::layer) has not.
    ///
    /// # Panics
    ///
    /// This is called outside of a Tokio runtime.
    pub fn spawn(&self) -> Result<Background, SpawnError> {
        let has_protected_routes = self.0.has_protected_routes.load(Ordering::Relaxed);
        if has_protected_routes && !self.0.has_layer.load(Ordering::Relaxed) {
            return Err(SpawnError::NoLayer);
        }
        Ok(Background::spawn(self))
    }

    /// Begins a session of `person` outside of a request, once the returned [`Begin`] is awaited.
    /// This is for tests, and for programs in which something other than a form has authenticated
    /// the person. In a request, use [`SignIn`], which also knows the previous session of the
    /// browser and where the request comes from.
    ///
    /// [`SignIn`]: crate::SignIn
    pub fn begin<P>(&self, person: P) -> Begin
    where
        P: TryInto<PersonId>,
        InvalidPersonId: From<P::Error>,
    {
        Begin::of(self, person, None, Origin::default(), false)
    }

    /// Whether both are the same instance.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The policy in force.
    pub fn policy(&self) -> &Policy {
        self.0.parts.sessions.policy()
    }

    /// The paths and names of the contract, which the pages of the program have to use.
    pub fn names(&self) -> &Names {
        &self.0.parts.settings.names
    }

    /// The paths of the module that was passed to [`DwellBuilder::browser_module`], for the pages
    /// that load it. Returns `None` if there is none.
    pub fn module_paths(&self) -> Option<ModulePaths> {
        let module = self.0.parts.settings.browser_module.as_ref()?;
        Some(module.paths(self.names()))
    }

    /// The name and the attributes of the session cookie.
    pub fn cookie(&self) -> &SessionCookie {
        &self.0.parts.settings.cookie
    }

    /// Checks whether the store answers.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.0.parts.sessions.ping().await
    }

    /// Returns the live sessions of `person`, the most recently active first (`E3`).
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn sessions_of(&self, person: &PersonId) -> Result<Vec<ListedSession>, StoreError> {
        self.0.parts.sessions.list(person).await
    }

    /// Ends a session with the reason [`Revoked`](dwell_session::EndReason::Revoked), if it is
    /// live. Returns whether it was.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn revoke(&self, session: SessionKey) -> Result<bool, StoreError> {
        let reason = dwell_session::EndReason::Revoked;
        self.0.parts.sessions.end(session, reason).await
    }

    /// Ends every session of `person` except `keep` (`C5`). Returns the number of ended sessions.
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

    /// Returns the number of live sessions, including those of other nodes. A session whose time is
    /// over counts until it has been ended in the store.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn count(&self) -> Result<u64, StoreError> {
        self.0.parts.sessions.count().await
    }

    /// Returns the person whose session, live or ended, has this generation.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn owner(&self, generation: Generation) -> Result<Option<PersonId>, StoreError> {
        self.0.parts.sessions.owner(generation).await
    }

    /// Returns how far this node may be behind in hearing of sessions that have ended: it knows of
    /// every end that was longer ago. Returns `None` if the store does not report ends at the
    /// moment, so that it is asked on every request.
    pub fn staleness(&self) -> Option<Duration> {
        self.0.parts.sessions.staleness()
    }

    /// Reports what has been counted in memory since the last call to the
    /// [`Meter`](crate::meter::Meter). Call it before the metrics are read.
    pub fn measure(&self) {
        self.0.parts.sessions.measure();
    }

    /// Follows the ends that the store reports, so that most requests need not ask the store.
    /// [`spawn`](Self::spawn) runs this method and the next three in background tasks; a test that
    /// moves the clock can call them itself.
    pub async fn follow(&self) -> Infallible {
        self.0.parts.sessions.follow().await
    }

    /// Writes the touches that are due, and ends some of the sessions whose time is over.
    ///
    /// # Errors
    ///
    /// The store failed. What was not done is done by a later call.
    pub async fn maintain(&self) -> Result<Maintenance, StoreError> {
        self.0.parts.sessions.maintain().await
    }

    /// Deletes some of the tombstones that are older than
    /// [`TOMBSTONE_RETENTION`](crate::store::TOMBSTONE_RETENTION).
    ///
    /// # Errors
    ///
    /// The store failed. What was not done is done by a later call.
    pub async fn forget_tombstones(&self) -> Result<Maintenance, StoreError> {
        self.0.parts.sessions.forget_tombstones().await
    }

    /// Writes all touches that have not been written yet, for example before the program stops.
    ///
    /// # Errors
    ///
    /// The store failed. What was not written is written by a later call.
    pub async fn write_all(&self) -> Result<(), StoreError> {
        self.0.parts.sessions.write_all().await
    }

    /// Whether somebody has signed out within the last minute in the browser that sends `headers`.
    pub fn has_just_signed_out(&self, headers: &HeaderMap) -> bool {
        self.0.parts.settings.cookie.has_sign_out_mark(headers)
    }

    /// Returns the page to which `path` leads, if it is safe to redirect somebody there (`F5`).
    pub fn return_path(&self, path: &str) -> Option<ReturnPath> {
        self.0.parts.settings.pages.return_path(path)
    }

    /// Returns the network address of the client that sends the request. The program has to be
    /// served with `into_make_service_with_connect_info::<SocketAddr>()`; otherwise this returns
    /// `None`.
    pub fn client_address(&self, parts: &request::Parts) -> Option<IpAddr> {
        let ConnectInfo(peer) = parts.extensions.get::<ConnectInfo<SocketAddr>>()?;
        let proxies = &self.0.parts.settings.trusted_proxies;
        Some(proxies.client(peer.ip(), &parts.headers))
    }

    /// The drafts, if the program keeps drafts.
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

/// The background tasks cannot be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SpawnError {
    /// Routes are protected, but there is no layer that finds the session of a request, so every
    /// request to them would be refused.
    #[error(
        "routes are protected with `dwell.protect()`, but no router has the layer of Dwell: add \
         `.layer(dwell.layer())` to the router"
    )]
    NoLayer,
}
