// Peer (c): Orderbridge's job in Node: tokens, validation, idempotency keys, two commits to disk, one order's updates in turn.
import { createHash } from 'node:crypto';
import { createVerifier } from 'fast-jwt';
import { PATH, given, listen, newApp, problem, receipt, schema, toUpdate } from './api.mjs';
import { Refused, connect } from './cx.mjs';
import { openLedger } from './ledger.mjs';

const options = given(['port', 'vendor', 'database', 'secret']);
const ledger = openLedger(options.database);
const cx = await connect(options.vendor, { ownHttp: options['own-http'] });
const verify = createVerifier({
  key: Buffer.from(options.secret, 'hex'),
  algorithms: ['HS256'],
  allowedIss: 'orderbridge',
  allowedAud: 'orderbridge',
  requiredClaims: ['exp', 'iss', 'aud', 'sub'],
  clockTolerance: 30_000,
  cache: 10_000, // fast-jwt's own, by the hash of the token and until it expires
});

const app = newApp();
app.addHook('onClose', async () => ledger.close());

app.decorateRequest('client', '');
async function authenticate(request, reply) {
  const [scheme, token] = (request.headers.authorization ?? '').split(' ');
  let claims;
  try {
    if (scheme.toLowerCase() !== 'bearer') throw new Error('no bearer token');
    claims = verify(token);
  } catch {
    return problem(reply, 401, 'unauthenticated', 'Send a valid access token.');
  }
  if (!(claims.scope ?? '').split(' ').includes('status:write')) {
    return problem(reply, 403, 'scope-missing', 'The token lacks the scope status:write.');
  }
  request.client = claims.sub;
}

app.post(PATH, { schema, onRequest: authenticate }, async (request, reply) => {
  const { backend, number } = request.params;
  const body = JSON.stringify(request.body);
  const entry = {
    client: request.client,
    key: request.headers['idempotency-key'],
    fingerprint: createHash('sha256').update(`${backend}\n${number}\n${body}`).digest('hex'),
    backend,
    number,
    body,
    receivedAt: new Date().toISOString(),
  };
  const { id, before } = ledger.accept(entry);
  if (before !== undefined) return replayed(reply, before, entry.fingerprint);
  const outcome = await inTurn(`${backend}/${number}`, () => send(id, entry, toUpdate(request.body)));
  return answered(reply, id, outcome.status, outcome.answer, false);
});

// Tell Cx, and keep what became of it.
async function send(id, entry, update) {
  const { backend, number, receivedAt } = entry;
  let outcome;
  try {
    const order = await cx.order(number);
    const previousCode = order.code;
    await cx.update(order, update);
    const answer = receipt({ id: operationId(id), backend, number, update, previousCode, receivedAt });
    outcome = { state: 'applied', status: 201, code: update.code, answer: JSON.stringify(answer) };
  } catch (fault) {
    const [state, status, code] =
      fault instanceof Refused ? ['refused', 409, 'vendor-refused'] : ['unknown', 502, 'unknown'];
    outcome = { state, status, answer: JSON.stringify({ status, code, detail: fault.message, operation_id: operationId(id) }) };
  }
  outcome.finishedAt = new Date().toISOString();
  ledger.settle(id, entry, outcome);
  return outcome;
}

const last = new Map();
// Run `work` after what was queued for the same order before it.
function inTurn(order, work) {
  const turn = last.has(order) ? last.get(order).then(work, work) : work();
  last.set(order, turn);
  const done = () => { if (last.get(order) === turn) last.delete(order); };
  turn.then(done, done);
  return turn;
}

const operationId = (id) => `op_${id}`;

function replayed(reply, before, fingerprint) {
  if (before.fingerprint !== fingerprint) {
    return problem(reply, 422, 'idempotency-key-reused', 'This key was used for another request.');
  }
  if (before.answer === null) {
    reply.header('Retry-After', '1');
    return problem(reply, 409, 'in-progress', 'The first request with this key is still under way.');
  }
  return answered(reply, before.id, before.answer_status, before.answer, true);
}

function answered(reply, id, status, answer, isReplay) {
  return reply
    .code(status)
    .type(status === 201 ? 'application/json' : 'application/problem+json')
    .header('Location', `/v1/operations/${operationId(id)}`)
    .header('Idempotent-Replayed', String(isReplay))
    .send(answer);
}

await listen(app, options.port);
