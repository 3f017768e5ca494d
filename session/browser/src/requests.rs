//! Names the session in the requests of the page's own code, as the forms of the page do.

use std::rc::Rc;

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast as _, JsValue, prelude::Closure};
use web_sys::{Request, Window};

use crate::driver::Driver;

/// Puts a function around `window.fetch`, for as long as the page exists.
pub(crate) fn name_session(driver: &Rc<Driver>) {
    if let Some(window) = web_sys::window() {
        // Fails in no browser that has the function.
        let _ = wrap_fetch(&window, Rc::clone(driver));
    }
}

fn wrap_fetch(window: &Window, driver: Rc<Driver>) -> Result<(), JsValue> {
    let name = JsValue::from("fetch");
    let fetch: Function = Reflect::get(window, &name)?.dyn_into()?;
    let own = window.location().origin()? + "/";
    let this = window.clone();
    let wrapped = Closure::<dyn Fn(JsValue, JsValue) -> Result<Promise, JsValue>>::new(
        move |input: JsValue, init: JsValue| match named(&driver, &own, &input, &init) {
            Ok(request) => fetch.call1(&this, &request)?.dyn_into(),
            // What is no request is told by the browser itself.
            Err(_) => fetch.call2(&this, &input, &init)?.dyn_into(),
        },
    );
    Reflect::set(window, &name, wrapped.as_ref())?;
    wrapped.forget();
    Ok(())
}

/// The request that `fetch` is asked to send. It carries the generation if it goes to this site, may
/// change something there, and carries none already.
fn named(driver: &Driver, own: &str, input: &JsValue, init: &JsValue) -> Result<Request, JsValue> {
    let (input, init) = (input.unchecked_ref(), init.unchecked_ref());
    let request = Request::new_with_request_and_init(input, init)?;
    let headers = request.headers();
    let header = &driver.names().generation_header;
    let may_change = !matches!(request.method().as_str(), "GET" | "HEAD");
    if may_change && request.url().starts_with(own) && !headers.has(header)? {
        headers.set(header, &driver.generation().to_string())?;
    }
    Ok(request)
}
