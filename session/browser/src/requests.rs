//! Adds the generation of the session to the requests of the page's own code.

use std::rc::Rc;

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast as _, JsValue, prelude::Closure};
use web_sys::{Request, Window};

use crate::driver::Driver;

/// Wraps `window.fetch`, for as long as the page exists.
pub(crate) fn add_generation(driver: &Rc<Driver>) {
    if let Some(window) = web_sys::window() {
        // This cannot fail in a browser that has the function.
        let _ = wrap_fetch(&window, Rc::clone(driver));
    }
}

fn wrap_fetch(window: &Window, driver: Rc<Driver>) -> Result<(), JsValue> {
    let name = JsValue::from("fetch");
    let fetch: Function = Reflect::get(window, &name)?.dyn_into()?;
    let own_origin = window.location().origin()? + "/";
    let this = window.clone();
    let wrapped = Closure::<dyn Fn(JsValue, JsValue) -> Result<Promise, JsValue>>::new(
        move |input: JsValue, init: JsValue| match with_generation(
            &driver,
            &own_origin,
            &input,
            &init,
        ) {
            Ok(request) => fetch.call1(&this, &request)?.dyn_into(),
            // For invalid arguments, the browser itself produces the error.
            Err(_) => fetch.call2(&this, &input, &init)?.dyn_into(),
        },
    );
    Reflect::set(window, &name, wrapped.as_ref())?;
    wrapped.forget();
    Ok(())
}

/// The request that `fetch` is called with. The generation is added if the request goes to this
/// site, is not a GET or HEAD request and has no generation already.
fn with_generation(
    driver: &Driver,
    own_origin: &str,
    input: &JsValue,
    init: &JsValue,
) -> Result<Request, JsValue> {
    let (input, init) = (input.unchecked_ref(), init.unchecked_ref());
    let request = Request::new_with_request_and_init(input, init)?;
    let headers = request.headers();
    let header = &driver.names().generation_header;
    let may_change = !matches!(request.method().as_str(), "GET" | "HEAD");
    if may_change && request.url().starts_with(own_origin) && !headers.has(header)? {
        headers.set(header, &driver.generation().to_string())?;
    }
    Ok(request)
}
