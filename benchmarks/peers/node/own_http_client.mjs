// node-soap's `httpClient` on node:http alone, for --own-http: how much of a peer's cost is axios.
import http from 'node:http';

export class OwnHttpClient {
  #agent;
  #timeout;

  constructor(agent, timeout) {
    this.#agent = agent;
    this.#timeout = timeout;
  }

  request(url, envelope, callback, headers) {
    const { hostname, port, pathname } = new URL(url);
    const sent = http.request({
      agent: this.#agent, timeout: this.#timeout, method: 'POST', hostname, port, path: pathname,
      headers: { ...headers, 'Content-Length': Buffer.byteLength(envelope) },
    });
    sent.on('response', (answer) => {
      const chunks = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('error', callback);
      answer.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        callback(null, { status: answer.statusCode, headers: answer.headers, data: body }, body);
      });
    });
    sent.on('timeout', () => sent.destroy(new Error('Cx did not answer in time.')));
    sent.on('error', callback);
    sent.end(envelope);
    return sent;
  }
}
