//! How a program sets up [`Dwell`].

use std::{fmt, sync::Arc, time::Duration};

use axum::response::Response;
use dwell_session::{Names, Policy};

#[cfg(feature = "drafts")]
use crate::drafts::{DraftLimits, DraftStore, Drafts};
use crate::{
    browser_module::BrowserModule,
    clock::{Clock, SystemClock},
    cookie::SessionCookie,
    dwell::{Dwell, Parts, Settings},
    layer::GenerationRule,
    meter::Meter,
    refusal::{Refusal, ShowRefusal, plain_page},
    return_path::{Pages, Place},
    session_data::SessionData,
    sessions::Sessions,
    store::{Store, timed::Timed},
    trusted_proxies::TrustedProxies,
};

/// How much of a form or of JSON is read before it is decided whether its session lives, in bytes.
const BODY_LIMIT: usize = 256 * 1024;

/// How long the store may take to answer.
const STORE_TIMEOUT: Duration = Duration::from_secs(5);

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
    browser_module: Option<BrowserModule>,
    #[cfg(feature = "drafts")]
    drafts: Option<KeptDrafts>,
}

/// How drafts are kept.
#[cfg(feature = "drafts")]
enum KeptDrafts {
    In(Arc<dyn DraftStore>),
    As(Drafts),
}

impl DwellBuilder {
    pub(crate) fn new(policy: Policy) -> Self {
        Self {
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
            browser_module: None,
            #[cfg(feature = "drafts")]
            drafts: None,
        }
    }

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

    /// Keeps what people have typed and not sent yet in `store`, within the default
    /// [`DraftLimits`], by the clock of the sessions.
    #[cfg(feature = "drafts")]
    pub fn drafts(mut self, store: impl DraftStore) -> Self {
        self.drafts = Some(KeptDrafts::In(Arc::new(store)));
        self
    }

    /// As [`drafts`](Self::drafts), with limits and a clock of their own, or in a store that is chosen
    /// while the program runs.
    #[cfg(feature = "drafts")]
    pub fn shared_drafts(mut self, drafts: Drafts) -> Self {
        self.drafts = Some(KeptDrafts::As(drafts));
        self
    }

    /// Sends this module to browsers, for a program that builds no WebAssembly of its own.
    pub fn browser_module(mut self, module: BrowserModule) -> Self {
        self.browser_module = Some(module);
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
    /// [`Checked`](GenerationRule::Checked) by default.
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
            &self.names.module,
        ];
        if let Some(path) = paths.iter().find(|path| !path.starts_with('/')) {
            return Err(BuildError::Path(path.to_string()));
        }
        let clock = self.clock.or_else(|| store.clock());
        let clock = clock.unwrap_or_else(|| Arc::new(SystemClock::start()));
        #[cfg(feature = "drafts")]
        let drafts = self.drafts.map(|kept| match kept {
            KeptDrafts::In(store) => Drafts::new(store, Arc::clone(&clock), DraftLimits::default()),
            KeptDrafts::As(drafts) => drafts,
        });
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
            browser_module: self.browser_module,
        };
        let session_store = Arc::new(SessionData::new(Arc::clone(&store)));
        let sessions = Sessions::new(store, self.policy, clock, self.meter);
        Ok(Dwell::assemble(Parts {
            settings,
            sessions: Arc::new(sessions),
            session_store,
            #[cfg(feature = "drafts")]
            drafts,
        }))
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
