// Starts Swagger UI on the page at /docs: a new Idempotency-Key for every execute, ids filled in from earlier answers,
// and the possible errors of a call folded away.
"use strict";

const KEY_HEADER = "idempotency-key";
const ID = /"((op|hold|wh|msg)_[0-9A-Z]{26})"/g;

const isKey = (parameter) => parameter.in === "header" && parameter.name?.toLowerCase() === KEY_HEADER;

// randomUUID exists only on https and on localhost.
function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

// Swagger UI would put the contract's example into the field, and then send it as if a person had typed it.
function withoutKeyExamples(spec) {
  for (const operations of Object.values(spec.paths ?? {})) {
    for (const operation of Object.values(operations)) {
      for (const parameter of (operation?.parameters ?? []).filter(isKey)) {
        for (const place of [parameter, parameter.schema ?? {}]) {
          delete place.example;
          delete place.examples;
        }
      }
    }
  }
  return spec;
}

// Validation is an execute's first step: filled in there, a required value is in time, and the field shows what was sent.
function beforeEachExecute(fill) {
  return {
    statePlugins: {
      spec: {
        wrapActions: {
          validateParams: (original, system) => (pathMethod, ...rest) => {
            const operation = system.specSelectors.specResolvedSubtree(["paths", ...pathMethod]);
            for (const parameter of operation?.get("parameters") ?? []) {
              const value = system.specSelectors.parameterWithMetaByIdentity(pathMethod, parameter).get("value");
              const better = fill(parameter.toJS(), value);
              if (better !== value) system.specActions.changeParamByIdentity(pathMethod, parameter, better, false);
            }
            return original(pathMethod, ...rest);
          },
        },
      },
    },
  };
}

function freshKeys() {
  const issued = new Set(); // keys that came from here; whatever else stands in the field, a person put there

  return beforeEachExecute((parameter, value) => {
    if (!isKey(parameter)) return value;
    const keep = !document.getElementById("fresh-keys").checked;
    if (value && (keep || !issued.has(value))) return value;
    const key = newKey();
    issued.add(key);
    return key;
  });
}

// The example of an id is nobody's. Where this page has been answered an id of that kind, the last one takes its place.
const latest = new Map();

function remember(answer) {
  if (!new URL(answer.url, document.baseURI).pathname.includes("/v1/")) return answer;
  const found = [...(answer.text ?? "").matchAll(ID)].reverse(); // lists begin with the newest
  for (const [, id, kind] of found) latest.set(kind, id);
  return answer;
}

function known(parameter, value) {
  if (parameter.in !== "path" || value !== parameter.example) return value;
  return latest.get(String(value).split("_")[0]) ?? value;
}

function knownIds() {
  const plugin = beforeEachExecute(known);
  plugin.statePlugins.spec.wrapActions.changeParamByIdentity =
    (original) =>
    (pathMethod, parameter, value, ...rest) =>
      original(pathMethod, parameter, known(parameter.toJS(), value), ...rest);
  return plugin;
}

function contractAsWritten() {
  return { statePlugins: { spec: { wrapActions: { updateJsonSpec: (original) => (spec) => original(withoutKeyExamples(spec)) } } } };
}

// A call can fail in ten ways and more; each is one line until somebody opens it.
function foldedErrors() {
  return {
    wrapComponents: {
      response: (Response, { React }) => {
        const h = React.createElement;
        return function FoldedResponse(properties) {
          const { code, response } = properties;
          if (!/^[45]|^default$/.test(code)) return h(Response, properties);
          return h(
            "tr",
            { className: "folded" },
            h("td", { className: "response-col_status" }, code),
            h(
              "td",
              { colSpan: 2 },
              h(
                "details",
                null,
                h("summary", null, response.get("description")),
                h("table", null, h("tbody", null, h(Response, properties))),
              ),
            ),
          );
        };
      },
    },
  };
}

// Swagger UI has a dark scheme, and leaves it to the page when to use it.
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

const root = document.getElementById("swagger-ui");

SwaggerUIBundle({
  domNode: root,
  url: root.dataset.openapiUrl,
  oauth2RedirectUrl: new URL("docs/static/swagger-ui/oauth2-redirect.html", document.baseURI).href,
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [contractAsWritten, freshKeys, knownIds, foldedErrors],
  layout: "BaseLayout",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  persistAuthorization: false,
  requestInterceptor: (request) => Object.assign(request, { credentials: "omit" }), // else a 401 opens the browser's own log-in
  responseInterceptor: remember,
  tryItOutEnabled: true,
  validatorUrl: null,
});
