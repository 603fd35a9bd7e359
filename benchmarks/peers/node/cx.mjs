// Civica Cx through node-soap, made from its WSDL; the two peers in Node share it.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { fileURLToPath } from 'node:url';
import axios from 'axios';
import soap from 'soap';
import { OwnHttpClient } from './own_http_client.mjs';

const WSDL = fileURLToPath(new URL('../../../app/vendors/civica_cx/wsdl/', import.meta.url));
const BASE = 'http://schemas.datacontract.org/2004/07/Civica.Housing.Cx.WebServices.Contracts.DataContracts';
const NO_UID = '00000000-0000-0000-0000-000000000000';

// What every peer knows of its Cx: credentials, time zone, status codes and reasons. The sandbox has the same.
export const settings = JSON.parse(readFileSync(new URL('../cx.json', import.meta.url), 'utf8'));

// Swedish writes a time as ISO 8601 does, with a space for the T.
const clock = new Intl.DateTimeFormat('sv-SE', {
  timeZone: settings.time_zone, dateStyle: 'short', timeStyle: 'medium',
});

// Cx answered, and the answer is no (IsValid false); the message is its InvalidReason.
export class Refused extends Error {}

// One Cx: kept connections, one log-in that lasts until Cx calls its token invalid, and the orders' ids.
export async function connect(url, { ownHttp = false } = {}) {
  const httpAgent = new http.Agent({ keepAlive: true, maxSockets: 16 });
  const timeout = 20_000;
  const client = ownHttp
    ? { httpClient: new OwnHttpClient(httpAgent, timeout) }
    : { request: axios.create({ httpAgent, timeout, maxRedirects: 0, proxy: false }) };
  const service = (name) =>
    soap.createClientAsync(`${WSDL}${name}.wsdl`, client, `${url}/webservice/${name}`);
  const cx = new Cx(await service('WSTokenService'), await service('WSRepairContractorService'));
  await cx.logIn();
  await cx.list();
  return cx;
}

class Cx {
  orders = new Map();
  #security;
  #repairs;
  #token;
  #loggingIn;

  constructor(security, repairs) {
    this.#security = security;
    this.#repairs = repairs;
  }

  // The order, read from Cx when it is a new one. Throws Refused when there is none.
  async order(number) {
    if (!this.orders.has(number)) {
      const found = await this.#call('GetRepairWorkOrderDetails', {
        WorkOrderReference: `WO${number}`, WorkOrderUid: NO_UID,
      });
      this.#keep(found.WorkOrder);
    }
    return this.orders.get(number);
  }

  // Set the status; throws Refused, node-soap's error for a fault, or axios's.
  async update(order, { code, occurredAt, reason = 0, comments }) {
    await this.#call('UpdateRepairWorksOrderStatus', {
      NewStatus: {
        Comments: comments || undefined,
        StatusCodeId: code,
        StatusDate: localTime(occurredAt),
        StatusReasonId: reason,
        StatusSetByUserId: 0,
        StatusSetDate: null,
      },
      WorkOrderId: order.number,
      WorkOrderUid: order.uid,
    });
    order.code = code;
  }

  async list() {
    const { WorkOrders } = await this.#call('GetRepairWorkOrders', { FromDate: null });
    for (const record of [WorkOrders?.RepairWorkOrder ?? []].flat()) this.#keep(record);
  }

  logIn() {
    this.#loggingIn ??= this.#newToken().finally(() => { this.#loggingIn = undefined; });
    return this.#loggingIn;
  }

  // A call with the token, and once more with a new one when Cx calls it invalid: nothing was done then.
  async #call(operation, members) {
    const token = this.#token;
    try {
      return await this.#ask(operation, members);
    } catch (fault) {
      if (!fault.root || !/invalid token/i.test(fault.message)) throw fault;
      if (this.#token === token) await this.logIn();
      return this.#ask(operation, members);
    }
  }

  async #ask(operation, members) {
    // node-soap names the namespace of an inherited member ns1, and forgets to declare it.
    const request = { attributes: { 'xmlns:ns1': BASE }, Token: this.#token, ...members };
    const [answer] = await this.#repairs[`${operation}Async`]({ request });
    return valid(answer[`${operation}Result`]);
  }

  async #newToken() {
    const request = { Password: settings.password, UserName: settings.username };
    const [answer] = await this.#security.GetUserWSTokenAsync({ request });
    this.#token = valid(answer.GetUserWSTokenResult).Token;
  }

  #keep(record) {
    this.orders.set(String(record.WorkOrderId), {
      number: record.WorkOrderId, uid: record.WorkOrderUid, code: String(record.RepairStatusCodeId),
    });
  }
}

// node-soap leaves an inherited member as text, so a yes is true here and 'true' there.
function valid(result) {
  if (String(result?.IsValid) !== 'true') throw new Refused(result?.InvalidReason ?? 'Cx gave no reason.');
  return result;
}

// A moment as the client's clock shows it, without an offset.
function localTime(at) {
  const fraction = at.getUTCMilliseconds();
  const text = clock.format(at).replace(' ', 'T');
  return fraction ? `${text}.${String(fraction).padStart(3, '0')}000` : text;
}
