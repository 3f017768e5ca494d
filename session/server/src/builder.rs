//! The builder of [`Dwell`].

mod error;

use std::{fmt, sync::Arc, time::Duration};

use axum::response::Response;
use dwell_session::{Names, Policy};

pub use self::error::BuildError;
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

/// The default of [`DwellBuilder::body_limit`], in bytes.
const BODY_LIMIT: usize = 256 * 1024;

/// The default of [`DwellBuilder::store_timeout`].
const STORE_TIMEOUT: Duration = Duration::from_secs(5);

/// Sets up [`Dwell`]. Everything except the policy and the store has a default.
///
/// ```no_run
/// use dwell::{Dwell, GenerationRule, Names, Place, Policy, Preset, store::Store};
///
/// # fn set_up(store: impl Store) -> Result<Dwell, dwell::BuildError> {
/// let dwell = Dwell::builder(Policy::preset(Preset::OwaspHigh))
///     .store(store)
///     .names(Names::under("/.admin"))
///     .sign_in_at("/admin/login")
///     .generations(GenerationRule::Required)
///     .places(|path| match path.starts_with("/api/") {
///         true => Place::NoPage,
///         false => Place::Page,
///     })
///     .clear_site_data()
///     .build()?;
/// # Ok(dwell)
/// # }
/// ```
#[must_use = "a builder does nothing until `build` is called"]
pub struct DwellBuilder {
    policy: Policy,
    store: Option<Arc<dyn Store>>,
    names: Names,
    sign_in: Option<String>,
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
    drafts: Option<ConfiguredDrafts>,
}

/// What the program has configured for drafts.
#[cfg(feature = "drafts")]
enum ConfiguredDrafts {
    Store(Arc<dyn DraftStore>),
    Drafts(Drafts),
}

impl DwellBuilder {
    pub(crate) fn new(policy: Policy) -> Self {
        Self {
            policy,
            store: None,
            names: Names::default(),
            sign_in: None,
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

    /// Sets the store of the sessions. This is required.
    pub fn store(mut self, store: impl Store) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Sets the store of the sessions, like [`store`](Self::store), if the type of the store is
    /// known only at run time.
    pub fn shared_store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// Keeps drafts of what people type into forms in `store`, with the default [`DraftLimits`] and
    /// the clock of the sessions. By default no drafts are kept.
    #[cfg(feature = "drafts")]
    pub fn drafts(mut self, store: impl DraftStore) -> Self {
        self.drafts = Some(ConfiguredDrafts::Store(Arc::new(store)));
        self
    }

    /// Keeps drafts, like [`drafts`](Self::drafts), with other limits, with a clock of their own,
    /// or in a store whose type is known only at run time.
    #[cfg(feature = "drafts")]
    pub fn shared_drafts(mut self, drafts: Drafts) -> Self {
        self.drafts = Some(ConfiguredDrafts::Drafts(drafts));
        self
    }

    /// Serves this module to browsers, for a program that does not build WebAssembly of its own. By
    /// default no module is served.
    pub fn browser_module(mut self, module: BrowserModule) -> Self {
        self.browser_module = Some(module);
        self
    }

    /// Sets the paths and names of the HTTP contract. By default all paths are below `/.dwell`,
    /// except that of the page for signing in.
    pub fn names(mut self, names: Names) -> Self {
        self.names = names;
        self
    }

    /// Sets the path of the page for signing in, which the program has to serve. The default is
    /// `/sign-in`.
    pub fn sign_in_at(mut self, path: impl Into<String>) -> Self {
        self.sign_in = Some(path.into());
        self
    }

    /// Sets the name and the attributes of the session cookie. By default it is called
    /// `__Host-dwell` and is sent over HTTPS only.
    pub fn cookie(mut self, cookie: SessionCookie) -> Self {
        self.cookie = cookie;
        self
    }

    /// Sets the function that says which paths are pages, which people can open and to which they
    /// can return after signing in. By default every path is a page, except those of Dwell itself.
    pub fn places(mut self, place_of: impl Fn(&str) -> Place + Send + Sync + 'static) -> Self {
        self.place_of = Box::new(place_of);
        self
    }

    /// Sets whether every request that may change something must carry the generation of its
    /// session. The default is [`Checked`](GenerationRule::Checked).
    pub fn generations(mut self, rule: GenerationRule) -> Self {
        self.generation_rule = rule;
        self
    }

    /// Sets the largest body of a form or of JSON, in bytes. The default is 256 KiB. A larger body
    /// is refused with the status 413. The limit does not apply to bodies of other types, such as
    /// uploads.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Sets how long the store may take to answer before a request is denied. The default is 5
    /// seconds.
    pub fn store_timeout(mut self, timeout: Duration) -> Self {
        self.store_timeout = timeout;
        self
    }

    /// Sets the proxies whose `X-Forwarded-For` header is trusted. By default there are none.
    pub fn trusted_proxies(mut self, proxies: TrustedProxies) -> Self {
        self.trusted_proxies = proxies;
        self
    }

    /// Makes the browser delete everything that the pages of the program have stored in it when
    /// somebody signs out (`H4`). This is not done by default.
    pub fn clear_site_data(mut self) -> Self {
        self.clears_site_data = true;
        self
    }

    /// Sets the function that makes the page for a refusal. By default this is a plain page. The
    /// HTTP status of the answer is set afterwards.
    pub fn show_refusals(
        mut self,
        show: impl Fn(&Refusal) -> Response + Send + Sync + 'static,
    ) -> Self {
        self.show_refusal = Arc::new(show);
        self
    }

    /// Sets the meter, which receives the metrics. By default nothing is counted.
    pub fn meter(mut self, meter: impl Meter) -> Self {
        self.meter = Arc::new(meter);
        self
    }

    /// Sets the clock of this node, for tests that move it. The default is the clock that the store
    /// uses ([`Store::clock`]), or else the clock of the machine.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Checks the settings and builds [`Dwell`].
    ///
    /// # Errors
    ///
    /// No store is set, or the [`Names`] cannot be told apart.
    pub fn build(self) -> Result<Dwell, BuildError> {
        let store = self.store.ok_or(BuildError::NoStore)?;
        let mut names = self.names;
        if let Some(path) = self.sign_in {
            names.sign_in = path.into();
        }
        error::check(&names)?;
        let clock = self.clock.or_else(|| store.clock());
        let clock = clock.unwrap_or_else(|| Arc::new(SystemClock::start()));
        #[cfg(feature = "drafts")]
        let drafts = self.drafts.map(|configured| match configured {
            ConfiguredDrafts::Store(store) => {
                Drafts::new(store, Arc::clone(&clock), DraftLimits::default())
            }
            ConfiguredDrafts::Drafts(drafts) => drafts,
        });
        let timed = Timed::new(store, self.store_timeout, Arc::clone(&self.meter));
        let store: Arc<dyn Store> = Arc::new(timed);
        let names = Arc::new(names);
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
