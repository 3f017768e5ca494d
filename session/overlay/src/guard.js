// Takes the page out of the document when its time is over, whatever becomes of the rest of the code
// (C8). Old browsers have to understand it.
(function () {
    var root = document.documentElement;
    var cover = document.querySelector(".dwell-guard");
    var status = JSON.parse(document.querySelector('meta[name="dwell-status"]').content);
    var isAlone = true;
    var taken, state, timer, wallEnd, monotonicEnd;

    // The style counts anew, from now on. Where nothing is left to be guarded, that is for ever.
    function arm(left) {
        var patience = isAlone ? 0 : 500;
        wallEnd = Date.now() + left + patience;
        monotonicEnd = performance.now() + left + patience;
        root.setAttribute("data-dwell-guard", "off");
        if (left < Infinity) {
            root.style.setProperty("--dwell-left", left + "ms");
            void root.offsetWidth;
            root.removeAttribute("data-dwell-guard");
        }
        check();
    }

    // A machine that wakes up fires timers late by the time that it slept, and may send no event.
    function check() {
        clearTimeout(timer);
        var left = Math.min(wallEnd - Date.now(), monotonicEnd - performance.now());
        if (left <= 0) {
            close();
        } else if (left < Infinity) {
            timer = setTimeout(check, Math.min(left, isAlone && !document.hidden ? 1000 : 2147483647));
        }
    }

    function close() {
        if (taken) return;
        var fragment = (taken = document.createDocumentFragment());
        [].slice.call(document.body.childNodes).forEach(function (node) {
            if (node === cover || taken !== fragment) return;
            try {
                taken.appendChild(node);
            } catch (error) {
                // The node loses the focus, and the driver, which hears of it, has just moved it itself.
            }
        });
        if (taken !== fragment) return;
        state = root.getAttribute("data-dwell-state") || "active";
        root.setAttribute("data-dwell-state", "concealed");
        root.setAttribute("data-dwell-guard", "closed");
    }

    function giveBack() {
        if (taken) document.body.appendChild(taken);
    }

    cover.addEventListener("click", function (event) {
        if (event.target.type === "submit") giveBack();
    });
    document.addEventListener("visibilitychange", check);
    addEventListener("pageshow", check);
    addEventListener("focus", check);

    // Called by the driver: with the milliseconds for which the page may be shown from now on; with
    // NaN before it conceals the page itself, for which everything has to be there, though not to be
    // seen; and with Infinity once it has concealed it.
    window.dwellGuard = function (left) {
        isAlone = false;
        giveBack();
        if (left !== left) return;
        if (taken && left < Infinity) root.setAttribute("data-dwell-state", state);
        taken = null;
        arm(left);
    };

    var navigation = performance.getEntriesByType && performance.getEntriesByType("navigation")[0];
    var fetchedAt = navigation ? navigation.fetchStart : 0;
    arm(Math.min(status.idle_remaining_ms, status.absolute_remaining_ms) + fetchedAt - performance.now());
})();
