//! Which of the tabs reports: the one that holds a lock of the browser.

use std::{cell::RefCell, rc::Rc};

use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::{
    JsCast as _, JsValue,
    prelude::{Closure, wasm_bindgen},
};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{AbortController, Window};

// `web_sys` has these only behind a flag for the compiler.
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

/// A place in the queue for the lock, or the lock. Given up when it is dropped; the browser gives
/// it to the next tab then, as it does when a tab dies.
pub(crate) struct Lead {
    waiting: AbortController,
    release: Rc<RefCell<Option<Function>>>,
}

impl Lead {
    /// Queues up among the tabs of this instance. `lead` is called when the lock is held. `None` where the browser has no locks.
    pub(crate) fn apply(
        window: &Window,
        instance: &str,
        lead: impl Fn() + 'static,
    ) -> Option<Self> {
        let locks = Reflect::get(&window.navigator(), &"locks".into()).ok()?;
        let locks: LockManager = Some(locks).filter(JsValue::is_object)?.unchecked_into();
        let waiting = AbortController::new().ok()?;
        let release = Rc::new(RefCell::new(None));
        let hold = {
            let release = Rc::clone(&release);
            Closure::once_into_js(move || {
                lead();
                Promise::new(&mut |resolve, _| *release.borrow_mut() = Some(resolve))
            })
        };
        let options = Object::new();
        Reflect::set(&options, &"signal".into(), &waiting.signal()).ok()?;
        let name = instance.to_owned() + "-lead";
        let held = locks.request(&name, &options, hold.unchecked_ref()).ok()?;
        spawn_local(async move {
            // Rejected when the place in the queue is given up.
            let _ = JsFuture::from(held).await;
        });
        Some(Self { waiting, release })
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        match self.release.borrow_mut().take() {
            Some(release) => {
                let _ = release.call0(&JsValue::NULL);
            }
            None => self.waiting.abort(),
        }
    }
}
