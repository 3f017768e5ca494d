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
    http::{HeaderMap, request::Parts},
    response::Response,
};
use dwell_session::{Generation, Names, Policy};

#[cfg(feature = "drafts")]
use crate::drafts::Drafts;
use crate::{
    Background, Begin, InvalidPersonId, Maintenance, PersonId,
    clock::{Clock, SystemClock},
    cookie::SessionCookie,
    layer::{DataLayer, DwellLayer, GenerationRule, Protect, RefusalLayer},
    meter::Meter,
    refusal::{Refusal, ShowRefusal, plain_page},
    return_path::{Pages, Place, ReturnPath},
    session_data::SessionData,
    sessions::Sessions,
    store::{ListedSession, Origin, SessionKey, Store, StoreError, timed::Timed},
    trusted_proxies::TrustedProxies,
};

/// How much of a form or of JSON is read before it is decided whether its session lives, in bytes.
const BODY_LIMIT: usize = 256 * 1024;

/// How long the store may take to answer.
const STORE_TIMEOUT: Duration = Duration::from_secs(5);

/// Session timeouts for one program, or for a part of it. Clones are the same.
#[derive(Clone)]
pub struct Dwell(Arc<Inner>);

struct Inner {
    settings: Settings,
    sessions: Arc<Sessions>,
    session_store: Arc<SessionData>,
    #[cfg(feature = "drafts")]
    drafts: Option<Drafts>,
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
}

impl Dwell {
    /// Begins to set up session timeouts under `policy`.
    pub fn builder(policy: Policy) -> DwellBuilder {
        DwellBuilder {
            policy,
            store: None,
            names: Names::default(),
            cookie: SessionCookie::default(),
            place_of: Box::new(|_| Place::Page),
            generation_rule: GenerationRule::default(),
            body_limit: BODY_LIMIT,
            store_timeout: STORE_TIMEOUT,
            trusted_proxies: TrustedProxies::default(),
            clears_site_data: false,
            show_refusal: Arc::new(plain_page),
            meter: Arc::new(()),
            clock: None,
            #[cfg(feature = "drafts")]
            drafts: None,
        }
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
        self.0.sessions.policy()
    }

    /// The paths and names that the pages of the program have to use.
    pub fn names(&self) -> &Names {
        &self.0.settings.names
    }

    /// How the session cookie is written.
    pub fn cookie(&self) -> &SessionCookie {
        &self.0.settings.cookie
    }

