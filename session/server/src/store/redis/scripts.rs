//! The Lua scripts. Each script is one operation and runs as one atomic step.

use fred::types::scripts::Script;

/// The Lua function `time`, which returns the time on the server's clock.
pub(super) const SERVER_TIME: &str = include_str!("lua/time.lua");

#[derive(Debug)]
pub(super) struct Scripts {
    pub now: Script,
    pub beat: Script,
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
    pub tighten: Script,
    pub forget: Script,
    pub keep_time: Script,
    pub data: Script,
    pub set_data: Script,
    pub schema: Script,
    pub migrate: Script,
}

impl Scripts {
    /// The scripts, which use the Lua function `time` that the text `time` defines.
    pub fn new(time: &str) -> Self {
        let script = |body: &str| {
            let prelude = include_str!("lua/prelude.lua");
            Script::from_lua([time, prelude, body].join("\n"))
        };
        Self {
            now: script(include_str!("lua/now.lua")),
            beat: script(include_str!("lua/beat.lua")),
            create: script(include_str!("lua/create.lua")),
            find: script(include_str!("lua/find.lua")),
            touch: script(include_str!("lua/touch.lua")),
            touch_all: script(include_str!("lua/touch_all.lua")),
            live_among: script(include_str!("lua/live_among.lua")),
            rotate: script(include_str!("lua/rotate.lua")),
            end: script(include_str!("lua/end.lua")),
            end_others: script(include_str!("lua/end_others.lua")),
            list: script(include_str!("lua/list.lua")),
            count: script(include_str!("lua/count.lua")),
            owner: script(include_str!("lua/owner.lua")),
            expire: script(include_str!("lua/expire.lua")),
            sweep: script(include_str!("lua/sweep.lua")),
            tighten: script(include_str!("lua/tighten.lua")),
            forget: script(include_str!("lua/forget.lua")),
            keep_time: script(include_str!("lua/keep_time.lua")),
            data: script(include_str!("lua/data.lua")),
            set_data: script(include_str!("lua/set_data.lua")),
            schema: script(include_str!("lua/schema.lua")),
            migrate: script(include_str!("lua/migrate.lua")),
        }
    }
}
