// Renders openapi.json. Text goes in as text only, never as markup.
"use strict";

const element = (name, options = {}, ...children) => {
  const made = document.createElement(name);
  if (options.class) made.className = options.class;
  made.append(...children.filter((child) => child !== undefined));
  return made;
};

const refName = (schema) => schema?.$ref?.split("/").pop();

const typeOf = (schema) => {
  if (!schema) return "";
  if (schema.$ref) return refName(schema);
  if (schema.type === "array") return `list of ${typeOf(schema.items)}`;
  if (schema.enum) return schema.enum.join(" | ");
  if (schema.additionalProperties) return `map to ${typeOf(schema.additionalProperties)}`;
  return schema.format ? `${schema.type} (${schema.format})` : schema.type ?? "anything";
};

// Fields of a schema, and below each those of the schema it refers to, to a small depth.
const fields = (api, schema, depth = 0) => {
  const resolved = schema?.$ref ? api.components.schemas[refName(schema)] : schema;
  if (!resolved?.properties || depth > 2) return undefined;
  const body = element("tbody");
  for (const [name, field] of Object.entries(resolved.properties)) {
    const inner = field.items ?? field;
    const nested = inner.$ref ? fields(api, inner, depth + 1) : undefined;
    body.append(
      element(
        "tr",
        {},
        element("td", {}, element("code", {}, name)),
        element("td", { class: "note" }, typeOf(field)),
        element("td", {}, field.description ?? "", nested ?? ""),
      ),
    );
  }
  return element("table", {}, body);
};

const parameters = (call) => {
  if (!call.parameters?.length) return undefined;
  const body = element("tbody");
  for (const parameter of call.parameters) {
    body.append(
      element(
        "tr",
        {},
        element("td", {}, element("code", {}, parameter.name)),
        element("td", { class: "note" }, `${parameter.in}, ${typeOf(parameter.schema)}`),
        element("td", {}, parameter.description ?? ""),
      ),
    );
  }
  return element("table", {}, body);
};

const section = (title, content) =>
  content ? element("div", {}, element("h4", {}, title), content) : undefined;

const render = (api, path, method, call) => {
  const details = element("details", {});
  details.append(
    element(
      "summary",
      {},
      element("span", { class: "method" }, method.toUpperCase()),
      element("span", { class: "path" }, path),
      element("span", { class: "note" }, ` ${call.summary ?? ""}`),
    ),
  );
  const fill = () => {
    if (details.childElementCount > 1) return;
    const request = call.requestBody?.content["application/json"]?.schema;
    const answer = call.responses?.["200"]?.content?.["application/json"]?.schema;
    details.append(
      element(
        "div",
        {},
        element("p", {}, call.description ?? ""),
        element("p", { class: "note" }, `rpc ${call.operationId}`),
        section("Parameters", parameters(call)),
        section("Body", fields(api, request)),
        section("Answer", fields(api, answer)),
        section("Errors", fields(api, call.responses?.default?.content["application/json"].schema)),
      ),
    );
  };
  details.addEventListener("toggle", fill);
  details.dataset.text = `${method} ${path} ${call.summary ?? ""}`.toLowerCase();
  return details;
};

const start = async () => {
  const calls = document.getElementById("calls");
  const answer = await fetch("openapi.json");
  const api = await answer.json();
  const groups = new Map();
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, call] of Object.entries(methods)) {
      const tag = call.tags?.[0] ?? "Other";
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(render(api, path, method, call));
    }
  }
  calls.replaceChildren();
  for (const tag of api.tags ?? []) {
    const made = groups.get(tag.name) ?? [];
    calls.append(
      element("section", {}, element("h2", {}, tag.name), element("p", {}, tag.description ?? ""), ...made),
    );
  }
  document.getElementById("filter").addEventListener("input", (event) => {
    const wanted = event.target.value.toLowerCase();
    for (const details of calls.querySelectorAll("details")) {
      details.hidden = !details.dataset.text.includes(wanted);
    }
  });
};

start().catch((error) => {
  document.getElementById("calls").textContent = `The description cannot be read: ${error}`;
});
