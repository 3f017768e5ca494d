// The page behind express-session, in its memory store, rolling with every request.
import express from 'express';
import session from 'express-session';

const app = express();
app.use(
  session({
    secret: 'only for benchmarks',
    resave: false,
    saveUninitialized: false,
    rolling: true,
    cookie: { maxAge: 30 * 60 * 1000 },
  }),
);

function page(account) {
  const line = 'Nothing else on this page is worth protecting.\n';
  return `Signed in as ${String(account).padStart(6, '0')}.\n${line.repeat(8)}`;
}

function show(request, response) {
  const { account } = request.session;
  if (account === undefined) {
    response.sendStatus(401);
  } else {
    response.type('text/plain').send(page(account));
  }
}

app.get('/page', show);

// As if the page had asked a database.
app.get('/slow-page', (request, response) => {
  setTimeout(() => show(request, response), 2);
});

app.post('/enter', (request, response) => {
  request.session.account = Number(request.query.account);
  response.send('');
});

app.post('/sign-out', (request, response) => {
  request.session.destroy(() => response.send(''));
});

const [host, port] = process.argv[2].split(':');
app.listen(Number(port), host);
