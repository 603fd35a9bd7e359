// What the two peers in Node have in common: their options, the route, what it takes and what it answers.
import { parseArgs } from 'node:util';
import Fastify from 'fastify';
import { settings } from './cx.mjs';

export const PATH = '/v1/backends/:backend/work-orders/:number/status-updates';

const word = { type: 'string', minLength: 1, maxLength: 64 };
const oneOf = (table) => ({ type: 'string', enum: Object.keys(table) });

export const schema = {
  headers: {
    type: 'object',
    required: ['idempotency-key'],
    properties: { 'idempotency-key': { type: 'string', minLength: 16, maxLength: 255 } },
  },
  body: {
    type: 'object',
    additionalProperties: false,
    required: ['occurred_at'],
    anyOf: [{ required: ['status'] }, { required: ['vendor_code'] }],
    not: { required: ['reason_code', 'late_reason'] },
    properties: {
      status: oneOf(settings.statuses),
      vendor_code: oneOf(settings.codes),
      occurred_at: { type: 'string', format: 'date-time' },
      comments: { type: 'string', maxLength: 4000 },
      reason_code: oneOf(settings.reasons),
      late_reason: oneOf(settings.late_reasons),
      client_reference: { ...word, maxLength: 128 },
    },
  },
};

const text = { type: 'string' };
export const receiptSchema = {
  type: 'object',
  properties: {
    operation_id: text, state: text, backend: text, work_order: text,
    previous_status: { type: ['string', 'null'] }, status: text,
    vendor_status: { type: 'object', properties: { code: text, label: text, master: text } },
    occurred_at: text, received_at: text, applied_at: text, evidence: text,
  },
};

// The options that were given; each of `names` is required. Both peers take the same ones.
export function given(names) {
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' }]));
  const all = { database: { type: 'string' }, secret: { type: 'string' }, 'own-http': { type: 'boolean' }, ...options };
  const { values } = parseArgs({ options: all });
  const missing = names.filter((name) => values[name] === undefined);
  if (missing.length) {
    console.error(`missing: ${missing.map((name) => `--${name}`).join(', ')}`);
    process.exit(2);
  }
  return values;
}

export function newApp() {
  const app = Fastify({
    logger: false,
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false } },
  });
  app.get('/readyz', async () => ({ status: 'ready' }));
  app.setErrorHandler((error, request, reply) => {
    const status = error.validation ? 422 : error.statusCode ?? 500;
    problem(reply, status, error.code ?? 'error', error.message);
  });
  return app;
}

export async function listen(app, port) {
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => app.close());
  await app.listen({ host: '127.0.0.1', port: Number(port) });
}

// Our body as Cx's update takes it.
export function toUpdate(body) {
  return {
    code: body.vendor_code ?? settings.statuses[body.status],
    occurredAt: new Date(body.occurred_at),
    reason: settings.late_reasons[body.late_reason] ?? settings.reasons[body.reason_code] ?? 0,
    comments: body.comments,
  };
}

// The answer to an update that Cx has applied.
export function receipt({ id, backend, number, update, previousCode, receivedAt }) {
  const now = settings.codes[update.code];
  return {
    operation_id: id,
    state: 'applied',
    backend,
    work_order: number,
    previous_status: settings.codes[previousCode]?.status ?? null,
    status: now.status,
    vendor_status: { code: update.code, label: now.label, master: now.master },
    occurred_at: update.occurredAt.toISOString(),
    received_at: receivedAt,
    applied_at: new Date().toISOString(),
    evidence: 'vendor_accepted',
  };
}

export function problem(reply, status, code, detail) {
  return reply.code(status).type('application/problem+json').send(JSON.stringify({ status, code, detail }));
}
