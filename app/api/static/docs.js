// Starts Swagger UI on the page at /docs, and gives every execute an Idempotency-Key of its own.
"use strict";

const HEADER = "idempotency-key";

const isKey = (parameter) => parameter.in === "header" && parameter.name?.toLowerCase() === HEADER;

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

function freshKeys() {
  const issued = new Set(); // keys that came from here; whatever else stands in the field, a person put there

  function fill({ specActions, specSelectors }, pathMethod) {
    const operation = specSelectors.specResolvedSubtree(["paths", ...pathMethod]);
    const parameter = operation?.get("parameters")?.find((each) => isKey(each.toJS()));
    if (!parameter) return;
    const value = specSelectors.parameterWithMetaByIdentity(pathMethod, parameter).get("value");
    const keep = !document.getElementById("fresh-keys").checked;
    if (value && (keep || !issued.has(value))) return;
    const key = newKey();
    issued.add(key);
    specActions.changeParamByIdentity(pathMethod, parameter, key, false);
  }

  // Validation is an execute's first step: filled in here, a required key is there in time, and the field shows what was sent.
  return {
    statePlugins: {
      spec: {
        wrapActions: {
          updateJsonSpec: (original) => (spec) => original(withoutKeyExamples(spec)),
          validateParams: (original, system) => (pathMethod, ...rest) => {
            fill(system, pathMethod);
            return original(pathMethod, ...rest);
          },
        },
      },
    },
  };
}

const root = document.getElementById("swagger-ui");

SwaggerUIBundle({
  domNode: root,
  url: root.dataset.openapiUrl,
  oauth2RedirectUrl: new URL("docs/static/swagger-ui/oauth2-redirect.html", document.baseURI).href,
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [freshKeys],
  layout: "BaseLayout",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  persistAuthorization: false,
  tryItOutEnabled: true,
  validatorUrl: null,
});
