// Takes the page out of the document at the told deadline, even if no other code runs (C8). It uses
// only syntax that old browsers understand.
(function () {
    var root = document.documentElement;
    var cover = document.querySelector(".dwell-guard");
    var status = JSON.parse(document.querySelector('meta[name="dwell-status"]').content);
    var hasNoDriver = true;
    var removed, state, timer, wallEnd, monotonicEnd;

    // Restarts the animations of the style from now, or switches them off if `left` is Infinity.
    function arm(left) {
        var delay = hasNoDriver ? 0 : 500;
        wallEnd = Date.now() + left + delay;
        monotonicEnd = performance.now() + left + delay;
        root.setAttribute("data-dwell-guard", "off");
        if (left < Infinity) {
            root.style.setProperty("--dwell-left", left + "ms");
            void root.offsetWidth;
            root.removeAttribute("data-dwell-guard");
        }
        check();
    }

    // After a suspend, timers fire late by the time that the machine was suspended, and there may be
    // no event for the wake-up. So the clocks are read at least once a second.
    function check() {
        clearTimeout(timer);
        var left = Math.min(wallEnd - Date.now(), monotonicEnd - performance.now());
        if (left <= 0) {
            close();
        } else if (left < Infinity) {
            timer = setTimeout(check, Math.min(left, hasNoDriver && !document.hidden ? 1000 : 2147483647));
        }
    }

    function close() {
        if (removed) return;
        var fragment = (removed = document.createDocumentFragment());
        [].slice.call(document.body.childNodes).forEach(function (node) {
            if (node === cover || removed !== fragment) return;
            try {
                removed.appendChild(node);
            } catch (error) {
                // The node lost the focus, and the driver, which listens for that, has moved the node.
            }
        });
        if (removed !== fragment) return;
        state = root.getAttribute("data-dwell-state") || "active";
        root.setAttribute("data-dwell-state", "concealed");
        root.setAttribute("data-dwell-guard", "closed");
    }

    function restore() {
        if (removed) document.body.appendChild(removed);
    }

    cover.addEventListener("click", function (event) {
        if (event.target.type === "submit") restore();
    });
    document.addEventListener("visibilitychange", check);
    addEventListener("pageshow", check);
    addEventListener("focus", check);

    // The driver calls this with the milliseconds for which the page may be shown from now on. It
    // passes NaN before it conceals the page itself, so that the content is put back into the
    // document, still hidden, and Infinity after it has concealed the page.
    window.dwellGuard = function (left) {
        hasNoDriver = false;
        restore();
        if (left !== left) return;
        if (removed && left < Infinity) root.setAttribute("data-dwell-state", state);
        removed = null;
        arm(left);
    };

    var navigation = performance.getEntriesByType && performance.getEntriesByType("navigation")[0];
    var fetchedAt = navigation ? navigation.fetchStart : 0;
    arm(Math.min(status.idle_remaining_ms, status.absolute_remaining_ms) + fetchedAt - performance.now());
})();
