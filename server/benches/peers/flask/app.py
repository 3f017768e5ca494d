"""The page behind Flask's own session, permanent and refreshed with every request."""

import time
from datetime import timedelta

from flask import Flask, abort, request, session

app = Flask(__name__)
app.config.update(
    SECRET_KEY="only for benchmarks",
    PERMANENT_SESSION_LIFETIME=timedelta(minutes=30),
    SESSION_REFRESH_EACH_REQUEST=True,
)


@app.get("/page")
def show():
    if "account" not in session:
        abort(401)
    line = "Nothing else on this page is worth protecting.\n"
    return f"Signed in as {session['account']:06}.\n{line * 8}", {"Content-Type": "text/plain"}


@app.get("/slow-page")
def show_slowly():
    """As if the page had asked a database."""
    answer = show()
    time.sleep(0.002)
    return answer


@app.post("/enter")
def enter():
    session.permanent = True
    session["account"] = int(request.args["account"])
    return ""


@app.post("/sign-out")
def sign_out():
    session.clear()
    return ""
