//! Chooses the leader among the tabs, which reports activity: the tab that holds a Web Lock.

use std::{cell::RefCell, rc::Rc};

use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::{
    JsCast as _, JsValue,
    prelude::{Closure, wasm_bindgen},
};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{AbortController, Window};

// `web_sys` has these only with an unstable compiler flag.
#[wasm_bindgen]
extern "C" {
    type LockManager;

    #[wasm_bindgen(method, catch)]
    fn request(
        this: &LockManager,
        name: &str,
        options: &Object,
        hold: &Function,
    ) -> Result<Promise, JsValue>;
}

/// The lock, or a place in the queue for it. It is released when this is dropped. The browser then
/// gives it to the next tab, as it does when a tab crashes.
pub(crate) struct LeaderLock {
    waiting: AbortController,
    release: Rc<RefCell<Option<Function>>>,
}

impl LeaderLock {
    /// Requests the lock that the tabs of this instance share. `on_held` is called when this tab
    /// holds it. Returns `None` if the browser has no Web Locks.
    pub(crate) fn request(
        window: &Window,
        instance: &str,
        on_held: impl Fn() + 'static,
    ) -> Option<Self> {
        let locks = Reflect::get(&window.navigator(), &"locks".into()).ok()?;
        let locks: LockManager = Some(locks).filter(JsValue::is_object)?.unchecked_into();
        let waiting = AbortController::new().ok()?;
        let release = Rc::new(RefCell::new(None));
        let hold = {
            let release = Rc::clone(&release);
            Closure::once_into_js(move || {
                on_held();
                Promise::new(&mut |resolve, _| *release.borrow_mut() = Some(resolve))
            })
        };
        let options = Object::new();
        Reflect::set(&options, &"signal".into(), &waiting.signal()).ok()?;
        let name = instance.to_owned() + "-lead";
        let held = locks.request(&name, &options, hold.unchecked_ref()).ok()?;
        spawn_local(async move {
            // The promise is rejected when the place in the queue is given up.
            let _ = JsFuture::from(held).await;
        });
        Some(Self { waiting, release })
    }
}

impl Drop for LeaderLock {
    fn drop(&mut self) {
        match self.release.borrow_mut().take() {
            Some(release) => {
                let _ = release.call0(&JsValue::NULL);
            }
            None => self.waiting.abort(),
        }
    }
}
