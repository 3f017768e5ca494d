//! The operations, as the server carries them out: each script is one atomic step.

use fred::types::scripts::Script;

/// The time on the server's clock.
pub(super) const SERVER_TIME: &str = include_str!("time.lua");

#[derive(Debug)]
pub(super) struct Scripts {
    pub now: Script,
    pub tell: Script,
    pub create: Script,
    pub find: Script,
    pub touch: Script,
    pub touch_all: Script,
    pub live_among: Script,
    pub rotate: Script,
    pub end: Script,
    pub end_others: Script,
    pub list: Script,
    pub count: Script,
    pub owner: Script,
    pub expire: Script,
    pub sweep: Script,
    pub forget: Script,
    pub keep_time: Script,
    pub data: Script,
    pub set_data: Script,
}

impl Scripts {
    /// With the time that the Lua function `time`, which `time` defines, tells.
    pub fn telling(time: &str) -> Self {
        let script = |body: &str| {
            let prelude = include_str!("prelude.lua");
            Script::from_lua([time, prelude, body].join("\n"))
        };
        Self {
            now: script(include_str!("now.lua")),
            tell: script(include_str!("tell.lua")),
            create: script(include_str!("create.lua")),
            find: script(include_str!("find.lua")),
            touch: script(include_str!("touch.lua")),
            touch_all: script(include_str!("touch_all.lua")),
            live_among: script(include_str!("live_among.lua")),
            rotate: script(include_str!("rotate.lua")),
            end: script(include_str!("end.lua")),
            end_others: script(include_str!("end_others.lua")),
            list: script(include_str!("list.lua")),
            count: script(include_str!("count.lua")),
            owner: script(include_str!("owner.lua")),
            expire: script(include_str!("expire.lua")),
            sweep: script(include_str!("sweep.lua")),
            forget: script(include_str!("forget.lua")),
            keep_time: script(include_str!("keep_time.lua")),
            data: script(include_str!("data.lua")),
            set_data: script(include_str!("set_data.lua")),
        }
    }
}
