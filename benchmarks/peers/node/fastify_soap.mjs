// Peer (b): the bare translation, fastify in front and node-soap behind: no authentication, nothing kept.
import { randomUUID } from 'node:crypto';
import { PATH, given, listen, newApp, problem, receipt, receiptSchema, schema, toUpdate } from './api.mjs';
import { Refused, connect } from './cx.mjs';

const options = given(['port', 'vendor']);
const cx = await connect(options.vendor, { ownHttp: options['own-http'] });
const app = newApp();

app.post(PATH, { schema: { ...schema, response: { 201: receiptSchema } } }, async (request, reply) => {
  const { backend, number } = request.params;
  const receivedAt = new Date().toISOString();
  const update = toUpdate(request.body);
  const id = `op_${randomUUID()}`;
  let previousCode;
  try {
    const order = await cx.order(number);
    previousCode = order.code;
    await cx.update(order, update);
  } catch (fault) {
    if (fault instanceof Refused) return problem(reply, 409, 'vendor-refused', fault.message);
    return problem(reply, 502, 'unknown', fault.message);
  }
  reply.code(201).header('Location', `/v1/operations/${id}`).header('Idempotent-Replayed', 'false');
  return receipt({ id, backend, number, update, previousCode, receivedAt });
});

await listen(app, options.port);
