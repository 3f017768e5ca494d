//! Shows instants in the time zone of the browser. Without this code they are shown in UTC.

use js_sys::{Date, Object, Reflect};
use web_sys::Element;

/// Rewrites the times in `content` in the time zone and the format of the browser.
pub(crate) fn localise(content: &Element) {
    let Ok(times) = content.query_selector_all("time[datetime]") else {
        return;
    };
    let style = Object::new();
    for (name, length) in [("dateStyle", "long"), ("timeStyle", "short")] {
        // Setting a property of a new object cannot fail.
        let _ = Reflect::set(&style, &name.into(), &length.into());
    }
    for time in (0..times.length()).filter_map(|index| times.item(index)) {
        let instant = Reflect::get(&time, &"dateTime".into()).unwrap_or_default();
        // Every browser uses its own language for "default".
        let text = Date::new(&instant).to_locale_string("default", &style);
        time.set_text_content(text.as_string().as_deref());
    }
}