    /// Whether the store answers.
    ///
    /// # Errors
    ///
    /// It does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.0.sessions.ping().await
    }

    /// The live sessions of `person`, the latest active first (`E3`).
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn sessions_of(&self, person: &PersonId) -> Result<Vec<ListedSession>, StoreError> {
        self.0.sessions.list(person).await
    }

    /// Ends a session as if somebody else had, if it lives. Returns whether it did.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn revoke(&self, session: SessionKey) -> Result<bool, StoreError> {
        let reason = dwell_session::EndReason::Revoked;
        self.0.sessions.end(session, reason).await
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
        self.0.sessions.end_others(person, keep).await
    }

    /// How many sessions are live, on whatever node they began.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn count(&self) -> Result<u64, StoreError> {
        self.0.sessions.count().await
    }

    /// Whose session, live or ended, has this generation.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn owner(&self, generation: Generation) -> Result<Option<PersonId>, StoreError> {
        self.0.sessions.owner(generation).await
    }

    /// How long ago the latest end may be that this node does not know of. None where the store
    /// reports no ends, so that it is asked at every request.
    pub fn staleness(&self) -> Option<Duration> {
        self.0.sessions.staleness()
    }

    /// Hands what has been counted in memory since the last call to the [`Meter`]. To be called before
    /// the numbers are read.
    pub fn measure(&self) {
        self.0.sessions.measure();
    }

    /// Follows the store, so that a request need not ask it. This and the next three are what
    /// [`spawn`](Self::spawn) does again and again; a test that moves the clock does them itself.
    pub async fn follow(&self) -> Infallible {
        self.0.sessions.follow().await
    }

    /// Writes the touches that are due, and ends some of the sessions whose time is over.
    ///
    /// # Errors
    ///
    /// The store failed. What was not done is done the next time.
    pub async fn maintain(&self) -> Result<Maintenance, StoreError> {
        self.0.sessions.maintain().await
    }

    /// Deletes some of the tombstones that nobody will ask for any more.
    ///
    /// # Errors
    ///
    /// The store failed. What was not done is done the next time.
    pub async fn forget_tombstones(&self) -> Result<Maintenance, StoreError> {
        self.0.sessions.forget_tombstones().await
    }

    /// Writes every touch that is yet to be written, as before the program stops.
    ///
    /// # Errors
    ///
    /// The store failed. What was not written stays to be written.
    pub async fn write_all(&self) -> Result<(), StoreError> {
        self.0.sessions.write_all().await
    }

    /// Whether somebody has just signed out in the browser that sends `headers`.
    pub fn has_just_signed_out(&self, headers: &HeaderMap) -> bool {
        self.0.settings.cookie.tells_of_sign_out(headers)
    }

    /// The page that `path` leads to, if it is safe to send somebody there (`F5`).
    pub fn return_path(&self, path: &str) -> Option<ReturnPath> {
        self.0.settings.pages.return_path(path)
    }

    /// The address of the client that sends the request, as far as it is known: the program has to be
    /// served with `into_make_service_with_connect_info::<SocketAddr>()`.
    pub fn client_address(&self, parts: &Parts) -> Option<IpAddr> {
        let ConnectInfo(peer) = parts.extensions.get::<ConnectInfo<SocketAddr>>()?;
        let proxies = &self.0.settings.trusted_proxies;
        Some(proxies.client(peer.ip(), &parts.headers))
    }

    /// What people have typed and not sent yet, if that is kept.
    #[cfg(feature = "drafts")]
    pub fn drafts(&self) -> Option<&Drafts> {
        self.0.drafts.as_ref()
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub(crate) fn sessions(&self) -> &Arc<Sessions> {
        &self.0.sessions
    }

    pub(crate) fn session_store(&self) -> Arc<SessionData> {
        Arc::clone(&self.0.session_store)
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

/// Sets up [`Dwell`]. Everything but the policy and the store has a default.
#[must_use = "nothing happens before it is built"]
pub struct DwellBuilder {
    policy: Policy,
    store: Option<Arc<dyn Store>>,
    names: Names,
    cookie: SessionCookie,
    place_of: Box<dyn Fn(&str) -> Place + Send + Sync>,
    generation_rule: GenerationRule,
    body_limit: usize,
    store_timeout: Duration,
    trusted_proxies: TrustedProxies,
    clears_site_data: bool,
    show_refusal: ShowRefusal,
    meter: Arc<dyn Meter>,
    clock: Option<Arc<dyn Clock>>,
    #[cfg(feature = "drafts")]
    drafts: Option<Drafts>,
}

impl DwellBuilder {
    /// Where sessions are kept. Required.
    pub fn store(mut self, store: impl Store) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// As [`store`](Self::store), for one that is chosen while the program runs.
    pub fn shared_store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// Keeps what people have typed and not sent yet.
    #[cfg(feature = "drafts")]
    pub fn drafts(mut self, drafts: Drafts) -> Self {
        self.drafts = Some(drafts);
        self
    }

    /// The paths and names of the contract. All paths are under `/.dwell` by default.
    pub fn names(mut self, names: Names) -> Self {
        self.names = names;
        self
    }

    /// The path of the program's page where one signs in, `/sign-in` by default.
    pub fn sign_in_at(mut self, path: impl Into<String>) -> Self {
        self.names.sign_in = path.into().into();
        self
    }

    /// How the session cookie is written: `__Host-dwell` over HTTPS alone by default.
    pub fn cookie(mut self, cookie: SessionCookie) -> Self {
        self.cookie = cookie;
        self
    }

    /// Says which paths are pages, that one can open and return to after signing in. By default every
    /// path is one, except Dwell's own.
    pub fn places(mut self, place_of: impl Fn(&str) -> Place + Send + Sync + 'static) -> Self {
        self.place_of = Box::new(place_of);
        self
    }

    /// Whether every request that may change something has to carry the generation of its session.
    pub fn generations(mut self, rule: GenerationRule) -> Self {
        self.generation_rule = rule;
        self
    }

    /// How many bytes of a form or of JSON may be sent; 256 KiB by default. What is larger is refused
    /// with 413. Uploads of other kinds are not bounded by it.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// How long the store may take to answer before a request is denied; 5 s by default.
    pub fn store_timeout(mut self, timeout: Duration) -> Self {
        self.store_timeout = timeout;
        self
    }

    /// The proxies whose word on a client's address is taken; none by default.
    pub fn trusted_proxies(mut self, proxies: TrustedProxies) -> Self {
        self.trusted_proxies = proxies;
        self
    }

    /// Makes the browser drop all that the program has stored in it when somebody signs out (`H4`).
    pub fn clear_site_data(mut self) -> Self {
        self.clears_site_data = true;
        self
    }

    /// Makes the pages of refusals, which are plain by default. The status is set afterwards.
    pub fn show_refusals(
        mut self,
        show: impl Fn(&Refusal) -> Response + Send + Sync + 'static,
    ) -> Self {
        self.show_refusal = Arc::new(show);
        self
    }

    /// Is told what happens.
    pub fn meter(mut self, meter: impl Meter) -> Self {
        self.meter = Arc::new(meter);
        self
    }

    /// The clock of this node, which a test may move. By default it is the one that the store goes by,
    /// or the machine's.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Puts it together.
    ///
    /// # Errors
    ///
    /// Something is missing, or contradicts something else.
    pub fn build(self) -> Result<Dwell, BuildError> {
        let store = self.store.ok_or(BuildError::NoStore)?;
        let paths = [
            &self.names.keep_alive,
            &self.names.status,
            &self.names.sign_out,
            &self.names.sign_in,
            &self.names.drafts,
            &self.names.discard_draft,
            &self.names.take_back_draft,
        ];
        if let Some(path) = paths.iter().find(|path| !path.starts_with('/')) {
            return Err(BuildError::Path(path.to_string()));
        }
        let clock = self.clock.or_else(|| store.clock());
        let clock = clock.unwrap_or_else(|| Arc::new(SystemClock::start()));
        let timed = Timed::new(store, self.store_timeout, Arc::clone(&self.meter));
        let store: Arc<dyn Store> = Arc::new(timed);
        let names = Arc::new(self.names);
        let settings = Settings {
            pages: Pages::new(Arc::clone(&names), self.place_of),
            names,
            cookie: self.cookie,
            generation_rule: self.generation_rule,
            body_limit: self.body_limit,
            trusted_proxies: self.trusted_proxies,
            clears_site_data: self.clears_site_data,
            show_refusal: self.show_refusal,
        };
        let session_store = Arc::new(SessionData::new(Arc::clone(&store)));
        let sessions = Sessions::new(store, self.policy, clock, self.meter);
        Ok(Dwell(Arc::new(Inner {
            settings,
            sessions: Arc::new(sessions),
            session_store,
            #[cfg(feature = "drafts")]
            drafts: self.drafts,
            is_protecting: AtomicBool::new(false),
            has_layer: AtomicBool::new(false),
        })))
    }
}

impl fmt::Debug for DwellBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DwellBuilder")
            .field("policy", &self.policy)
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}

/// [`Dwell`] cannot be put together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// It is not said where sessions are kept.
    #[error("no store: call `.store(...)` with a SqliteStore, a PostgresStore or a RedisStore")]
    NoStore,
    /// A path does not begin with a slash.
    #[error("the path {0:?} does not begin with a slash")]
    Path(String),
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
